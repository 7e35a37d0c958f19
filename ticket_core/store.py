"""The rows behind practices, and how they become the values of `model.py`."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy import (
    text as sql,
)
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, deferred, mapped_column, relationship

import ticket_core.events.store
import ticket_core.people.store  # noqa: F401  a practice refers to their rows
from foundation.database import Base, Instant, one_of
from ticket_core.chain import Link
from ticket_core.codes import CODE_DIGITS
from ticket_core.model import (
    Channel,
    ClockInterval,
    ClockState,
    Closure,
    HistoryEntry,
    Kind,
    Practice,
    PracticeClass,
    PracticeState,
    Requester,
    RequesterType,
)

SEARCHABLE = "CASE WHEN language = 'en' THEN to_tsvector('english'::regconfig, {words}) ELSE to_tsvector('italian'::regconfig, {words}) END"
"""Each practice is searched in its own language: words are found in all their forms."""

HAS_ENDED, ENDED_AT = "state IN ('answered', 'closed')", "COALESCE(answered_at, state_since)"
"""Whether a practice came to its end, and when: an answered one, which is closed later, when it was answered."""


class CodeRow(Base):
    """A code that was drawn, used or not: it is never drawn again. `holder` leased it before there was a practice for it."""

    __tablename__ = "practice_code"

    code: Mapped[str] = mapped_column(String(CODE_DIGITS), primary_key=True)
    holder: Mapped[str | None] = mapped_column(Text)
    drawn_at: Mapped[datetime] = mapped_column(Instant)


class ErasedCodeRow(Base):
    """The keyed HMAC of a code whose practice was erased: enough never to draw it again, too little to know it."""

    __tablename__ = "erased_code"

    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    erased_at: Mapped[datetime] = mapped_column(Instant)


class PracticeRow(Base):
    """One practice. `due_on` is the last clock interval's, here for the lists; `history_length` and `history_head` hold the chain's end."""

    __tablename__ = "practice"
    __table_args__ = (
        CheckConstraint("(state = 'closed') = (closure IS NOT NULL)", name="practice_closed_with_a_reason"),
        CheckConstraint("(code IS NULL) = (erased_at IS NOT NULL)", name="practice_without_a_code_is_erased"),
        Index("practice_by_opening", "opened_at"),
        Index("practice_by_due", "due_on", "id", postgresql_where=sql("due_on IS NOT NULL")),
        Index("practice_by_state", "state", "state_since"),
        Index("practice_by_caller", "caller"),
        Index("practice_by_email", sql("lower(email)")),
        Index("practice_by_office", "office_id", "state"),
        Index("practice_by_operator", "operator", "state"),
        Index("practice_by_event", "event_id", "opened_at"),
        Index("practice_by_municipality", "municipality", "opened_at"),
        Index("practice_search", "search", postgresql_using="gin"),
        Index("practice_by_end", sql(ENDED_AT), "id", postgresql_where=sql(f"{HAS_ENDED} AND erased_at IS NULL")),
        Index("practice_erased", "id", postgresql_where=sql("erased_at IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str | None] = mapped_column(String(CODE_DIGITS), unique=True)
    channel: Mapped[Channel] = mapped_column(one_of(Channel, "practice_channel"))
    kind: Mapped[Kind | None] = mapped_column(one_of(Kind, "practice_kind"))
    language: Mapped[str] = mapped_column(String(8))
    caller: Mapped[str | None] = mapped_column(Text)
    requester_type: Mapped[RequesterType] = mapped_column(
        one_of(RequesterType, "practice_requester_type"), server_default=sql("'citizen'")
    )
    name: Mapped[str | None] = mapped_column(Text)
    email: Mapped[str | None] = mapped_column(Text)
    postal: Mapped[str | None] = mapped_column(Text)
    fax: Mapped[str | None] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text, server_default=sql("''"))
    text: Mapped[str] = mapped_column(Text, server_default=sql("''"))
    practice_class: Mapped[PracticeClass | None] = mapped_column(one_of(PracticeClass, "practice_class"))
    state: Mapped[PracticeState] = mapped_column(one_of(PracticeState, "practice_state"))
    closure: Mapped[Closure | None] = mapped_column(one_of(Closure, "practice_closure"))
    opened_at: Mapped[datetime] = mapped_column(Instant)
    counts_from: Mapped[datetime] = mapped_column(Instant)
    state_since: Mapped[datetime] = mapped_column(Instant)
    answered_at: Mapped[datetime | None] = mapped_column(Instant)
    due_on: Mapped[date | None]
    no_reply_address: Mapped[bool] = mapped_column(server_default=sql("false"))
    office_id: Mapped[UUID | None] = mapped_column(ForeignKey("office.id"))
    operator: Mapped[str | None] = mapped_column(Text)
    topic_id: Mapped[UUID | None] = mapped_column(ForeignKey("topic.id"))
    municipality: Mapped[str | None] = mapped_column(ForeignKey("municipality.istat"))
    event_id: Mapped[UUID | None] = mapped_column(ForeignKey("event.id"))
    merged_into: Mapped[UUID | None] = mapped_column(ForeignKey("practice.id"), index=True)
    exercise: Mapped[bool] = mapped_column(server_default=sql("false"))
    erased_at: Mapped[datetime | None] = mapped_column(Instant)
    version: Mapped[int] = mapped_column(server_default=sql("0"))
    history_length: Mapped[int] = mapped_column(server_default=sql("0"))
    history_head: Mapped[bytes] = mapped_column(LargeBinary)
    search: Mapped[str] = deferred(
        mapped_column(
            TSVECTOR,
            Computed(SEARCHABLE.format(words="coalesce(name, '') || ' ' || subject || ' ' || text"), persisted=True),
        )
    )
    history: Mapped[list[HistoryRow]] = relationship(order_by="HistoryRow.seq", lazy="selectin")
    clock: Mapped[list[ClockRow]] = relationship(order_by="ClockRow.id", lazy="selectin")

    def requester(self) -> Requester:
        """Who asks."""
        return Requester(self.requester_type, self.name, self.email, self.postal, self.fax, self.caller)

    def value(self) -> Practice:
        """The frozen value of this row."""
        return Practice(
            id=self.id,
            code=self.code or "",
            channel=self.channel,
            kind=self.kind,
            language=self.language,
            requester=self.requester(),
            subject=self.subject,
            text=self.text,
            practice_class=self.practice_class,
            state=self.state,
            closure=self.closure,
            opened_at=self.opened_at,
            counts_from=self.counts_from,
            state_since=self.state_since,
            answered_at=self.answered_at,
            due_on=self.due_on,
            no_reply_address=self.no_reply_address,
            office_id=self.office_id,
            operator=self.operator,
            topic_id=self.topic_id,
            municipality=self.municipality,
            event_id=self.event_id,
            merged_into=self.merged_into,
            exercise=self.exercise,
            erased_at=self.erased_at,
            version=self.version,
            history=tuple(row.value() for row in self.history),
            clock=tuple(row.value() for row in self.clock),
        )


class HistoryRow(Base):
    """One entry of a practice's history, chained to the one before. A trigger lets rows be added, and their content be emptied."""

    __tablename__ = "practice_history"
    __table_args__ = (UniqueConstraint("practice_id", "seq", name="practice_history_in_order"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    practice_id: Mapped[UUID] = mapped_column(ForeignKey("practice.id"))
    seq: Mapped[int]
    at: Mapped[datetime] = mapped_column(Instant)
    what: Mapped[str] = mapped_column(Text)
    author: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    salt: Mapped[bytes | None] = mapped_column(LargeBinary)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    digest: Mapped[bytes] = mapped_column(LargeBinary)

    def value(self) -> HistoryEntry:
        """The frozen value of this row."""
        return HistoryEntry(self.at, self.author or "", self.what, self.reason or "")

    def link(self) -> Link:
        """The same, as a link of the chain."""
        return Link(
            self.practice_id,
            self.seq,
            self.at,
            self.what,
            self.author,
            self.reason,
            self.salt,
            self.content,
            self.digest,
        )


class SealRow(Base):
    """A seal over every history row up to `up_to`, chained to the seal before."""

    __tablename__ = "history_seal"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    up_to: Mapped[int] = mapped_column(BigInteger, unique=True)
    rows: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_at: Mapped[datetime] = mapped_column(Instant)


class ClockRow(Base):
    """One interval of a practice's clock; only the last one's end is ever filled in."""

    __tablename__ = "practice_clock"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    practice_id: Mapped[UUID] = mapped_column(ForeignKey("practice.id"), index=True)
    state: Mapped[ClockState] = mapped_column(one_of(ClockState, "practice_clock_state"))
    starts: Mapped[datetime] = mapped_column(Instant)
    ends: Mapped[datetime | None] = mapped_column(Instant)
    reason: Mapped[str] = mapped_column(Text)
    due_on: Mapped[date | None]
    term_days: Mapped[int]

    def value(self) -> ClockInterval:
        """The frozen value of this row."""
        return ClockInterval(self.state, self.starts, self.ends, self.reason, self.due_on, self.term_days)


class ContactRow(Base):
    """A contact beside the first that belongs to a practice: a call, a letter, another practice that was merged into it."""

    __tablename__ = "practice_contact"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    practice_id: Mapped[UUID] = mapped_column(ForeignKey("practice.id"), index=True)
    channel: Mapped[Channel] = mapped_column(one_of(Channel, "practice_contact_channel"))
    reference: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(Instant)
    author: Mapped[str] = mapped_column(Text)
