"""The rows behind voice messages, and how they become the values of `model.py`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Computed, ForeignKey, Index, String, Text, text
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, deferred, mapped_column

from foundation.database import Base, Instant, one_of
from ticket_core.model import Message, MessageState, Transcript, Word
from ticket_core.store import SEARCHABLE


class MessageRow(Base):
    """One voice message; its state and lease say which work is left."""

    __tablename__ = "message"
    __table_args__ = (
        Index("message_by_work", "state", "made_at"),
        Index("message_search", "search", postgresql_using="gin"),
    )

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
    state: Mapped[MessageState] = mapped_column(one_of(MessageState, "message_state"))
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    worker: Mapped[str | None] = mapped_column(Text)
    lease_until: Mapped[datetime | None] = mapped_column(Instant)
    transcript: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    alarm_words: Mapped[list[str]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    reason: Mapped[str | None] = mapped_column(Text)
    made_at: Mapped[datetime] = mapped_column(Instant)
    search: Mapped[str] = deferred(
        mapped_column(
            TSVECTOR, Computed(SEARCHABLE.format(words="coalesce(transcript ->> 'text', '')"), persisted=True)
        )
    )

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
