"""Overrides of the opening hours, kept in PostgreSQL with their reason and author; none is ever removed."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, DateTime, Enum, Identity, Text, func, select, update
from sqlalchemy.orm import Mapped, mapped_column

from dialplan.calendar import Calendar
from dialplan.model import Override, OverrideKind
from dialplan.settings import HoursSettings
from foundation.clock import Clock
from foundation.database import Base, Database

Instant = DateTime(timezone=True)


class OverrideRow(Base):
    """One override. `number` tells which of two was made later; `cleared_at` ends it before its time."""

    __tablename__ = "opening_override"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, Identity(), unique=True)
    kind: Mapped[OverrideKind] = mapped_column(
        Enum(
            OverrideKind,
            native_enum=False,
            length=32,
            create_constraint=True,
            name="opening_override_kind",
            values_callable=lambda members: [member.value for member in members],
        )
    )
    starts: Mapped[datetime] = mapped_column(Instant)
    ends: Mapped[datetime] = mapped_column(Instant)
    reason: Mapped[str] = mapped_column(Text)
    author: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime] = mapped_column(Instant)
    cleared_at: Mapped[datetime | None] = mapped_column(Instant)
    cleared_by: Mapped[str | None] = mapped_column(Text)


class CalendarStore:
    """The calendar in force: settings for week and holidays, rows for overrides."""

    def __init__(self, database: Database, settings: HoursSettings, clock: Clock) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock

    async def add_override(
        self, kind: OverrideKind | str, until: datetime, reason: str, author: str, starts: datetime | None = None
    ) -> Override:
        """Open or close from `starts` (now when None) until `until`. Raises `ValueError` for an end that is not after the start."""
        now = self._clock.now()
        override = Override(OverrideKind(kind), starts or now, until, reason, author)
        row = OverrideRow(
            id=uuid4(),
            kind=override.kind,
            starts=override.starts,
            ends=override.ends,
            reason=reason,
            author=author,
            made_at=now,
        )
        async with self._database.session() as session:
            session.add(row)
        return override

    async def clear_overrides(self, author: str) -> int:
        """End those in force now; what is planned for later stays. Returns how many were ended."""
        now = self._clock.now()
        query = (
            update(OverrideRow)
            .where(OverrideRow.starts <= now, OverrideRow.ends > now, OverrideRow.cleared_at.is_(None))
            .values(cleared_at=now, cleared_by=author)
            .returning(OverrideRow.id)
        )
        async with self._database.session() as session:
            return len((await session.execute(query)).scalars().all())

    async def load(self) -> Calendar:
        """The calendar with every override that still has an effect now or later."""
        ends = func.coalesce(OverrideRow.cleared_at, OverrideRow.ends)
        query = select(OverrideRow).where(ends > self._clock.now()).order_by(OverrideRow.number)
        async with self._database.session() as session:
            rows = (await session.execute(query)).scalars().all()
        overrides = [Override(row.kind, row.starts, row.ends, row.reason, row.author) for row in rows]
        return self._settings.calendar(overrides)
