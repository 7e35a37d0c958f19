"""`Casework`: what people do with practices. Each verb is one transaction, with an author and a reason in the history.

`version` is the practice's as its author saw it: whoever changes a practice that a person has changed since gets `Conflict`, and nothing
is overwritten; None asks for no such check. A letter to the requester is queued in the transaction of the step that it tells of.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from foundation import logs
from foundation.clock import Clock
from foundation.database import Database
from foundation.steps import IllegalStep
from ticket_core import locks
from ticket_core.changes import Changes, Verbs
from ticket_core.code_book import CodeBook
from ticket_core.edits import Edit
from ticket_core.erasing import forget, hold_family
from ticket_core.events.model import Event
from ticket_core.intake import cleaned
from ticket_core.letters import Letters
from ticket_core.model import Channel, Closure, Practice, PracticeClass, PracticeState, Request
from ticket_core.replies.service import Replies
from ticket_core.rules import REOPENABLE
from ticket_core.store import ContactRow, PracticeRow
from ticket_core.terms import Counting

log = logs.get(__name__)

REMINDED, NOT_REMINDED = "reminded", "not_reminded"
"""What a reminder is called in the history, and one that there was no way to send."""


class Taken(Exception):
    """Another operator has this practice: the text says who. A supervisor can assign it."""


class UnknownReference(ValueError):
    """An office, topic, municipality or event that was named is not there: nothing was written."""


class NoReplyAddress(Exception):
    """There is no e-mail address to answer to: the text says which other ways there are."""


class Casework(Verbs):
    """The verbs of operators and supervisors. All raise `UnknownPractice`; steps raise `IllegalStep` and change nothing."""

    def __init__(self, database: Database, clock: Clock, counting: Counting, codes: CodeBook, replies: Replies) -> None:
        super().__init__(database, clock, counting, codes)
        self.letters = Letters(replies, counting)

    async def open(self, request: Request, author: str, practice_id: UUID | None = None) -> Practice:
        """Write down a request, and acknowledge it. Again under the same id: the practice that there is, and no second letter.

        Raises `BadRequest` or `LetterRefused` (both ValueError) for what cannot be kept: nothing is written then.
        """
        request = cleaned(request)
        async with self._changes() as changes:
            practice_id = practice_id or uuid4()
            # Two who write down the same one at once do so one after the other.
            await locks.hold(changes.session, locks.Lock.PRACTICE, str(practice_id))
            row = await changes.session.get(PracticeRow, practice_id)
            if row is None:
                row = await changes.open_practice(request, author, practice_id)
                await self.letters.received(changes, row)
            return row.value()

    async def take(self, practice_id: UUID, operator: str, version: int | None = None) -> Practice:
        """An operator makes it theirs. Raises `Taken` when it is somebody else's."""
        async with self._changed(practice_id, version) as (changes, row):
            if row.operator not in (None, operator):
                raise Taken(f"this practice is with {row.operator}: a supervisor can assign it to somebody else")
            if row.state is PracticeState.RECEIVED:
                changes.step(row, PracticeState.IN_PROGRESS, "taken", operator)
            elif row.operator is None:
                changes.note(row, operator, "taken", row.state.value)
                row.version += 1
            row.operator = operator
            return row.value()

    async def assign(
        self,
        practice_id: UUID,
        author: str,
        reason: str,
        operator: str | None = None,
        office_id: UUID | None = None,
        version: int | None = None,
    ) -> Practice:
        """Give it to an operator, or to another office, where nobody has it yet."""
        async with self._changed(practice_id, version) as (changes, row):
            before = row.operator or "nobody"
            row.office_id = office_id or row.office_id
            row.operator = operator
            changes.note(row, author, f"assigned {before} -> {operator or 'nobody'}", reason)
            row.version += 1
            return row.value()

    async def classify(
        self,
        practice_id: UUID,
        practice_class: PracticeClass,
        author: str,
        reason: str = "",
        version: int | None = None,
    ) -> Practice:
        """Say how hard the answer is: the term is computed again from the clock's ledger. The same class again changes nothing."""
        async with self._changed(practice_id, version) as (changes, row):
            if row.practice_class is not practice_class:
                changes.classify(row, practice_class, author, reason)
            return row.value()

    async def correct(
        self, practice_id: UUID, edit: Edit, author: str, reason: str, version: int | None = None
    ) -> Practice:
        """Put fields right; what they were stays in the history. Another channel is another term. Raises as `open` does."""
        edit = edit.cleaned()
        async with self._changed(practice_id, version) as (changes, row):
            changed = edit.apply(row)
            if changed:
                changes.set_clock(row, row.state, "corrected", changes.now)
                changes.note(row, author, "corrected", "; ".join((reason, *changed)))
                row.version += 1
            return row.value()

    async def ask_administration(
        self, practice_id: UUID, administration: str, author: str, version: int | None = None
    ) -> Practice:
        """Ask another administration for its assessment or opinion: the term is suspended."""
        async with self._changed(practice_id, version) as (changes, row):
            changes.step(row, PracticeState.AWAITING_ADMINISTRATION, administration, author)
            await self.letters.suspended(changes, row, administration)
            return row.value()

    async def ask_documents(
        self, practice_id: UUID, documents: str, author: str, version: int | None = None
    ) -> Practice:
        """Ask the requester for documents: the term is suspended, and in 40 days without them the practice closes."""
        async with self._changed(practice_id, version) as (changes, row):
            changes.step(row, PracticeState.AWAITING_DOCUMENTS, documents, author)
            await self.letters.documents_asked(changes, row, documents)
            return row.value()

    async def remind_documents(self, practice_id: UUID, author: str, version: int | None = None) -> bool:
        """Remind the requester of the documents, once each time they are asked for; False where there is nothing to remind of."""
        async with self._changed(practice_id, version) as (changes, row):
            reminded = any(e.what in (REMINDED, NOT_REMINDED) and e.at > row.state_since for e in row.history)
            if row.state is not PracticeState.AWAITING_DOCUMENTS or reminded:
                return False
            await self.letters.documents_reminder(changes, row)
            changes.note(row, author, REMINDED if row.email else NOT_REMINDED, "" if row.email else "no e-mail address")
            return True

    async def resume(self, practice_id: UUID, reason: str, author: str, version: int | None = None) -> Practice:
        """What was waited for is here: the term runs on from where it stood."""
        async with self._changed(practice_id, version) as (changes, row):
            if row.state not in (PracticeState.AWAITING_ADMINISTRATION, PracticeState.AWAITING_DOCUMENTS):
                raise IllegalStep(f"only a practice that waits for something can be resumed: this one is {row.state}")
            changes.step(row, PracticeState.IN_PROGRESS, reason, author)
            return row.value()

    async def answer(
        self, practice_id: UUID, text: str, author: str, by: Channel = Channel.EMAIL, version: int | None = None
    ) -> Practice:
        """Answer: by e-mail the letter is queued, by any other channel it is written down as given. Raises `NoReplyAddress`."""
        async with self._changed(practice_id, version) as (changes, row):
            if by is Channel.EMAIL and not row.email:
                raise NoReplyAddress(
                    "there is no e-mail address to answer to. Answer by another channel and say which, add the address, or close the "
                    "practice as no_reply_address."
                )
            changes.step(row, PracticeState.ANSWERED, f"{by.value}: {text}", author)
            if by is Channel.EMAIL:
                await self.letters.answer(changes, row, text, author)
            return row.value()

    async def answer_event(self, practice_id: UUID, event: Event, text: str, author: str) -> bool:
        """Give one practice of an event the answer that all get. False where it left the event, or cannot or need not be answered."""
        async with self._changed(practice_id, None, also_erased=True) as (changes, row):
            answerable = row.email and row.state in (PracticeState.RECEIVED, PracticeState.IN_PROGRESS)
            if row.event_id != event.id or not answerable:
                return False
            changes.step(row, PracticeState.ANSWERED, f"event {event.name}: {text}", author)
            await self.letters.event_answer(changes, row, event.name, text, author)
            return True

    async def close(
        self, practice_id: UUID, closure: Closure, reason: str, author: str, version: int | None = None
    ) -> Practice:
        """Close it, with one of the closing reasons."""
        async with self._changed(practice_id, version) as (changes, row):
            if row.state is PracticeState.AWAITING_DOCUMENTS and closure is Closure.MISSING_DOCUMENTS:
                await self.letters.closed_missing_documents(changes, row)
            changes.step(row, PracticeState.CLOSED, reason, author, closure)
            return row.value()

    async def reopen(self, practice_id: UUID, reason: str, author: str, version: int | None = None) -> Practice:
        """Work on it again: a new term begins, the old one stays in the ledger."""
        async with self._changed(practice_id, version) as (changes, row):
            if row.state not in REOPENABLE or row.merged_into:
                what = "merged into another" if row.merged_into else row.state.value
                raise IllegalStep(f"only a practice that was answered or closed can be reopened: this one is {what}")
            changes.step(row, PracticeState.IN_PROGRESS, reason, author)
            await self.letters.reopened(changes, row)
            return row.value()

    async def merge(
        self, practice_id: UUID, into: UUID, author: str, reason: str, version: int | None = None
    ) -> Practice:
        """Two practices are one request: this one closes as a duplicate, its code tells of the other from now on. Returns the other.

        Nothing is moved: messages, letters and history stay where they are, and the other one shows them.
        """
        if practice_id == into:
            raise ValueError("a practice cannot be merged into itself")
        async with self._changes() as changes:
            # Always in the same order, so that two who merge crosswise do not wait for each other.
            rows = {one: await changes.practice(one) for one in sorted((practice_id, into))}
            row, kept = await changes.practice(practice_id, version), rows[into]
            if kept.merged_into or kept.erased_at:
                raise IllegalStep("the practice to merge into was itself merged or erased: name the one that is left")
            if row.merged_into == into:
                return kept.value()
            if row.merged_into:
                raise IllegalStep("this practice was merged into another one before")
            if row.state is not PracticeState.CLOSED:
                changes.step(row, PracticeState.CLOSED, reason, author, Closure.DUPLICATE)
            row.merged_into = into
            row.version += 1
            changes.note(row, author, f"merged into {into}", reason)
            changes.note(kept, author, f"merged from {practice_id}", reason)
            kept.version += 1
            earlier = update(PracticeRow).where(PracticeRow.merged_into == practice_id)
            await changes.session.execute(earlier.values(merged_into=into))
            await self._link(changes, kept, practice_id, row.channel, f"practice {practice_id}", row.opened_at, author)
            return kept.value()

    async def link_contact(
        self, contact_id: UUID, practice_id: UUID, channel: Channel, reference: str, at: datetime, author: str
    ) -> None:
        """Another contact belongs to the practice: `reference` says which call, letter or message. Again: no second one."""
        async with self._changed(practice_id, None) as (changes, row):
            await self._link(changes, row, contact_id, channel, reference, at, author)

    async def _link(
        self, changes: Changes, row: PracticeRow, contact_id: UUID, channel: Channel, reference: str, at: datetime, author: str
    ) -> None:  # fmt: skip
        values = {
            "id": contact_id, "practice_id": row.id, "channel": channel, "reference": reference, "at": at, "author": author,
        }  # fmt: skip
        query = insert(ContactRow).values(values).on_conflict_do_nothing(index_elements=["id"]).returning(ContactRow.id)
        if (await changes.session.execute(query)).scalar_one_or_none():
            changes.note(row, author, "contact", f"{channel.value} {reference}")

    async def merged_into(self, practice_id: UUID) -> list[Practice]:
        """The practices that were merged into this one and are not erased, oldest first: `erase` takes them along."""
        query = select(PracticeRow).where(PracticeRow.merged_into == practice_id, PracticeRow.erased_at.is_(None))
        async with self._changes() as changes:
            rows = await changes.session.execute(query.order_by(PracticeRow.opened_at, PracticeRow.id))
            return [row.value() for row in rows.scalars()]

    async def erase(self, practice_id: UUID, author: str, reason: str, version: int | None = None) -> int:
        """Forget who asked and what, for good, also in the practices that were merged into it; returns how many of those went along.

        Code, person, words and what the histories say go; that something happened, and when, stays. Audio and attachments are removed
        by the `clock` process. Again: 0, and nothing changes. Raises `Conflict` too when one is being merged into it.
        """
        async with self._changes() as changes:
            first, *merged = await hold_family(changes, practice_id, version)
            gone = [row.id for row in (first, *merged) if await forget(changes, self.letters, row, author, reason)]
        for one in gone:
            log.info("practice_erased", practice_id=str(one))
        return len(set(gone) - {practice_id})

    async def erase_alone(self, practice_id: UUID, author: str, reason: str, version: int | None = None) -> None:
        """Forget one practice whose keeping is over; those that were merged into it have terms of their own. Again: nothing."""
        async with self._changed(practice_id, version, also_erased=True) as (changes, row):
            gone = await forget(changes, self.letters, row, author, reason)
        if gone:
            log.info("practice_erased", practice_id=str(practice_id))

    @asynccontextmanager
    async def _changed(
        self, practice_id: UUID, version: int | None, also_erased: bool = False
    ) -> AsyncIterator[tuple[Changes, PracticeRow]]:
        async with self._changes() as changes:
            row = await changes.practice(practice_id, version)
            if row.erased_at and not also_erased:
                # What was written to it now, nobody would erase again.
                raise IllegalStep("this practice was erased: nothing can be written into it any more")
            yield changes, row
            try:
                await changes.session.flush()
            except IntegrityError as error:
                raise UnknownReference(
                    "the office, topic, municipality or event that was named is not there: nothing was written"
                ) from error
