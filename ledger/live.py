"""The queue at this moment, out of the facts of which the day's figures are computed. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from ledger.estimate import EstimatedWait, estimated_wait
from ledger.figures import Facts
from ledger.journey import Fate
from ledger.model import OperatorState
from ledger.occupancy import Spell

RECENT = timedelta(hours=1)
ACTIVE = frozenset({OperatorState.IDLE, OperatorState.RINGING, OperatorState.TALKING, OperatorState.WRAP_UP})


@dataclass(frozen=True)
class Live:
    """Who waits, how long the first of them has, what each operator does and since when, and what somebody who joined now would be told."""

    waiting: int
    longest_wait_s: float | None
    operators: Mapping[str, Spell]
    estimate: EstimatedWait | None


def live(facts: Facts) -> Live:
    """The queue at the instant of `facts`, which must reach back to the beginning of whatever still goes on, and an hour at least."""
    waits = [way.waited_s for way in facts.journeys if way.fate is Fate.WAITING]
    recent = [
        sum(one.total_s for one in way.handled.values())
        for way in facts.journeys
        if way.handled_at is not None and way.handled_at > facts.now - RECENT
    ]
    operators = {number: spells[-1] for number, spells in facts.operators.items()}
    active = sum(spell.state in ACTIVE for spell in operators.values())
    return Live(len(waits), max(waits, default=None), operators, estimated_wait(recent, active, len(waits) + 1))
