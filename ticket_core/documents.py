"""What happens to a practice's documents, in its history: the note that `attachments` is given."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from foundation.steps import IllegalStep
from ticket_core.attachments.model import Attachment
from ticket_core.changes import Changes, Verbs


class Documents(Verbs):
    """An `attachments.ports.Note` over practices."""

    async def note(self, session: AsyncSession, attachment: Attachment) -> None:
        """Write it into the history. Raises `IllegalStep` for a document that would come to an erased practice."""
        changes = Changes(session, self._clock, self._counting, self._codes)
        row = await changes.practice(attachment.practice_id)
        if attachment.erased_at is not None:
            changes.note(row, attachment.erased_by or "", "attachment_erased", attachment.erased_because or "")
            return
        if row.erased_at is not None:
            raise IllegalStep("this practice was erased: nothing can be added to it")
        changes.note(row, attachment.author, "attachment_added", f"{attachment.source} {attachment.name}")
