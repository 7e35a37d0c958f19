"""Calls that waited for an operator, as tables in tests write them: each step with the second at which it was made."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4, uuid5

from ledger.model import Call, OperatorState, OperatorStep, Outcome, Stamp, Step, StepKind
from ledger.service import Ledger

Made = tuple[float, StepKind, dict[str, Any]]


def a_call(
    began: datetime,
    *made: Made,
    caller: str | None = None,
    simulated: bool = False,
    outcome: Outcome = Outcome.ANSWERED,
    language: str = "it",
) -> Call:
    """A call whose steps were made so many seconds after it began; the one that is `ended` ends it."""
    steps = tuple(
        Step(seq, began + timedelta(seconds=after), after, kind, detail)
        for seq, (after, kind, detail) in enumerate(made, start=1)
    )
    ended = next((step.at for step in steps if step.kind is StepKind.ENDED), None)
    return Call(
        uuid4(), caller, "800840840", language, began, ended, outcome if ended else None, simulated, steps
    )  # fmt: skip


def queued(after: float = 0, via: str = "menu", queue: str = "main") -> Made:
    """Into the line."""
    return after, StepKind.QUEUED, {"queue": queue, "language": "it", "via": via, "position": 1}


def bridged(after: float, operator: str, waited_s: float) -> Made:
    """A person answers."""
    return after, StepKind.BRIDGED, {"operator": operator, "waited_s": waited_s}


def missed(after: float, operator: str) -> Made:
    """An operator is rung in vain."""
    return after, StepKind.NOT_ANSWERED, {"operator": operator, "why": "timeout", "rang_s": 10.0}


def talked(after: float, operator: str, talk_s: float, hold_s: float = 0.0) -> Made:
    """The talk is over."""
    return after, StepKind.TALKED, {"operator": operator, "talk_s": talk_s, "hold_s": hold_s}


def wrapped_up(after: float, operator: str, wrap_up_s: float) -> Made:
    """So is the work after it."""
    return after, StepKind.WRAPPED_UP, {"operator": operator, "wrap_up_s": wrap_up_s}


def abandoned(after: float, waited_s: float) -> Made:
    """The caller hangs up."""
    return after, StepKind.ABANDONED, {"waited_s": waited_s, "position": 1}


def left(after: float, why: str, waited_s: float) -> Made:
    """Out of the line by choice, or because we say so."""
    return after, StepKind.LEFT_QUEUE, {"why": why, "waited_s": waited_s}


def ended(after: float) -> Made:
    """The call is over."""
    return after, StepKind.ENDED, {}


def answered_call(
    began: datetime, operator: str, waited_s: float, talk_s: float, wrap_up_s: float, hold_s: float = 0.0, **of: Any
) -> Call:
    """The ordinary one: queued, bridged, talked, wrapped up."""
    over = waited_s + talk_s + hold_s
    return a_call(
        began, queued(), bridged(waited_s, operator, waited_s), talked(over, operator, talk_s, hold_s), ended(over),
        wrapped_up(over + wrap_up_s, operator, wrap_up_s), **of,
    )  # fmt: skip


def did(number: str, state: OperatorState, at: datetime) -> OperatorStep:
    """From then on the operator is in this state."""
    return OperatorStep(number, state, at, at.timestamp())


async def write(ledger: Ledger, call: Call) -> None:
    """Write a call step by step, as the processes do."""
    arrived = Stamp(uuid5(call.call_id, "arrived"), call.started_at, 0.0)
    await ledger.arrived(call.call_id, call.caller, call.dialled, call.language, call.simulated, arrived)
    for step in call.steps:
        stamp = Stamp(uuid5(call.call_id, str(step.seq)), step.at, step.mono)
        if step.kind is StepKind.ENDED:
            assert call.outcome is not None
            await ledger.ended(call.call_id, call.outcome, stamp)
        else:
            await ledger.step(call.call_id, step.kind, stamp, **step.detail)
