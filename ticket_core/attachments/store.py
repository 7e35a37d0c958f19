"""The row behind an attachment, and how it becomes the value of `model.py`."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from foundation.database import Base, Instant
from ticket_core.attachments.model import Attachment
from ticket_core.attachments.names import LONGEST


class AttachmentRow(Base):
    """One document of a practice. Erased: its name is gone, its digest and size stay."""

    __tablename__ = "attachment"
    __table_args__ = (
        UniqueConstraint("practice_id", "sha256", "name", name="attachment_once"),
        CheckConstraint("(erased_at IS NULL) = (name IS NOT NULL)", name="attachment_erased_without_name"),
        CheckConstraint(
            "(erased_at IS NULL) = (erased_by IS NULL) AND (erased_at IS NULL) = (erased_because IS NULL)",
            name="attachment_erased_by_somebody",
        ),
        Index("attachment_by_content", "sha256", postgresql_where=text("erased_at IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    practice_id: Mapped[UUID] = mapped_column(ForeignKey("practice.id"))
    sha256: Mapped[str] = mapped_column(String(64))
    name: Mapped[str | None] = mapped_column(String(LONGEST))
    media_type: Mapped[str] = mapped_column(Text)
    bytes: Mapped[int] = mapped_column(BigInteger)
    added_at: Mapped[datetime] = mapped_column(Instant)
    author: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    erased_at: Mapped[datetime | None] = mapped_column(Instant)
    erased_by: Mapped[str | None] = mapped_column(Text)
    erased_because: Mapped[str | None] = mapped_column(Text)

    def value(self) -> Attachment:
        """The frozen value of this row."""
        return Attachment(
            id=self.id,
            practice_id=self.practice_id,
            sha256=self.sha256,
            name=self.name,
            media_type=self.media_type,
            bytes=self.bytes,
            added_at=self.added_at,
            author=self.author,
            source=self.source,
            erased_at=self.erased_at,
            erased_by=self.erased_by,
            erased_because=self.erased_because,
        )
