"""`Overview`: every practice as a line for an export, and what of one its own value does not hold. It reads no history."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.sql.elements import ColumnElement

from foundation.audit import Act, Audit
from foundation.database import Database
from ticket_core.events.store import EventRow, MunicipalityRow, TopicRow
from ticket_core.model import Channel, Closure, Kind, PracticeClass, PracticeState, RequesterType
from ticket_core.people.store import OfficeRow
from ticket_core.store import ContactRow, PracticeRow

PAGE = 1000


@dataclass(frozen=True, kw_only=True)
class Line:
    """One practice in a table. `code` is None once it was erased; `office`, `topic` (its slug), `municipality` and `event` are names."""

    code: str | None
    id: UUID
    state: PracticeState
    closure: Closure | None
    practice_class: PracticeClass | None
    due_on: date | None
    opened_at: datetime
    counts_from: datetime
    state_since: datetime
    answered_at: datetime | None
    channel: Channel
    kind: Kind | None
    language: str
    requester_type: RequesterType
    name: str | None
    email: str | None
    postal: str | None
    fax: str | None
    phone: str | None
    no_reply_address: bool
    subject: str
    office: str | None
    operator: str | None
    topic: str | None
    municipality: str | None
    event: str | None
    merged_into: UUID | None
    exercise: bool
    version: int


@dataclass(frozen=True)
class Contact:
    """A contact beside the first. `code` is that of the practice that was merged, when the contact is one."""

    id: UUID
    channel: Channel
    reference: str
    at: datetime
    author: str
    code: str | None


class Overview:
    """Practices as lines with the names of what they refer to; lists to work from are `search`'s."""

    def __init__(self, database: Database, audit: Audit) -> None:
        self._database = database
        self._audit = audit

    async def export(self, author: str) -> AsyncIterator[Line]:
        """Every practice, the newest first, as of one instant; a thousand at a time are in memory. The audit says so before the first."""
        async with self._database.session() as session:
            await session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
            rows = (await session.execute(select(func.count()).select_from(PracticeRow))).scalar_one()
            await self._audit.write(author, Act.EXPORT, "all practices", rows=rows)
            newest = _LINES.order_by(PracticeRow.opened_at.desc(), PracticeRow.id)
            async for row in await session.stream(newest.execution_options(yield_per=PAGE)):
                yield Line(**row._mapping)

    async def line(self, practice_id: UUID) -> Line | None:
        """One practice's line, or None."""
        async with self._database.session() as session:
            row = (await session.execute(_LINES.where(PracticeRow.id == practice_id))).one_or_none()
            return Line(**row._mapping) if row else None

    async def contacts(self, practice_id: UUID) -> list[Contact]:
        """Its other contacts, oldest first."""
        query = (
            select(ContactRow.id, ContactRow.channel, ContactRow.reference, ContactRow.at, ContactRow.author, PracticeRow.code)
            .outerjoin(PracticeRow, PracticeRow.id == ContactRow.id)
            .where(ContactRow.practice_id == practice_id)
            .order_by(ContactRow.at, ContactRow.id)
        )  # fmt: skip
        async with self._database.session() as session:
            return [Contact(*row) for row in await session.execute(query)]


_NAMED: dict[str, ColumnElement[Any]] = {
    "phone": PracticeRow.caller.label("phone"),
    "office": OfficeRow.name.label("office"),
    "topic": TopicRow.slug.label("topic"),
    "municipality": MunicipalityRow.name.label("municipality"),
    "event": EventRow.name.label("event"),
}
_COLUMNS: list[ColumnElement[Any]] = [
    _NAMED[field.name] if field.name in _NAMED else getattr(PracticeRow, field.name) for field in fields(Line)
]
_LINES = (
    select(*_COLUMNS)
    .outerjoin(OfficeRow, OfficeRow.id == PracticeRow.office_id)
    .outerjoin(TopicRow, TopicRow.id == PracticeRow.topic_id)
    .outerjoin(MunicipalityRow, MunicipalityRow.istat == PracticeRow.municipality)
    .outerjoin(EventRow, EventRow.id == PracticeRow.event_id)
)
