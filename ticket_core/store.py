"""The rows behind practices and messages, and how they become the values of `model.py`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Enum, ForeignKey, Identity, Index, String, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from foundation.database import Base
from ticket_core.codes import CODE_DIGITS
from ticket_core.model import (
    Channel,
    ClockInterval,
    ClockState,
    Closure,
    HistoryEntry,
    Kind,
    Message,
    MessageState,
    Practice,
    PracticeState,
    Transcript,
    Word,
)

Instant = DateTime(timezone=True)


def _names(of: type[StrEnum], constraint: str) -> Enum:
    return Enum(
        of,
        native_enum=False,
        length=32,
        create_constraint=True,
        name=constraint,
        values_callable=lambda members: [member.value for member in members],
    )


class CodeRow(Base):
    """A code that was drawn, used or not: it is never drawn again. `holder` leased it before there was a practice for it."""

    __tablename__ = "practice_code"

    code: Mapped[str] = mapped_column(String(CODE_DIGITS), primary_key=True)
    holder: Mapped[str | None] = mapped_column(Text)
    drawn_at: Mapped[datetime] = mapped_column(Instant)


class PracticeRow(Base):
    """One practice."""

    __tablename__ = "practice"
    __table_args__ = (
        CheckConstraint("(state = 'closed') = (closure IS NOT NULL)", name="practice_closed_with_a_reason"),
        Index("practice_by_opening", "opened_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(CODE_DIGITS), unique=True)
    channel: Mapped[Channel] = mapped_column(_names(Channel, "practice_channel"))
    kind: Mapped[Kind | None] = mapped_column(_names(Kind, "practice_kind"))
    language: Mapped[str] = mapped_column(String(8))
    caller: Mapped[str | None] = mapped_column(Text)
    state: Mapped[PracticeState] = mapped_column(_names(PracticeState, "practice_state"))
    closure: Mapped[Closure | None] = mapped_column(_names(Closure, "practice_closure"))
    opened_at: Mapped[datetime] = mapped_column(Instant)
    state_since: Mapped[datetime] = mapped_column(Instant)
    answered_at: Mapped[datetime | None] = mapped_column(Instant)
    no_reply_address: Mapped[bool] = mapped_column(server_default=text("false"))
    history: Mapped[list[HistoryRow]] = relationship(order_by="HistoryRow.id", lazy="selectin")
    clock: Mapped[list[ClockRow]] = relationship(order_by="ClockRow.id", lazy="selectin")

    def value(self) -> Practice:
        """The frozen value of this row."""
        clock = tuple(row.value() for row in self.clock)
        return Practice(
            id=self.id,
            code=self.code,
            channel=self.channel,
            kind=self.kind,
            language=self.language,
            caller=self.caller,
            state=self.state,
            closure=self.closure,
            opened_at=self.opened_at,
            state_since=self.state_since,
            answered_at=self.answered_at,
            due_on=clock[-1].due_on if clock else None,
            no_reply_address=self.no_reply_address,
            history=tuple(HistoryEntry(row.at, row.author, row.what, row.reason) for row in self.history),
            clock=clock,
        )


class HistoryRow(Base):
    """One thing that happened to a practice; rows are only ever added."""

    __tablename__ = "practice_history"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    practice_id: Mapped[UUID] = mapped_column(ForeignKey("practice.id"), index=True)
    at: Mapped[datetime] = mapped_column(Instant)
    author: Mapped[str] = mapped_column(Text)
    what: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)


class ClockRow(Base):
    """One interval of a practice's clock; only the last one's end is ever filled in."""

    __tablename__ = "practice_clock"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    practice_id: Mapped[UUID] = mapped_column(ForeignKey("practice.id"), index=True)
    state: Mapped[ClockState] = mapped_column(_names(ClockState, "practice_clock_state"))
    starts: Mapped[datetime] = mapped_column(Instant)
    ends: Mapped[datetime | None] = mapped_column(Instant)
    reason: Mapped[str] = mapped_column(Text)
    due_on: Mapped[date | None]

    def value(self) -> ClockInterval:
        """The frozen value of this row."""
        return ClockInterval(self.state, self.starts, self.ends, self.reason, self.due_on)


class MessageRow(Base):
    """One voice message; its state and lease say which work is left."""

    __tablename__ = "message"
    __table_args__ = (Index("message_by_work", "state", "made_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    call_id: Mapped[UUID] = mapped_column(index=True)
    practice_id: Mapped[UUID | None] = mapped_column(ForeignKey("practice.id"), index=True)
    adds_to: Mapped[UUID | None] = mapped_column(ForeignKey("practice.id"))
    language: Mapped[str] = mapped_column(String(8))
    caller: Mapped[str | None] = mapped_column(Text)
    recording: Mapped[str] = mapped_column(Text)
    audio_path: Mapped[str | None] = mapped_column(Text)
    seconds: Mapped[float | None]
    talk_seconds: Mapped[float | None]
    state: Mapped[MessageState] = mapped_column(_names(MessageState, "message_state"))
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    worker: Mapped[str | None] = mapped_column(Text)
    lease_until: Mapped[datetime | None] = mapped_column(Instant)
    transcript: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    alarm_words: Mapped[list[str]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    reason: Mapped[str | None] = mapped_column(Text)
    made_at: Mapped[datetime] = mapped_column(Instant)

    def value(self) -> Message:
        """The frozen value of this row."""
        return Message(
            id=self.id,
            call_id=self.call_id,
            practice_id=self.practice_id,
            adds_to=self.adds_to,
            language=self.language,
            caller=self.caller,
            recording=self.recording,
            audio_path=self.audio_path,
            seconds=self.seconds,
            talk_seconds=self.talk_seconds,
            state=self.state,
            attempts=self.attempts,
            worker=self.worker,
            lease_until=self.lease_until,
            transcript=transcript_value(self.transcript),
            alarm_words=tuple(self.alarm_words),
            reason=self.reason,
            made_at=self.made_at,
        )


def transcript_document(transcript: Transcript) -> dict[str, Any]:
    """A transcript as the JSON document that is stored."""
    return asdict(transcript)


def transcript_value(document: dict[str, Any] | None) -> Transcript | None:
    """The stored JSON document as a transcript."""
    if document is None:
        return None
    words: Sequence[dict[str, Any]] = document["words"]
    return Transcript(**document | {"words": tuple(Word(**word) for word in words)})
