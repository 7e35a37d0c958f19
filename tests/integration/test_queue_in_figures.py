"""What the queue writes of a morning is what the figures tell of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from foundation.database import Database
from foundation.journal import Journal
from foundation.outbox import Outbox
from ledger.figures import figures, operator_figures
from ledger.model import Outcome, StepKind
from ledger.report import Reports
from ledger.service import Ledger
from ledger.span import Span
from queue_manager.diary import Arrival, Diary
from queue_manager.model import Place, SeatState, Why
from queue_manager.records import Records
from tests.clocks import HeldClock


@pytest.fixture
async def outbox(database: Database, clock: HeldClock, tmp_path: Path) -> AsyncIterator[Outbox]:
    outbox = Outbox(Journal(tmp_path), Journal(tmp_path / "refused"), Records(Ledger(database, clock)).apply)
    running = asyncio.create_task(outbox.run())
    yield outbox
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


def arrival() -> Arrival:
    return Arrival("channel", uuid4(), "+390612345678", "800840840", "it")


async def joins(diary: Diary, clock: HeldClock) -> Arrival:
    came, now = arrival(), clock.monotonic()
    await diary.joined(came, Place(came.call_id, "it", now, now), 1, "menu")
    return came


async def test_what_the_queue_writes_is_what_the_figures_tell(
    outbox: Outbox, database: Database, clock: HeldClock
) -> None:
    diary, began = Diary(outbox, clock), clock.now()
    diary.operator("201", SeatState.IDLE, "", None)
    served = await joins(diary, clock)
    diary.step(served.call_id, StepKind.OFFERED, operator="202", leg="a")
    clock.move(seconds=10)
    diary.step(served.call_id, StepKind.NOT_ANSWERED, operator="202", why="timeout", rang_s=10.0)
    diary.step(served.call_id, StepKind.OFFERED, operator="201", leg="b")
    diary.operator("201", SeatState.RINGING, "", served.call_id)
    clock.move(seconds=5)
    diary.step(served.call_id, StepKind.ANSWERED, operator="201", rang_s=5.0)
    diary.step(served.call_id, StepKind.BRIDGED, operator="201", waited_s=15.0)
    diary.operator("201", SeatState.TALKING, "", served.call_id)
    clock.move(seconds=60)
    diary.step(served.call_id, StepKind.TALKED, operator="201", talk_s=60.0, hold_s=0.0)
    diary.ended(served.call_id, Outcome.ANSWERED)
    diary.operator("201", SeatState.WRAP_UP, "", served.call_id)
    clock.move(seconds=15)
    diary.afterwards(served.call_id, StepKind.WRAPPED_UP, operator="201", wrap_up_s=15.0)
    diary.operator("201", SeatState.IDLE, "", None)
    impatient, by_choice = await joins(diary, clock), await joins(diary, clock)
    clock.move(seconds=30)
    diary.step(impatient.call_id, StepKind.ABANDONED, waited_s=30.0, position=1)
    diary.ended(impatient.call_id, Outcome.ABANDONED)
    diary.step(by_choice.call_id, StepKind.LEFT_QUEUE, why=Why.MESSAGE.value, waited_s=30.0)
    diary.given_back(by_choice.call_id)
    diary.refused(arrival(), Why.FULL)
    await joins(diary, clock)
    clock.move(seconds=10)
    assert await outbox.drained(10)

    span = Span(began, clock.now() + timedelta(seconds=1))
    facts = await Reports(database).facts(span, clock.now())
    seen = figures(facts, span)
    assert (seen.offered, seen.answered, seen.abandoned, seen.chose_message, seen.waiting) == (4, 1, 1, 1, 1)
    # One in time; who waits for 10 s decides nothing yet, who left for the mailbox after 30 s does.
    assert seen.service_level == pytest.approx(1 / 3)
    assert (seen.answer_speed_s, seen.longest_wait_s, seen.handling_s, seen.saturated) == (15, 30, 75, 1)
    # 75 s of 130: idle 10 s, rung 5 s, and idle 40 s in the end.
    assert seen.occupancy == pytest.approx(75 / 130)
    first, second = operator_figures(facts, span)
    assert (first.number, first.talk_s, first.wrap_up_s, second.number, second.missed) == ("201", 60, 15, "202", 1)
