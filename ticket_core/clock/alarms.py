"""`Alarms`: which practices a person must look at, for the panel and the metrics; and the duty that raises them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from uuid import UUID

from sqlalchemy import and_, exists, func, literal, or_, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.elements import ColumnElement

from foundation.database import Database
from ticket_core.clock.model import Alarm, AlarmKind, DueCounts, Tally, Warnings
from ticket_core.clock.paging import Pages
from ticket_core.clock.rules import term_alarm
from ticket_core.clock.store import AlarmRow
from ticket_core.model import Channel, PracticeClass, PracticeState
from ticket_core.store import PracticeRow
from ticket_core.terms import Counting, term_days

_K = AlarmKind


@dataclass(frozen=True)
class _Due:
    practice_id: UUID
    due_on: date
    channel: Channel
    practice_class: PracticeClass | None


class Alarms:
    """Alarms are rows that are only added: one stands as long as its practice's last day is the one that it was raised for."""

    def __init__(self, database: Database, counting: Counting, warnings: Warnings) -> None:
        self._database = database
        self._counting = counting
        self._warnings = warnings

    async def raise_terms(self, now: datetime, pages: Pages) -> Tally:
        """Raise what the terms ask for at this instant. Again: nothing. After a standstill: what is true now, not what was missed."""

        async def step(one: _Due) -> bool:
            days = term_days(one.channel, one.practice_class)
            kind = term_alarm(one.due_on, days, now, self._warnings, self._counting)
            return kind is not None and await self.raise_one(one.practice_id, kind, one.due_on, now)

        return await pages.through("raise_alarms", partial(self._without_alarm, self._counting.day(now)), step)

    async def raise_one(self, practice_id: UUID, kind: AlarmKind, day: date, now: datetime) -> bool:
        """Raise one alarm; False when it was raised before."""
        values = {"practice_id": practice_id, "kind": kind, "day": day, "raised_at": now}
        query = insert(AlarmRow).values(values).on_conflict_do_nothing().returning(AlarmRow.practice_id)
        async with self._database.session() as session:
            return (await session.execute(query)).scalar_one_or_none() is not None

    async def standing(self, now: datetime, limit: int) -> list[Alarm]:
        """The alarms that are true now, those raised last first."""
        of_term = (PracticeRow.due_on == AlarmRow.day) & _is_true(self._counting.day(now))
        waits = (AlarmRow.kind == _K.DOCUMENTS_CAME) & (PracticeRow.state == PracticeState.AWAITING_DOCUMENTS)
        query = (
            select(AlarmRow)
            .join(PracticeRow, PracticeRow.id == AlarmRow.practice_id)
            .where(or_(of_term, waits & (PracticeRow.state_since < AlarmRow.raised_at)))
            .order_by(AlarmRow.raised_at.desc(), AlarmRow.practice_id, AlarmRow.kind)
            .limit(limit)
        )
        async with self._database.session() as session:
            return [row.value() for row in (await session.execute(query)).scalars()]

    async def counts(self, now: datetime) -> DueCounts:
        """How many practices are due today, and overdue."""
        today = self._counting.day(now)
        query = select(
            func.count().filter(PracticeRow.due_on == today), func.count().filter(PracticeRow.due_on < today)
        ).where(PracticeRow.due_on <= today, ~PracticeRow.exercise)
        async with self._database.session() as session:
            return DueCounts(*(await session.execute(query)).one())

    async def _without_alarm(self, today: date, last: _Due | None, size: int) -> Sequence[_Due]:
        due = PracticeRow.due_on
        query = (
            select(PracticeRow.id, due, PracticeRow.channel, PracticeRow.practice_class)
            .where(due <= today + timedelta(days=self._warnings.warn_days), ~_raised(today))
            .order_by(due, PracticeRow.id)
            .limit(size)
        )
        if last is not None:
            query = query.where(tuple_(due, PracticeRow.id) > tuple_(literal(last.due_on), literal(last.practice_id)))
        async with self._database.session() as session:
            rows = (await session.execute(query)).all()
        return [_Due(row.id, row.due_on, row.channel, row.practice_class) for row in rows]


def _raised(today: date) -> ColumnElement[bool]:
    """Whether the alarm that is true on this day was raised for the practice's last day."""
    return exists().where(AlarmRow.practice_id == PracticeRow.id, AlarmRow.day == PracticeRow.due_on, _is_true(today))


def _is_true(today: date) -> ColumnElement[bool]:
    """Whether an alarm says of its practice's last day what is so on this day."""
    due, kind = PracticeRow.due_on, AlarmRow.kind
    return or_(
        and_(due < today, kind == _K.OVERDUE),
        and_(due == today, kind.in_((_K.DUE_TODAY, _K.SAME_DAY))),
        and_(due > today, kind == _K.DUE_SOON),
    )
