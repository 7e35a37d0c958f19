"""`Practices`: the verbs that other rooms call. Each is one transaction, and each can be repeated without harm."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid5

from sqlalchemy import bindparam, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased
from sqlalchemy.sql.elements import ColumnElement

from foundation import logs
from ticket_core.changes import Changes, UnknownPractice
from ticket_core.message_store import MessageRow
from ticket_core.model import (
    Audio,
    Channel,
    Message,
    MessageState,
    Practice,
    PracticeState,
    PracticeStatus,
    Request,
    Requester,
)
from ticket_core.rules import REOPENABLE, is_told
from ticket_core.store import PracticeRow
from ticket_core.transcription import Transcription

log = logs.get(__name__)

CALLER = "caller"

# A practice's id is made from its call's: whoever files a second message of one call finds the same practice.
PRACTICES = UUID("4b0f6e5b-3c0a-4a43-8f5e-0d9f7a1b6c52")

_KEPT = aliased(PracticeRow)
# Made once: putting it together takes longer than the database takes to answer it.
_OTHER = aliased(PracticeRow)
_LEFT = select(_OTHER.id).where(_OTHER.id == PracticeRow.merged_into, _OTHER.erased_at.is_(None)).scalar_subquery()
_TOLD = (
    select(_KEPT.id, _KEPT.state, _KEPT.closure, _KEPT.state_since, _KEPT.due_on, _KEPT.answered_at)
    .select_from(PracticeRow)
    .join(_KEPT, _KEPT.id == func.coalesce(_LEFT, PracticeRow.id))
    .where(PracticeRow.code == bindparam("code"))
)


class Practices(Transcription):
    """Practices and their voice messages; verbs of the worker in `Transcription`, those of people in `casework.py`."""

    # -- the mailbox

    async def open_message(
        self,
        message_id: UUID,
        call_id: UUID,
        language: str,
        caller: str | None,
        recording: str,
        adds_to: UUID | None = None,
        at: datetime | None = None,
    ) -> None:
        """Write the message's row, before the beep. Raises `UnknownPractice` for an `adds_to` that is not there."""
        async with self._changes(at) as changes:
            if adds_to is not None and await changes.session.get(PracticeRow, adds_to) is None:
                raise UnknownPractice(f"no practice has the id {adds_to}: the message cannot be added to it")
            values = {
                "id": message_id,
                "call_id": call_id,
                "adds_to": adds_to,
                "language": language,
                "caller": caller,
                "recording": recording,
                "state": MessageState.RECORDING,
                "made_at": changes.now,
            }
            await changes.session.execute(
                insert(MessageRow).values(values).on_conflict_do_nothing(index_elements=["id"])
            )

    async def note_take(self, message_id: UUID, recording: str) -> None:
        """Name the take that counts now; a message that is filed or abandoned keeps its own. Raises `UnknownMessage`."""
        async with self._changes() as changes:
            row = await changes.message(message_id)
            if row.state is MessageState.RECORDING:
                row.recording = recording

    async def file_message(
        self, message_id: UUID, audio: Audio, code: str | None = None, at: datetime | None = None
    ) -> Practice:
        """Give the message a practice: a new one, the one of its call, or the one it adds to. Again: the same practice.

        `code` was leased with `lease_codes` and may have been told to the caller: then the practice has this one.
        Raises `UnknownMessage`; `IllegalStep` for a message that was abandoned.
        """
        async with self._changes(at) as changes:
            message = await changes.message(message_id)
            if message.practice_id is not None:
                return (await changes.practice(message.practice_id)).value()
            changes.move(message, MessageState.TO_TRANSCRIBE)
            practice = await self._practice_for(changes, message, code)
            message.practice_id = practice.id
            message.audio_path, message.seconds, message.talk_seconds = audio.path, audio.seconds, audio.talk_seconds
            value = practice.value()
        log.info("message_filed", message_id=str(message_id), practice_id=str(value.id), call_id=str(message.call_id))
        return value

    async def _practice_for(self, changes: Changes, message: MessageRow, code: str | None) -> PracticeRow:
        request = Request(
            channel=Channel.VOICE_MESSAGE, language=message.language, requester=Requester(phone=message.caller)
        )
        # Two of ours may take messages of one call, each without knowing of the other: the caller's code must stay true.
        own = message.adds_to or uuid5(PRACTICES, str(message.call_id))
        for practice_id in (own, uuid5(PRACTICES, f"{message.call_id} {code}")):
            practice = await changes.session.get(PracticeRow, practice_id, with_for_update=True)
            if practice is None:
                return await changes.open_practice(request, CALLER, practice_id, code)
            kept = await changes.practice(practice.merged_into) if practice.merged_into else practice
            if kept.erased_at is None and (practice_id == message.adds_to or code in (None, practice.code)):
                return _added(changes, kept)
            # A code that was told and is forgotten by now is never given to anything else.
            if kept.erased_at and code and (code == practice.code or not await changes.never_erased([code])):
                code = None
        return await changes.open_practice(request, CALLER)

    async def lease_codes(self, holder: str, count: int) -> list[str]:
        """Draw codes in advance for a process that must be able to give one out while the database is away."""
        async with self._changes() as changes:
            return await changes.draw_codes(count, holder)

    async def abandon_message(self, message_id: UUID, reason: str, at: datetime | None = None) -> None:
        """Close a message in which too little was said. Raises `UnknownMessage`; `IllegalStep` when it was filed."""
        async with self._changes(at) as changes:
            row = await changes.message(message_id)
            if row.state is not MessageState.ABANDONED:
                changes.move(row, MessageState.ABANDONED, reason)

    async def message(self, message_id: UUID) -> Message | None:
        """One message, or None."""
        return next(iter(await self._messages(MessageRow.id == message_id)), None)

    async def unfiled_messages(self) -> list[Message]:
        """Messages neither filed nor abandoned, oldest first: being recorded now, or left behind by a crash."""
        return await self._messages(MessageRow.state == MessageState.RECORDING)

    async def messages_of(self, practice_id: UUID) -> list[Message]:
        """A practice's messages, with those of the practices merged into it, oldest first."""
        merged = select(PracticeRow.id).where(PracticeRow.merged_into == practice_id)
        return await self._messages(or_(MessageRow.practice_id == practice_id, MessageRow.practice_id.in_(merged)))

    async def messages_of_call(self, call_id: UUID) -> list[Message]:
        """The messages that a call began, in any state, oldest first."""
        return await self._messages(MessageRow.call_id == call_id)

    async def _messages(self, which: ColumnElement[bool]) -> list[Message]:
        query = select(MessageRow).where(which).order_by(MessageRow.made_at, MessageRow.id)
        async with self._database.session() as session:
            return [row.value() for row in (await session.execute(query)).scalars()]

    # -- practices

    async def status(self, code: str) -> PracticeStatus | None:
        """State and dates for whoever holds the code: of the practice that it was merged into, unless that one was erased.

        None for a code that no practice has, whose practice was erased, or ended longer ago than `status_days`: from outside these
        are one. The check digit is the caller's business.
        """
        async with self._database.session() as session:
            # One row is read: the beginning and the end of a transaction would be two more ways to the database and back.
            await session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
            row = (await session.execute(_TOLD, {"code": code})).one_or_none()
        if row is None or not is_told(row.state, row.state_since, self._clock.now(), self._counting.status_days):
            return None
        asked = row.state is PracticeState.AWAITING_DOCUMENTS
        return PracticeStatus(
            code=code,
            practice_id=row.id,
            state=row.state,
            closure=row.closure,
            since=row.state_since,
            due_on=row.due_on,
            documents_by=self._counting.documents_by(row.state_since) if asked else None,
            answered_on=self._counting.day(row.answered_at) if row.answered_at else None,
        )

    async def practice(self, practice_id: UUID) -> Practice | None:
        """One practice with its history, or None."""
        return await self._one(PracticeRow.id == practice_id)

    async def find(self, code: str) -> Practice | None:
        """The practice with this code (11 digits), or None."""
        return await self._one(PracticeRow.code == code)

    async def practice_of_call(self, call_id: UUID) -> Practice | None:
        """The practice that a message of this call was filed to, or None."""
        filed = select(MessageRow.practice_id).where(MessageRow.call_id == call_id)
        return await self._one(PracticeRow.id.in_(filed))

    async def recent(self, limit: int) -> list[Practice]:
        """The practices opened last, newest first."""
        query = select(PracticeRow).order_by(PracticeRow.opened_at.desc(), PracticeRow.id).limit(limit)
        async with self._database.session() as session:
            return [row.value() for row in (await session.execute(query)).scalars()]

    async def _one(self, which: ColumnElement[bool]) -> Practice | None:
        query = select(PracticeRow).where(which).order_by(PracticeRow.opened_at.desc()).limit(1)
        async with self._database.session() as session:
            row = (await session.execute(query)).scalar_one_or_none()
            return row.value() if row else None


def _added(changes: Changes, practice: PracticeRow) -> PracticeRow:
    """A message is added to the practice, which is worked on again if it was at its end."""
    changes.note(practice, CALLER, "message_added", "voice message")
    if practice.state in REOPENABLE:
        changes.step(practice, PracticeState.IN_PROGRESS, "the requester left a message", CALLER)
    return practice
