"""What holds of every practice at every moment, read from the tables themselves."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

from sqlalchemy import select, text

from foundation.database import Database
from tests.practices import COUNTING
from ticket_core import chain
from ticket_core.model import ClockState, Practice, PracticeState, Reading
from ticket_core.states import CLOCK, PRACTICE_STEPS
from ticket_core.store import PracticeRow
from ticket_core.terms import read_clock, term_days

EVERYTHING = text("""
    SELECT json_build_object(
        'practice', (SELECT json_agg(to_jsonb(p) - 'search' ORDER BY p.id) FROM practice p WHERE p.id = ANY(:ids)),
        'history', (SELECT json_agg(to_jsonb(h) ORDER BY h.id) FROM practice_history h WHERE h.practice_id = ANY(:ids)),
        'clock', (SELECT json_agg(to_jsonb(c) ORDER BY c.id) FROM practice_clock c WHERE c.practice_id = ANY(:ids)),
        'letters', (SELECT json_agg(to_jsonb(o) ORDER BY o.key) FROM outgoing o WHERE o.practice_id = ANY(:ids)),
        'contacts', (SELECT json_agg(to_jsonb(k) ORDER BY k.id) FROM practice_contact k WHERE k.practice_id = ANY(:ids)),
        'messages', (SELECT json_agg(to_jsonb(m) - 'search' ORDER BY m.id) FROM message m
                     WHERE m.practice_id = ANY(:ids) OR m.id = ANY(:messages)),
        'codes', (SELECT count(*) FROM practice_code), 'erased', (SELECT count(*) FROM erased_code))::text
""")


async def tables(database: Database, ids: Sequence[UUID], messages: Sequence[UUID] = ()) -> dict[str, Any]:
    """Every row about these practices and messages."""
    async with database.session() as session:
        found = await session.execute(EVERYTHING, {"ids": list(ids), "messages": list(messages)})
        rows: dict[str, Any] = json.loads(found.scalar_one())
        return rows


@dataclass
class Told:
    """What the machine itself knows of a practice: a book of its own, kept by other means than the code's."""

    state: PracticeState
    email: bool
    changes: list[tuple[datetime, ClockState]]
    operator: str | None = None
    merged_into: UUID | None = None
    erased: bool = False
    in_event: bool = False
    counts_from: datetime = field(kw_only=True)

    def moved(self, to: PracticeState, at: datetime) -> None:
        """It went to another state: after a stop the clock starts from zero."""
        if CLOCK[to] is not ClockState.STOPPED and self.changes[-1][1] is ClockState.STOPPED:
            self.changes = []
        self.changes.append((at, CLOCK[to]))
        self.state = to

    def days(self, now: datetime) -> dict[ClockState, int]:
        """Days in each state of the clock since it last started from zero."""
        days = dict.fromkeys(ClockState, 0)
        for (starts, state), (ends, _) in pairwise([*self.changes, (now, ClockState.STOPPED)]):
            days[state] += (COUNTING.day(ends) - COUNTING.day(starts)).days
        return days


async def check(database: Database, book: Mapping[UUID, Told], now: datetime) -> None:
    """Assert that each practice of the book is legal in itself, and where the book says that it is."""
    async with database.session() as session:
        rows = (await session.execute(select(PracticeRow).where(PracticeRow.id.in_(book)))).scalars().all()
        for row in rows:
            _check_alone(row)
            _check(row.value(), book[row.id], now)
    assert len(rows) == len(book)


async def check_alone(database: Database, ids: Sequence[UUID]) -> None:
    """Assert that each practice is legal in itself."""
    async with database.session() as session:
        rows = (await session.execute(select(PracticeRow).where(PracticeRow.id.in_(ids)))).scalars().all()
        for row in rows:
            _check_alone(row)


def _check(practice: Practice, told: Told, now: datetime) -> None:
    assert (practice.state, practice.operator, practice.merged_into) == (told.state, told.operator, told.merged_into)
    assert (practice.closure is None) == (practice.state is not PracticeState.CLOSED)
    assert (practice.code == "") == (practice.erased_at is not None) == told.erased
    if told.erased:
        assert (practice.subject, practice.text, practice.requester.name, practice.requester.email) == (
            "",
            "",
            None,
            None,
        )
    assert practice.counts_from == told.counts_from
    reading = read_clock(practice.clock, now, COUNTING)
    assert reading is not None
    _check_reading(practice, reading, told.days(now))


def _check_alone(row: PracticeRow) -> None:
    links = [entry.link() for entry in row.history]
    assert chain.find_fault(row.id, links, row.history_length, row.history_head, row.erased_at is not None) is None
    _check_steps(row.value())
    _check_clock(row.value())


def _check_steps(practice: Practice) -> None:
    """Its history walks through the table of states, from the first to where it is now."""
    steps = [entry.what.split(" -> ") for entry in practice.history if " -> " in entry.what]
    walked = [step for step in steps if step[0] in set(PracticeState)]
    at = PRACTICE_STEPS.first
    for before, after in walked:
        assert before == at
        PRACTICE_STEPS.check(at, PracticeState(after))
        at = PracticeState(after)
    assert at is practice.state


def _check_clock(practice: Practice) -> None:
    """Its intervals follow on each other without gap or overlap, one is open, and that one says when it is due."""
    clock = practice.clock
    assert clock[0].starts == practice.counts_from
    for before, after in pairwise(clock):
        assert before.ends == after.starts
        assert before.starts <= before.ends
    assert [one.ends for one in clock].count(None) == 1
    last = clock[-1]
    assert last.ends is None
    assert last.state is CLOCK[practice.state]
    assert last.term_days == term_days(practice.channel, practice.practice_class)
    assert practice.due_on == last.due_on
    for one in clock:
        assert (one.due_on is not None) == (one.state is ClockState.RUNS)


def _check_reading(practice: Practice, reading: Reading, days: dict[ClockState, int]) -> None:
    """Elapsed, suspended and remaining add up, to what the book of the machine says."""
    assert reading.elapsed == days[ClockState.RUNS]
    assert reading.suspended_administration == days[ClockState.SUSPENDED_ADMINISTRATION]
    assert reading.suspended_documents == days[ClockState.SUSPENDED_DOCUMENTS]
    assert reading.elapsed + reading.remaining == term_days(practice.channel, practice.practice_class)
