"""Figures read out of a real PostgreSQL are those of the calls that were written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.dialects import postgresql

from foundation.database import Database
from ledger.figures import Facts, figures, operator_figures
from ledger.model import OperatorState, Outcome, Stamp, StepKind
from ledger.report import Reports, TooLong, asked_within
from ledger.service import Ledger
from ledger.span import Span
from tests.clocks import HeldClock
from tests.unit.test_queue_figures import DAY, OPERATORS, SIX, the_calls
from tests.waiting import a_call, answered_call, ended, left, queued, write

EVENING = SIX + timedelta(hours=1)


@pytest.fixture
def ledger(database: Database, clock: HeldClock) -> Ledger:
    return Ledger(database, clock)


async def write_the_day(ledger: Ledger) -> None:
    for call in the_calls():
        await write(ledger, call)
    for step in OPERATORS:
        await ledger.operator(step.number, step.state, Stamp(uuid4(), step.at, step.mono), step.reason, step.call_id)


@pytest.mark.parametrize("now", [SIX, EVENING], ids=["live at six", "in the evening"])
async def test_the_day_computed_by_hand_is_the_same_out_of_the_rows(
    ledger: Ledger, database: Database, now: datetime
) -> None:
    await write_the_day(ledger)
    read, known = await Reports(database).facts(DAY, now), Facts.of(the_calls(), OPERATORS, now)
    assert figures(read, DAY) == figures(known, DAY)
    assert operator_figures(read, DAY) == operator_figures(known, DAY)
    hour = DAY.hours()[1]
    # 202 has been idle since before the day, and 201 pauses since the hour began.
    assert figures(await Reports(database).facts(hour, now), hour) == figures(known, hour)


async def test_a_call_is_read_in_the_day_in_which_it_entered_the_line_and_once_only(
    ledger: Ledger, database: Database
) -> None:
    midnight, day = datetime(2026, 10, 6, tzinfo=UTC), timedelta(days=1)
    call = a_call(
        midnight - timedelta(seconds=10), queued(), left(5, "no_operator", 5), queued(15), ended(30), outcome=Outcome.ABANDONED
    )  # fmt: skip
    await write(ledger, call)

    async def read(since: datetime, until: datetime) -> list[tuple[UUID, float]]:
        facts = await Reports(database).facts(Span(since, until), midnight + day)
        return [(way.call_id, way.waited_s) for way in facts.journeys]

    assert await read(midnight - day, midnight) == [(call.call_id, 20)]
    assert await read(midnight - day, midnight + day) == [(call.call_id, 20)]
    assert await read(midnight, midnight + day) == []


async def test_exercises_are_read_by_no_report(ledger: Ledger, database: Database) -> None:
    await write(ledger, answered_call(DAY.since, "201", 5, 60, 5, simulated=True))
    facts = await Reports(database).facts(DAY, EVENING)
    assert (facts.journeys, facts.arrivals) == ((), ())


async def test_a_stretch_of_years_is_refused(database: Database) -> None:
    with pytest.raises(TooLong, match="500 days are too long"):
        await Reports(database).facts(Span(SIX, SIX + timedelta(days=500)), SIX)


async def test_a_day_among_many_is_found_without_reading_every_step(ledger: Ledger, database: Database) -> None:
    await write_the_day(ledger)
    async with database.session() as session:
        call_id = (await session.execute(text("SELECT call_id FROM call LIMIT 1"))).scalar_one()
        await session.execute(
            text(
                "INSERT INTO call_step (id, call_id, seq, at, mono, kind, detail) SELECT gen_random_uuid(), :call, 100 + n,"
                " timestamptz '2020-01-01' + n * interval '1 minute', 0, CASE WHEN n % 10 = 0 THEN 'queued' ELSE 'prompt' END, '{}'"
                " FROM generate_series(1, 50000) AS n"
            ),
            {"call": call_id},
        )
        await session.execute(text("ANALYZE call_step"))
        query = asked_within(DAY).compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})
        plan = await session.execute(text(f"EXPLAIN {query}"))
        assert "call_step_of_queue" in "\n".join(plan.scalars())


async def test_every_kind_that_says_something_of_a_way_is_read(ledger: Ledger, database: Database) -> None:
    call = answered_call(DAY.since, "201", 5, 60, 5)
    await write(ledger, call)
    await ledger.step(
        call.call_id, StepKind.NOT_ANSWERED, Stamp(uuid4(), DAY.since, 0.0), operator="202", why="refused", rang_s=2.0
    )
    await ledger.operator("201", OperatorState.IDLE, Stamp(uuid4(), DAY.since, 0.0))
    first, second = operator_figures(await Reports(database).facts(DAY, EVENING), DAY)
    assert (first.handled, first.wrap_up_s, second.number, second.missed) == (1, 5, "202", 1)
