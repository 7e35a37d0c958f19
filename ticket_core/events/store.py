"""The rows behind topics, municipalities and events."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CHAR, BigInteger, CheckConstraint, ForeignKey, Identity, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from foundation.database import Base, Instant, one_of
from ticket_core.events.model import Event, EventCall, EventKind, EventStep, Municipality, Topic


class LoadedRow(Base):
    """Which version of a list that comes from elsewhere stands in its table."""

    __tablename__ = "loaded_list"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(Instant)


class TopicRow(Base):
    """One topic."""

    __tablename__ = "topic"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(Text, unique=True)
    name_it: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str] = mapped_column(Text)
    parent: Mapped[UUID | None] = mapped_column(ForeignKey("topic.id"))
    active: Mapped[bool] = mapped_column(server_default=text("true"))

    def value(self) -> Topic:
        """The frozen value of this row."""
        return Topic(self.id, self.slug, self.name_it, self.name_en, self.parent, self.active)


class MunicipalityRow(Base):
    """One municipality; a row is never removed, since practices may name it. `words` is its name as it is searched."""

    __tablename__ = "municipality"
    __table_args__ = (CheckConstraint("istat ~ '^[0-9]{6}$'", name="municipality_code_is_six_digits"),)

    istat: Mapped[str] = mapped_column(CHAR(6), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    words: Mapped[str] = mapped_column(Text)
    province: Mapped[str] = mapped_column(CHAR(2))
    region: Mapped[str] = mapped_column(Text)
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    valid_until: Mapped[date | None]

    def value(self) -> Municipality:
        """The frozen value of this row."""
        return Municipality(self.istat, self.name, self.province, self.region, self.active, self.valid_until)


class EventRow(Base):
    """One event."""

    __tablename__ = "event"
    __table_args__ = (
        CheckConstraint("ends > starts", name="event_ends_after_its_start"),
        CheckConstraint("(closed_at IS NULL) = (closed_by IS NULL)", name="event_closed_by_somebody"),
        CheckConstraint("(bulletin_it IS NULL) = (bulletin_en IS NULL)", name="event_bulletin_in_both_languages"),
        Index("event_open_name", "name", unique=True, postgresql_where=text("closed_at IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    kind: Mapped[EventKind] = mapped_column(one_of(EventKind, "event_kind"))
    starts: Mapped[datetime] = mapped_column(Instant)
    ends: Mapped[datetime | None] = mapped_column(Instant)
    declared_by: Mapped[str] = mapped_column(Text)
    declared_at: Mapped[datetime] = mapped_column(Instant)
    reason: Mapped[str] = mapped_column(Text)
    closed_by: Mapped[str | None] = mapped_column(Text)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)
    bulletin_it: Mapped[str | None] = mapped_column(Text)
    bulletin_en: Mapped[str | None] = mapped_column(Text)

    area: Mapped[list[EventAreaRow]] = relationship(
        order_by="EventAreaRow.istat", lazy="selectin", cascade="all, delete-orphan"
    )

    def value(self) -> Event:
        """The frozen value of this row."""
        return Event(
            id=self.id,
            name=self.name,
            kind=self.kind,
            starts=self.starts,
            ends=self.ends,
            declared_by=self.declared_by,
            declared_at=self.declared_at,
            reason=self.reason,
            closed_by=self.closed_by,
            closed_at=self.closed_at,
            bulletin_it=self.bulletin_it,
            bulletin_en=self.bulletin_en,
            area=tuple(row.istat for row in self.area),
        )


class EventAreaRow(Base):
    """A municipality that an event touches."""

    __tablename__ = "event_area"

    event_id: Mapped[UUID] = mapped_column(ForeignKey("event.id"), primary_key=True)
    istat: Mapped[str] = mapped_column(ForeignKey("municipality.istat"), primary_key=True, index=True)


class EventStepRow(Base):
    """One thing that was decided about an event; rows are only ever added."""

    __tablename__ = "event_history"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    event_id: Mapped[UUID] = mapped_column(ForeignKey("event.id"), index=True)
    at: Mapped[datetime] = mapped_column(Instant)
    author: Mapped[str] = mapped_column(Text)
    what: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)

    def value(self) -> EventStep:
        """The frozen value of this row."""
        return EventStep(self.at, self.author, self.what, self.reason)


class EventCallRow(Base):
    """A call that belongs to an event; a call belongs to one at most."""

    __tablename__ = "event_call"
    __table_args__ = (Index("event_call_by_time", "event_id", "at"),)

    call_id: Mapped[UUID] = mapped_column(primary_key=True)
    event_id: Mapped[UUID] = mapped_column(ForeignKey("event.id"))
    at: Mapped[datetime] = mapped_column(Instant)
    author: Mapped[str] = mapped_column(Text)

    def value(self) -> EventCall:
        """The frozen value of this row."""
        return EventCall(self.call_id, self.event_id, self.at, self.author)
