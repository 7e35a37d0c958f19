"""Which letter a step is told by, and to whom: written in the step's own transaction, so that no step is told that was not made."""

from __future__ import annotations

from ticket_core.changes import Changes
from ticket_core.model import Channel, PracticeState, RequesterType
from ticket_core.people.store import OfficeRow
from ticket_core.replies.facts import (
    Answer,
    ClosedMissingDocuments,
    DocumentsAsked,
    DocumentsReminder,
    EventAnswer,
    Facts,
    OtherLanguage,
    Reopened,
    SentToOffice,
    Suspended,
    TakenCharge,
)
from ticket_core.replies.model import Language
from ticket_core.replies.service import Replies
from ticket_core.store import PracticeRow
from ticket_core.terms import Counting, term_days

ANSWERED_IN = frozenset(Language)


class Letters:
    """Writes to the requester of a practice, in its language; to nobody without an e-mail address, nor in an exercise."""

    def __init__(self, replies: Replies, counting: Counting) -> None:
        self._replies = replies
        self._counting = counting

    async def received(self, changes: Changes, row: PracticeRow) -> None:
        """The receipt of a web form, the notice to other languages, and to whom an institution's request was passed."""
        if row.language not in ANSWERED_IN:
            await self._write(changes, row, OtherLanguage(**_who(row)), "received")
            return
        if row.channel is Channel.WEB_FORM:
            await self._write(changes, row, self._receipt(row), "received")
        office = await changes.session.get(OfficeRow, row.office_id) if row.office_id else None
        if row.requester_type is not RequesterType.CITIZEN and office is not None:
            facts = SentToOffice(**_who(row), office=office.name, due_on=row.due_on)
            await self._write(changes, row, facts, "received")

    def _receipt(self, row: PracticeRow) -> TakenCharge:
        assert row.due_on is not None
        return TakenCharge(
            code=row.code or "",
            name=row.name or "",
            received_on=self._counting.day(row.counts_from),
            due_on=row.due_on,
            days=term_days(row.channel, row.practice_class) or None,
            asks=row.kind,
            address=row.email or "",
            phone=row.caller or "",
            subject=row.subject,
            text=row.text,
        )

    async def suspended(self, changes: Changes, row: PracticeRow, administration: str) -> None:
        """Another administration was asked."""
        since = self._counting.day(changes.now)
        await self._write(changes, row, Suspended(**_who(row), administration=administration, since=since))

    async def documents_asked(self, changes: Changes, row: PracticeRow, documents: str) -> None:
        """Which documents are needed, and by when."""
        by, days = self._counting.documents_by(changes.now), self._counting.documents_days
        await self._write(changes, row, DocumentsAsked(**_who(row), documents=documents, by=by, days=days))

    async def documents_reminder(self, changes: Changes, row: PracticeRow) -> None:
        """They are not here yet."""
        asked, by = self._counting.day(row.state_since), self._counting.documents_by(row.state_since)
        facts = DocumentsReminder(**_who(row), documents=_documents(row), asked_on=asked, by=by)
        await self._write(changes, row, facts, f"reminder {asked}")

    async def closed_missing_documents(self, changes: Changes, row: PracticeRow) -> None:
        """They did not come. To be written before the step that closes it."""
        asked, days = self._counting.day(row.state_since), self._counting.documents_days
        facts = ClosedMissingDocuments(**_who(row), documents=_documents(row), asked_on=asked, days=days)
        await self._write(changes, row, facts)

    async def reopened(self, changes: Changes, row: PracticeRow) -> None:
        """It is worked on again."""
        assert row.due_on is not None
        await self._write(changes, row, Reopened(**_who(row), due_on=row.due_on))

    async def answer(self, changes: Changes, row: PracticeRow, text: str, author: str) -> None:
        """An operator's words."""
        received = self._counting.day(row.counts_from)
        await self._write(changes, row, Answer(**_who(row), received_on=received, text=text), author=author)

    async def event_answer(self, changes: Changes, row: PracticeRow, event: str, text: str, author: str) -> None:
        """The words that all who wrote about an event get."""
        await self._write(changes, row, EventAnswer(**_who(row), event=event, text=text), author=author)

    async def erased(self, changes: Changes, row: PracticeRow) -> None:
        """The practice was erased: its letters say nothing any more, and those that wait are not sent."""
        await self._replies.erase_in(changes.session, row.id)

    async def _write(
        self, changes: Changes, row: PracticeRow, facts: Facts, occasion: str = "", author: str = "system"
    ) -> None:
        if not row.email or row.exercise:
            return
        language = Language(row.language) if row.language in ANSWERED_IN else Language.IT
        # One letter a kind and occasion: the history's length is another one after each step.
        key = f"{row.id} {facts.kind} {occasion or row.history_length}"
        await self._replies.compose_in(changes.session, row.id, facts, language, row.email, author, key)
        changes.note(row, author, "letter_queued", facts.kind.value)


def _who(row: PracticeRow) -> dict[str, str]:
    return {"code": row.code or "", "name": row.name or ""}


def _documents(row: PracticeRow) -> str:
    """What was asked for last."""
    asked = f"-> {PracticeState.AWAITING_DOCUMENTS}"
    return next((entry.reason or "" for entry in reversed(row.history) if entry.what.endswith(asked)), "")
