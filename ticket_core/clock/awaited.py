"""Practices that wait for documents: reminded once, closed on the day after the last day, or shown to a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from sqlalchemy import exists, literal, or_, select, tuple_
from sqlalchemy.sql.elements import ColumnElement

from foundation.database import Database
from ticket_core.attachments.store import AttachmentRow
from ticket_core.casework import NOT_REMINDED, REMINDED, Casework
from ticket_core.clock.alarms import Alarms
from ticket_core.clock.ended import AUTHOR
from ticket_core.clock.model import AlarmKind, DocumentsDuty, Tally
from ticket_core.clock.paging import Pages
from ticket_core.clock.rules import asked_before, documents_duty
from ticket_core.clock.store import AlarmRow
from ticket_core.message_store import MessageRow
from ticket_core.model import Closure, PracticeState
from ticket_core.store import ContactRow, HistoryRow, PracticeRow
from ticket_core.terms import Counting


@dataclass(frozen=True)
class Awaiting:
    """A practice that waits for documents since `asked`, as it was seen."""

    practice_id: UUID
    version: int
    asked: datetime
    reminded: bool
    came: bool


class Awaited:
    """Verbs of the clock: each takes an instant and tells what it did. Again: nothing is done twice."""

    def __init__(
        self,
        database: Database,
        casework: Casework,
        alarms: Alarms,
        counting: Counting,
        reminder_days: int,
        pages: Pages,
    ) -> None:
        self._database = database
        self._casework = casework
        self._alarms = alarms
        self._counting = counting
        self._reminder_days = reminder_days
        self._pages = pages

    async def close_missing(self, now: datetime) -> Tally:
        """Close those whose documents did not come, with a letter. Who changed one meanwhile wins."""

        async def step(one: Awaiting) -> bool:
            days = f"no documents in {self._counting.documents_days} days"
            await self._casework.close(one.practice_id, Closure.MISSING_DOCUMENTS, days, AUTHOR, one.version)
            return True

        return await self._pages.through("close_missing", partial(self._look, DocumentsDuty.CLOSE, now), step)

    async def remind(self, now: datetime) -> Tally:
        """Remind those whose last day is near, once each time documents are asked for."""

        async def step(one: Awaiting) -> bool:
            return await self._casework.remind_documents(one.practice_id, AUTHOR, one.version)

        return await self._pages.through("remind", partial(self._look, DocumentsDuty.REMIND, now), step)

    async def show_arrived(self, now: datetime) -> Tally:
        """Raise the alarm for those to which something came since, and which nobody has resumed: these are not closed."""

        async def step(one: Awaiting) -> bool:
            day = self._counting.documents_by(one.asked)
            return await self._alarms.raise_one(one.practice_id, AlarmKind.DOCUMENTS_CAME, day, now)

        return await self._pages.through("show_arrived", partial(self._look, DocumentsDuty.LOOK, now), step)

    async def _look(self, duty: DocumentsDuty, now: datetime, last: Awaiting | None, size: int) -> Sequence[Awaiting]:
        before = asked_before(duty, now, self._reminder_days, self._counting)
        came, reminded = _came(), _reminded()
        query = (
            select(PracticeRow.id, PracticeRow.version, PracticeRow.state_since, reminded, came)
            .where(PracticeRow.state == PracticeState.AWAITING_DOCUMENTS, PracticeRow.state_since < before)
            .where(came & ~_shown() if duty is DocumentsDuty.LOOK else ~came)
            .order_by(PracticeRow.state_since, PracticeRow.id)
            .limit(size)
        )
        if duty is DocumentsDuty.REMIND:
            closing = asked_before(DocumentsDuty.CLOSE, now, self._reminder_days, self._counting)
            query = query.where(~reminded, PracticeRow.state_since >= closing)
        if last is not None:
            query = query.where(
                tuple_(PracticeRow.state_since, PracticeRow.id) > tuple_(literal(last.asked), literal(last.practice_id))
            )
        async with self._database.session() as session:
            found = [Awaiting(*row) for row in await session.execute(query)]
        return [one for one in found if self._due(one, now) is duty]

    def _due(self, one: Awaiting, now: datetime) -> DocumentsDuty | None:
        return documents_duty(one.asked, now, self._reminder_days, self._counting, reminded=one.reminded, came=one.came)


def _reminded() -> ColumnElement[bool]:
    return exists().where(
        HistoryRow.practice_id == PracticeRow.id,
        HistoryRow.what.in_((REMINDED, NOT_REMINDED)),
        HistoryRow.at > PracticeRow.state_since,
    )


def _shown() -> ColumnElement[bool]:
    return exists().where(
        AlarmRow.practice_id == PracticeRow.id,
        AlarmRow.kind == AlarmKind.DOCUMENTS_CAME,
        AlarmRow.raised_at > PracticeRow.state_since,
    )


def _came() -> ColumnElement[bool]:
    """Whether anything of the requester's came since the documents were asked for."""
    since, of = PracticeRow.state_since, PracticeRow.id
    return or_(
        exists().where(
            AttachmentRow.practice_id == of, AttachmentRow.added_at > since, AttachmentRow.erased_at.is_(None)
        ),
        exists().where(MessageRow.practice_id == of, MessageRow.made_at > since),
        exists().where(ContactRow.practice_id == of, ContactRow.at > since),
    )
