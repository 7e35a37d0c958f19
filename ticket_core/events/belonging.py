"""What belongs to an event: its calls, its practices, and how many come in an hour. The database counts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import DateTime, Uuid, column, delete, func, select, table
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import ColumnElement

from foundation.clock import Clock
from foundation.database import Database
from ticket_core.events.model import Event, EventCall, Trend
from ticket_core.events.names import one_line
from ticket_core.events.rules import check_open, suggested
from ticket_core.events.store import EventCallRow, EventRow, EventStepRow
from ticket_core.events.trends import Counted, trend

ROME = ZoneInfo("Europe/Rome")
CHUNK = 5_000

# Practices are the business of the modules above: what is asked of their table here is this.
PRACTICE = table("practice", column("id", Uuid), column("event_id", Uuid), column("opened_at", DateTime(timezone=True)))


class UnknownEvent(Exception):
    """No event has this id: the list of events shows those there are."""


class Belonging:
    """A call belongs to one event at most, and so does a practice, whose own record says which."""

    def __init__(self, database: Database, clock: Clock, zone: tzinfo = ROME) -> None:
        self._database = database
        self._clock = clock
        self._zone = zone

    async def suggest(self, at: datetime, municipality: str | None = None) -> list[Event]:
        """The open events that a request of this instant and municipality may belong to, likeliest first; a person decides."""
        query = select(EventRow).where(EventRow.closed_at.is_(None), EventRow.starts <= at)
        async with self._database.session() as session:
            return suggested([row.value() for row in (await session.execute(query)).scalars()], at, municipality)

    # -- calls

    async def group_calls(self, event_id: UUID, calls: Mapping[UUID, datetime], author: str) -> int:
        """Put calls (by id, with the instant each came at) into an open event; returns how many were not there.

        A call of another event moves, and that event's history says so. Raises `UnknownEvent`, `IllegalEvent` for a closed one.
        """
        rows = [
            {"call_id": call_id, "event_id": event_id, "at": at, "author": author}
            for call_id, at in sorted(calls.items())
        ]
        changed = 0
        async with self._database.session() as session:
            event = await locked(session, event_id, share=True)
            check_open(event.value())
            for start in range(0, len(rows), CHUNK):
                chunk = rows[start : start + CHUNK]
                await self._note_moves(session, event, [row["call_id"] for row in chunk], author)
                query = insert(EventCallRow).values(chunk)
                elsewhere = EventCallRow.event_id != query.excluded.event_id
                taken = {"event_id": query.excluded.event_id, "author": query.excluded.author}
                query = query.on_conflict_do_update(index_elements=["call_id"], set_=taken, where=elsewhere)
                changed += len((await session.execute(query.returning(EventCallRow.call_id))).all())
        return changed

    async def _note_moves(self, session: AsyncSession, to: EventRow, calls: list[Any], author: str) -> None:
        moving = EventCallRow.call_id.in_(calls) & (EventCallRow.event_id != to.id)
        query = select(EventCallRow.event_id, func.count()).where(moving).group_by(EventCallRow.event_id)
        for former, count in (await session.execute(query)).all():
            note(session, former, self._clock.now(), author, "calls_moved", f"{count} to '{to.name}'")

    async def ungroup_call(self, call_id: UUID, author: str, reason: str) -> bool:
        """Take a call out of its event; tells whether it was in one."""
        query = delete(EventCallRow).where(EventCallRow.call_id == call_id).returning(EventCallRow.event_id)
        async with self._database.session() as session:
            event_id = (await session.execute(query)).scalar_one_or_none()
            if event_id is None:
                return False
            note(session, event_id, self._clock.now(), author, "call_ungrouped", f"{call_id}: {one_line(reason)}")
            return True

    async def event_of_call(self, call_id: UUID) -> Event | None:
        """The event a call belongs to, or None."""
        query = select(EventRow).join(EventCallRow, EventCallRow.event_id == EventRow.id)
        async with self._database.session() as session:
            row = (await session.execute(query.where(EventCallRow.call_id == call_id))).scalar_one_or_none()
            return row.value() if row else None

    async def calls_of(self, event_id: UUID, limit: int) -> list[EventCall]:
        """The calls of an event that came last, newest first."""
        query = select(EventCallRow).where(EventCallRow.event_id == event_id)
        query = query.order_by(EventCallRow.at.desc(), EventCallRow.call_id).limit(limit)
        async with self._database.session() as session:
            return [row.value() for row in (await session.execute(query)).scalars()]

    # -- practices

    async def practices_of(self, event_id: UUID, after: UUID | None, limit: int) -> list[UUID]:
        """Ids of an event's practices in their own order, those that follow `after`: a page at a time, none twice, none left out.

        One that comes into the event while the pages are read may lie before `after`: who must reach all reads again from None.
        """
        query = select(PRACTICE.c.id).where(PRACTICE.c.event_id == event_id).order_by(PRACTICE.c.id).limit(limit)
        if after is not None:
            query = query.where(PRACTICE.c.id > after)
        async with self._database.session() as session:
            return list((await session.execute(query)).scalars())

    # -- how it goes

    async def trend(self, event_id: UUID) -> Trend:
        """Calls and practices of each hour from the event's start, to now or to its closing. Raises `UnknownEvent`."""
        async with self._database.session() as session:
            event = await session.get(EventRow, event_id)
            if event is None:
                raise unknown(event_id)
            calls = await _per_hour(session, EventCallRow.at, EventCallRow.event_id == event_id)
            practices = await _per_hour(session, PRACTICE.c.opened_at, PRACTICE.c.event_id == event_id)
            return trend(calls, practices, event.starts, event.closed_at or self._clock.now(), self._zone)


async def _per_hour(session: AsyncSession, at: Any, which: ColumnElement[bool]) -> Counted:
    # Hours of UTC are hours of Rome, which is whole hours from it: what the database counted together stays together.
    hour = func.date_trunc("hour", at)
    query = select(hour, func.count()).where(which).group_by(hour)
    return [(at, count) for at, count in (await session.execute(query)).all()]


async def locked(session: AsyncSession, event_id: UUID, share: bool = False) -> EventRow:
    """Lock and return an event; `share` lets others do the same and nobody close it. Raises `UnknownEvent`."""
    query = select(EventRow).where(EventRow.id == event_id).with_for_update(read=share)
    row = (await session.execute(query)).scalar_one_or_none()
    if row is None:
        raise unknown(event_id)
    return row


def unknown(event_id: UUID) -> UnknownEvent:
    """The error for an id that no event has."""
    return UnknownEvent(f"no event has the id {event_id}: the list of events shows those there are")


def note(session: AsyncSession, event_id: UUID, at: datetime, author: str, what: str, reason: str) -> None:
    """Add to an event's history."""
    session.add(EventStepRow(event_id=event_id, at=at, author=author, what=what, reason=reason))
