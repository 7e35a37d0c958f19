"""`Events`: the verbs other rooms call. An event is declared and closed, its place and bulletin are set, requests are put into it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from foundation import logs
from ticket_core.events.belonging import Belonging, locked, note
from ticket_core.events.model import Event, EventKind, EventStep
from ticket_core.events.names import one_line
from ticket_core.events.rules import IllegalEvent, bulletin, check_open, check_times, tidy
from ticket_core.events.store import EventAreaRow, EventRow, EventStepRow, MunicipalityRow

log = logs.get(__name__)

DECLARED, CLOSED, REOPENED = "declared", "closed", "reopened"


class UnknownMunicipality(Exception):
    """A code that is not on ISTAT's list: the text names it. Nothing was changed."""


class Events(Belonging):
    """`Events(database, clock)`. Who may declare and close (a supervisor) is for the caller to know; who did, and why, is kept."""

    async def declare(
        self,
        name: str,
        kind: EventKind,
        starts: datetime,
        reason: str,
        author: str,
        area: Sequence[str] = (),
        ends: datetime | None = None,
        bulletin_it: str | None = None,
        bulletin_en: str | None = None,
        event_id: UUID | None = None,
    ) -> Event:
        """Declare an event; a second time with one `event_id` returns the event that is there.

        `area` is ISTAT codes. Raises `IllegalEvent` for what `rules` refuses and when an open event has this name;
        `UnknownMunicipality`.
        """
        check_times(starts, ends)
        told_it, told_en = bulletin(bulletin_it, bulletin_en)
        wanted = Event(
            id=event_id or uuid4(),
            name=tidy(name, "name"),
            kind=kind,
            starts=starts,
            ends=ends,
            declared_by=author,
            declared_at=self._clock.now(),
            reason=tidy(reason, "reason"),
            closed_by=None,
            closed_at=None,
            bulletin_it=told_it,
            bulletin_en=told_en,
        )
        async with self._database.session() as session:
            if not await _insert(session, wanted):
                return await _there_already(session, wanted)
            row = await locked(session, wanted.id)
            await _put_area(session, row, area)
            note(session, row.id, wanted.declared_at, author, DECLARED, wanted.reason)
            value = row.value()
        log.info("event_declared", event_id=str(value.id), kind=kind.value, municipalities=len(value.area))
        return value

    async def close(self, event_id: UUID, reason: str, author: str, ends: datetime | None = None) -> Event:
        """Nothing is put into it any more; `ends` says when the event itself ended. The same again changes nothing.

        Raises `UnknownEvent`; `IllegalEvent` when somebody closed it already or it would end before it starts.
        """
        reason = tidy(reason, "reason for closing it")
        async with self._database.session() as session:
            row = await locked(session, event_id)
            if await _is_last(session, row.id, (author, CLOSED, reason)):
                return row.value()
            check_open(row.value())
            check_times(row.starts, ends)
            row.closed_by, row.closed_at, row.ends = author, self._clock.now(), ends or row.ends
            note(session, row.id, row.closed_at, author, CLOSED, reason)
            value = row.value()
        log.info("event_closed", event_id=str(event_id))
        return value

    async def reopen(self, event_id: UUID, reason: str, author: str) -> Event:
        """It goes on: requests can be put into it again. The same again changes nothing.

        Raises `UnknownEvent`; `IllegalEvent` when it is open, or another one with its name was opened since.
        """
        reason = tidy(reason, "reason for reopening it")
        try:
            async with self._database.session() as session:
                row = await locked(session, event_id)
                if await _is_last(session, row.id, (author, REOPENED, reason)):
                    return row.value()
                if row.closed_at is None:
                    raise IllegalEvent(f"the event '{row.name}' is open already")
                row.closed_by, row.closed_at, row.ends = None, None, None
                note(session, row.id, self._clock.now(), author, REOPENED, reason)
                await session.flush()
                return row.value()
        except IntegrityError:
            raise IllegalEvent("another event with its name was opened since: close that one, or use it") from None

    async def set_area(self, event_id: UUID, area: Sequence[str], reason: str, author: str) -> Event:
        """Say which municipalities an open event touches, all of them. Raises `UnknownEvent`, `IllegalEvent`, `UnknownMunicipality`."""
        async with self._database.session() as session:
            row = await locked(session, event_id)
            check_open(row.value())
            if set(area) != {one.istat for one in row.area}:
                await _put_area(session, row, area)
                note(session, row.id, self._clock.now(), author, f"area of {len(row.area)}", tidy(reason, "reason"))
            return row.value()

    async def tell(self, event_id: UUID, bulletin_it: str | None, bulletin_en: str | None, author: str) -> Event:
        """Publish what the public is told of an open event, or take it back with None. Raises `UnknownEvent`, `IllegalEvent`."""
        told = bulletin(bulletin_it, bulletin_en)
        async with self._database.session() as session:
            row = await locked(session, event_id)
            check_open(row.value())
            if told != (row.bulletin_it, row.bulletin_en):
                row.bulletin_it, row.bulletin_en = told
                what = "bulletin published" if told[0] else "bulletin taken back"
                note(session, row.id, self._clock.now(), author, what, told[0] or "")
            return row.value()

    async def event(self, event_id: UUID) -> Event | None:
        """One event, or None."""
        async with self._database.session() as session:
            row = await session.get(EventRow, event_id)
            return row.value() if row else None

    async def note_answer(self, event_id: UUID, practices: int, text: str, author: str) -> None:
        """Keep in its history that one answer went to so many practices. Raises `UnknownEvent`."""
        async with self._database.session() as session:
            row = await locked(session, event_id, share=True)
            note(session, row.id, self._clock.now(), author, f"answered to {practices}", one_line(text))

    async def all(self, also_closed: bool = False, limit: int = 200) -> list[Event]:
        """Open events, the one that started last first; with the closed ones when asked."""
        query = select(EventRow).order_by(EventRow.starts.desc(), EventRow.id).limit(limit)
        if not also_closed:
            query = query.where(EventRow.closed_at.is_(None))
        async with self._database.session() as session:
            return [row.value() for row in (await session.execute(query)).scalars()]

    async def history(self, event_id: UUID) -> list[EventStep]:
        """What was decided about an event, oldest first."""
        query = select(EventStepRow).where(EventStepRow.event_id == event_id).order_by(EventStepRow.id)
        async with self._database.session() as session:
            return [row.value() for row in (await session.execute(query)).scalars()]


async def _insert(session: AsyncSession, event: Event) -> bool:
    values = {name: value for name, value in vars(event).items() if name != "area"}
    # No target: of two with one id, or one name, the second waits for the first.
    query = insert(EventRow).values(values).on_conflict_do_nothing().returning(EventRow.id)
    return (await session.execute(query)).scalar_one_or_none() is not None


async def _there_already(session: AsyncSession, wanted: Event) -> Event:
    row = await session.get(EventRow, wanted.id)
    if row is None:
        raise IllegalEvent(f"an event '{wanted.name}' is open already: use it, or give this one another name")
    return row.value()


async def _put_area(session: AsyncSession, row: EventRow, area: Sequence[str]) -> None:
    query = select(MunicipalityRow.istat).where(MunicipalityRow.istat.in_(set(area)))
    unknown = set(area) - set((await session.execute(query)).scalars())
    if unknown:
        raise UnknownMunicipality(f"no municipality has the ISTAT code {min(unknown)}")
    there = {one.istat: one for one in row.area}
    row.area = [there.get(istat) or EventAreaRow(istat=istat) for istat in sorted(set(area))]


async def _is_last(session: AsyncSession, event_id: UUID, step: tuple[str, str, str]) -> bool:
    query = select(EventStepRow).where(EventStepRow.event_id == event_id).order_by(EventStepRow.id.desc()).limit(1)
    last = (await session.execute(query)).scalar_one_or_none()
    return last is not None and (last.author, last.what, last.reason) == step
