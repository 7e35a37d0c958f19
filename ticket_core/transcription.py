"""The verbs of whoever turns audio into text: claim a message, hold it, say what became of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, or_, select, update
from sqlalchemy.sql.elements import ColumnElement

from foundation import logs
from ticket_core.changes import Changes, Verbs
from ticket_core.message_store import MessageRow, transcript_document
from ticket_core.model import AWAITING_TEXT, Backlog, Closure, Message, MessageState, PracticeState, Transcript
from ticket_core.rules import closes_as_no_content

log = logs.get(__name__)

AUTHOR = "voicemail_worker"


class Transcription(Verbs):
    """Claims are conditional updates: a message is held by one worker, until it says so or its lease runs out.

    A verb that takes `worker` changes nothing and returns False when that worker does not hold the message any more.
    """

    def _is_free(self) -> ColumnElement[bool]:
        lapsed = (MessageRow.state == MessageState.TRANSCRIBING) & (MessageRow.lease_until <= self._clock.now())
        return or_(MessageRow.state == MessageState.TO_TRANSCRIBE, lapsed)

    async def to_announce(self, limit: int) -> list[UUID]:
        """Ids of messages that wait for text or whose lease ran out, oldest first."""
        query = select(MessageRow.id).where(self._is_free()).order_by(MessageRow.made_at, MessageRow.id).limit(limit)
        async with self._database.session() as session:
            return list((await session.execute(query)).scalars())

    async def backlog(self) -> Backlog:
        """What waits for its text, or is being read now."""
        query = select(func.count(), func.min(MessageRow.made_at)).where(MessageRow.state.in_(AWAITING_TEXT))
        async with self._database.session() as session:
            messages, oldest = (await session.execute(query)).one()
            return Backlog(messages, oldest)

    async def claim(self, message_id: UUID, worker: str, lease_s: float) -> Message | None:
        """Take the message for `lease_s` seconds; None when it is done, unknown, or held by another worker."""
        query = (
            update(MessageRow)
            .where(MessageRow.id == message_id, self._is_free())
            .values(
                state=MessageState.TRANSCRIBING,
                worker=worker,
                lease_until=self._clock.now() + timedelta(seconds=lease_s),
                attempts=MessageRow.attempts + 1,
            )
            .returning(MessageRow)
        )
        async with self._database.session() as session:
            row = (await session.execute(query)).scalar_one_or_none()
            return row.value() if row else None

    async def extend_lease(self, message_id: UUID, worker: str, lease_s: float) -> bool:
        """Hold the message for `lease_s` seconds from now."""
        query = (
            update(MessageRow)
            .where(
                MessageRow.id == message_id,
                MessageRow.state == MessageState.TRANSCRIBING,
                MessageRow.worker == worker,
            )
            .values(lease_until=self._clock.now() + timedelta(seconds=lease_s))
            .returning(MessageRow.id)
        )
        async with self._database.session() as session:
            return (await session.execute(query)).scalar_one_or_none() is not None

    async def transcribed(
        self, message_id: UUID, worker: str, transcript: Transcript, alarm_words: tuple[str, ...]
    ) -> bool:
        """Keep the text and the words of distress found in it."""
        async with self._held(message_id, worker) as (changes, row):
            if row is None:
                return False
            changes.move(row, MessageState.TRANSCRIBED)
            row.transcript, row.alarm_words = transcript_document(transcript), list(alarm_words)
            await _note(changes, row, "transcribed", f"{transcript.engine} {transcript.model}")
            if alarm_words:
                await _note(changes, row, "alarm", "words of distress")
            return True

    async def no_speech(self, message_id: UUID, worker: str) -> bool:
        """Nobody speaks in it: its practice closes as `no_content`, unless a person took it or another message has speech."""
        async with self._held(message_id, worker) as (changes, row):
            if row is None:
                return False
            changes.move(row, MessageState.NO_SPEECH)
            await _note(changes, row, "no_speech", "nobody speaks in the message")
            await _close_when_empty(changes, row)
            return True

    async def unreadable(self, message_id: UUID, worker: str, reason: str) -> bool:
        """Its audio cannot be read. The practice stays open: a person must look."""
        return await self._leave(message_id, worker, MessageState.UNREADABLE, reason)

    async def failed(self, message_id: UUID, worker: str, reason: str) -> bool:
        """It stopped the decoder too often. The practice stays open: a person must listen."""
        return await self._leave(message_id, worker, MessageState.FAILED, reason)

    async def wait_for_model(self, message_id: UUID, worker: str) -> bool:
        """No model for its language is there; this was no attempt."""
        return await self._leave(message_id, worker, MessageState.WAITING_FOR_MODEL, None, attempted=False)

    async def give_back(self, message_id: UUID, worker: str, attempted: bool) -> bool:
        """Any worker may take it again. `attempted`: it stopped a decoder, which counts."""
        return await self._leave(message_id, worker, MessageState.TO_TRANSCRIBE, None, attempted)

    async def wake_waiting(self, language: str) -> int:
        """A model for `language` is there: its waiting messages are to be transcribed. Returns how many."""
        query = (
            update(MessageRow)
            .where(MessageRow.state == MessageState.WAITING_FOR_MODEL, MessageRow.language == language)
            .values(state=MessageState.TO_TRANSCRIBE)
            .returning(MessageRow.id)
        )
        async with self._database.session() as session:
            return len((await session.execute(query)).scalars().all())

    async def _leave(
        self, message_id: UUID, worker: str, to: MessageState, reason: str | None, attempted: bool = True
    ) -> bool:
        async with self._held(message_id, worker) as (changes, row):
            if row is None:
                return False
            changes.move(row, to, reason)
            row.attempts -= not attempted
            if to is not MessageState.TO_TRANSCRIBE:
                await _note(changes, row, to.value, reason or "no model for its language")
            return True

    @asynccontextmanager
    async def _held(self, message_id: UUID, worker: str) -> AsyncIterator[tuple[Changes, MessageRow | None]]:
        async with self._changes() as changes:
            query = select(MessageRow).where(
                MessageRow.id == message_id,
                MessageRow.state == MessageState.TRANSCRIBING,
                MessageRow.worker == worker,
            )
            row = (await changes.session.execute(query.with_for_update())).scalar_one_or_none()
            if row is None:
                log.info("message_not_held", message_id=str(message_id), worker=worker)
            yield changes, row


async def _note(changes: Changes, row: MessageRow, what: str, reason: str) -> None:
    if row.practice_id is not None:
        changes.note(await changes.practice(row.practice_id), AUTHOR, what, reason)


async def _close_when_empty(changes: Changes, row: MessageRow) -> None:
    if row.practice_id is None:
        return
    # The practice is locked before its messages are read: two empty messages at once still close it.
    practice = await changes.practice(row.practice_id)
    await changes.session.flush()
    messages = await changes.session.execute(select(MessageRow).where(MessageRow.practice_id == practice.id))
    if closes_as_no_content(practice.value(), [message.value() for message in messages.scalars()]):
        changes.step(practice, PracticeState.CLOSED, "no speech in any message", AUTHOR, Closure.NO_CONTENT)
