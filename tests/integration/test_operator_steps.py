"""What operators do, and the steps of calls that wait and talk, on a real PostgreSQL."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from centralino import migrate
from foundation.clock import SystemClock
from foundation.database import Database, DatabaseSettings
from ledger.model import OperatorState, Outcome, Stamp, StepKind
from ledger.occupancy import Spell
from ledger.report import Reports
from ledger.service import Ledger
from ledger.span import Span
from tests.clocks import HeldClock
from tests.postgres import Throwaway


@pytest.fixture
def ledger(database: Database, clock: HeldClock) -> Ledger:
    return Ledger(database, clock)


async def read(database: Database, since: datetime, until: datetime) -> dict[str, list[Spell]]:
    facts = await Reports(database).facts(Span(since, until), until)
    return {number: list(mine) for number, mine in facts.operators.items()}


async def test_what_an_operator_does_is_read_with_what_they_did_when_the_time_began(
    ledger: Ledger, database: Database, clock: HeldClock
) -> None:
    began = clock.now()
    await ledger.operator("201", OperatorState.IDLE)
    await ledger.operator("202", "paused")
    clock.move(minutes=5)
    await ledger.operator("201", "ringing")
    rung = clock.now()
    clock.move(minutes=5)
    await ledger.operator("201", OperatorState.TALKING)
    talks, now = clock.now(), clock.now() + timedelta(seconds=1)
    assert await read(database, began + timedelta(minutes=7), now) == {
        "201": [Spell(OperatorState.RINGING, Span(rung, talks)), Spell(OperatorState.TALKING, Span(talks, now))],
        "202": [Spell(OperatorState.PAUSED, Span(began, now))],
    }


async def test_why_an_operator_pauses_and_which_call_they_have_is_kept(ledger: Ledger) -> None:
    call_id = uuid4()
    await ledger.operator("201", OperatorState.TALKING, call_id=call_id)
    await ledger.operator("202", OperatorState.PAUSED, reason="lunch")
    first, second = await ledger.operators_now()
    assert (first.number, first.call_id, second.number, second.reason) == ("201", call_id, "202", "lunch")


async def test_an_operators_step_written_twice_is_written_once(
    ledger: Ledger, database: Database, clock: HeldClock
) -> None:
    stamp = Stamp(uuid4(), clock.now(), 1.0)
    for _ in range(2):
        await ledger.operator("201", OperatorState.IDLE, stamp)
    assert len((await read(database, clock.now(), clock.now() + timedelta(seconds=1)))["201"]) == 1


async def test_a_state_that_does_not_exist_is_a_clear_error_and_writes_nothing(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="asleep"):
        await ledger.operator("201", "asleep")
    assert await ledger.operators_now() == []


async def test_wrap_up_is_added_to_a_call_that_is_over(ledger: Ledger) -> None:
    call_id = uuid4()
    await ledger.arrived(call_id, None, None, "it")
    await ledger.step(call_id, StepKind.TALKED, operator="201", talk_s=60.0, hold_s=0.0)
    await ledger.ended(call_id, Outcome.ANSWERED)
    await ledger.step(call_id, StepKind.WRAPPED_UP, operator="201", wrap_up_s=15.0)
    call = await ledger.call(call_id)
    assert call is not None
    assert [step.kind for step in call.steps] == ["arrived", "talked", "ended", "wrapped_up"]
    assert call.outcome is Outcome.ANSWERED


async def test_steps_of_the_queue_go_down_and_come_up_to_be_written_again(postgres: Throwaway) -> None:
    with postgres.empty_database() as url:
        for _ in range(2):
            migrate.upgrade(url)
            database, call_id = Database(DatabaseSettings(url=url)), uuid4()
            ledger = Ledger(database, SystemClock())
            await ledger.arrived(call_id, None, None, "it")
            await ledger.step(call_id, StepKind.QUEUED, queue="main", language="it", via="menu", position=1)
            await ledger.step(call_id, StepKind.LEFT_QUEUE, why="message", waited_s=1.0)
            await ledger.operator("201", OperatorState.UNREACHABLE)
            await database.close()
            migrate.downgrade(url, "0010")
            engine = create_engine(url, poolclass=NullPool)
            with engine.connect() as connection:
                kinds = connection.execute(text("SELECT kind FROM call_step WHERE call_id = :id"), {"id": call_id})
                assert set(kinds.scalars()) == {"arrived", "queued"}
