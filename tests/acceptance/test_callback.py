"""Callbacks on real calls: a caller keeps the place, hangs up, and is called through the trunk when it is their turn."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from ledger.model import Call, Outcome, StepKind
from queue_manager.model import Duty
from queue_manager.settings import QueueSettings
from tests.acceptance.line import ServiceLine, a_line
from tests.places import first_port
from tests.polling import until

OPERATOR = "201"
ASKS = ("hear-start it/welcome", "press 1", "hear-start it/position-1")
KEEPS = ("press 2", "hear it/callback-number", "press 1", "hear it/callback-confirmed")
OPERATOR_SAYS = "it/other-channels"
BUSY = "+393331999980"
PLACE = 2


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def _line() -> AsyncIterator[ServiceLine]:
    queue = QueueSettings(ring_s=8, wrap_up_s=0, nobody_s=600, callback_attempts=2, callback_interval_s=3)
    carrier = f"sip:127.0.0.1:{first_port(PLACE) + 160}"  # the robot phones
    async with a_line(PLACE, (OPERATOR,), queue=queue, trunk_contact=carrier) as line:
        await line.opened()
        yield line


@pytest_asyncio.fixture(loop_scope="session")
async def line(_line: ServiceLine) -> AsyncIterator[ServiceLine]:
    """Open, with an operator who is free."""
    await _line.records.duties.set(OPERATOR, Duty.ON)
    await until(lambda: does(_line, "idle"), 30, "an operator who is free")
    yield _line


async def does(line: ServiceLine, state: str) -> bool:
    return state in [step.state.value for step in await line.records.ledger.operators_now() if step.number == OPERATOR]


async def page(line: ServiceLine, number: str) -> Call:
    """The last call's page, as far as it is written."""
    [call, *_] = [call for call in await line.records.ledger.recent(50) if call.caller == number]
    found = await line.records.ledger.call(call.call_id)
    assert found is not None
    return found


def kinds(page: Call) -> list[StepKind]:
    return [step.kind for step in page.steps]


async def keeps_place(line: ServiceLine, number: str) -> bool:
    calls = [call for call in await line.records.ledger.recent(50) if call.caller == number]
    return bool(calls) and StepKind.LEFT_QUEUE in kinds(await page(line, number))


async def somebody_talks(line: ServiceLine) -> asyncio.Task[object]:
    """A caller who holds the operator until they are cancelled away by their own hang-up."""
    talk = asyncio.create_task(
        line.call("hear-start it/welcome", "press 1", f"hear {OPERATOR_SAYS}", "wait 25", "hang up")
    )
    await until(lambda: does(line, "talking"), 30, "a talk")
    return talk


@pytest.mark.parametrize("fault", [None, signal.SIGKILL], ids=["undisturbed", "queue killed"])
@pytest.mark.promise(
    "whoever asked for a callback is called in their turn, before those who came later, though `queue` dies"
)
async def test_who_asked_for_a_callback_is_called_in_their_turn(
    line: ServiceLine, fault: signal.Signals | None
) -> None:
    talk, first = await somebody_talks(line), line.a_number()
    await line.call(*ASKS, *KEEPS, "stay", caller=first)
    await until(lambda: keeps_place(line, first), 20, "the place kept")
    later = line.a_number()
    waits = asyncio.create_task(
        line.call("hear-start it/welcome", "press 1", "hear it/position-2", "wait 60", caller=later)
    )
    if fault:
        queue = line.platform.supervisor.running["queue"]
        before = queue.restarts
        os.killpg(queue.pid, fault)
        await until(lambda: queue.restarts > before, 30, "the queue started again")
    await talk
    called = await line.page_of_number(first)
    waits.cancel()
    assert called.outcome is Outcome.ANSWERED
    wanted = [
        StepKind.CALLBACK_ASKED, StepKind.LEFT_QUEUE, StepKind.QUEUED, StepKind.OFFERED, StepKind.ANSWERED, StepKind.BRIDGED,
        StepKind.TALKED, StepKind.ENDED,
    ]  # fmt: skip
    assert [kind for kind in kinds(called) if kind in wanted] == [StepKind.QUEUED, *wanted]
    [bridged] = [step.at for step in called.steps if step.kind is StepKind.BRIDGED]
    offered = [step.at for step in (await page(line, later)).steps if step.kind is StepKind.OFFERED]
    assert all(at > bridged for at in offered)


async def test_a_citizen_who_is_busy_is_called_again_and_then_stands_on_the_list(line: ServiceLine) -> None:
    talk = await somebody_talks(line)
    await line.call(*ASKS, *KEEPS, "stay", caller=BUSY)
    await talk
    called = await line.page_of_number(BUSY)
    assert called.outcome is Outcome.MISSED
    tried = [dict(step.detail) for step in called.steps if step.kind is StepKind.NOT_REACHED]
    assert tried == [{"operator": OPERATOR, "why": "busy", "attempt": n} for n in (1, 2)]
    assert called.call_id in [call.call_id for call in await line.records.ledger.callback_list()]
    await until(lambda: does(line, "idle"), 10, "the operator free again")


async def test_a_withheld_number_is_keyed_in(line: ServiceLine) -> None:
    talk, number = await somebody_talks(line), "3331777777"
    await line.call(
        *ASKS, "press 2", "hear-start it/callback-type-number", "press 112#", "hear it/callback-not-possible",
        f"press {number}#", "hear it/callback-number", "press 1", "hear it/callback-confirmed", "stay",
        caller="anonymous",
    )  # fmt: skip
    await talk
    called = await line.page_of_number(f"+39{number}")
    assert called.outcome is Outcome.ANSWERED
