"""The row behind a letter, and how it becomes the value of `model.py`."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

import ticket_core.store  # noqa: F401 (the table that letters refer to)
from foundation.database import Base, Instant, one_of
from ticket_core.replies.model import Language, Letter, LetterKind, LetterState


class OutgoingRow(Base):
    """One letter; its state and `next_try_at` say which work is left, `sender` who holds it while it is sent."""

    __tablename__ = "outgoing"
    __table_args__ = (
        CheckConstraint("(state IN ('to_send', 'sending')) = (next_try_at IS NOT NULL)", name="outgoing_waits_for_a_try"),
        CheckConstraint("(state = 'sending') = (sender IS NOT NULL)", name="outgoing_sent_by_somebody"),
        CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name="outgoing_sent_at_some_time"),
        Index("outgoing_by_work", "next_try_at", postgresql_where=text("next_try_at IS NOT NULL")),
        Index("outgoing_dead", "made_at", postgresql_where=text("state = 'dead'")),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True)
    practice_id: Mapped[UUID] = mapped_column(ForeignKey("practice.id"), index=True)
    key: Mapped[str] = mapped_column(Text, unique=True)
    kind: Mapped[LetterKind] = mapped_column(one_of(LetterKind, "outgoing_kind"))
    language: Mapped[Language] = mapped_column(one_of(Language, "outgoing_language"))
    address: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    state: Mapped[LetterState] = mapped_column(one_of(LetterState, "outgoing_state"))
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    trying_since: Mapped[datetime] = mapped_column(Instant)
    next_try_at: Mapped[datetime | None] = mapped_column(Instant)
    sender: Mapped[str | None] = mapped_column(Text)
    error: Mapped[str | None] = mapped_column(Text)
    message_id: Mapped[str | None] = mapped_column(Text, unique=True)
    made_at: Mapped[datetime] = mapped_column(Instant)
    sent_at: Mapped[datetime | None] = mapped_column(Instant)
    author: Mapped[str] = mapped_column(Text)

    def value(self) -> Letter:
        """The frozen value of this row."""
        return Letter(
            id=self.id,
            practice_id=self.practice_id,
            kind=self.kind,
            language=self.language,
            address=self.address,
            subject=self.subject,
            body=self.body,
            state=self.state,
            attempts=self.attempts,
            trying_since=self.trying_since,
            next_try_at=self.next_try_at,
            error=self.error,
            message_id=self.message_id,
            made_at=self.made_at,
            sent_at=self.sent_at,
            author=self.author,
        )
