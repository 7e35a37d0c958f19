"""The desk behind one call, and the office that opens one for each: the flows' ports on the real services."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from dialplan.numbers import caller_number
from dialplan.store import CalendarStore
from foundation import logs
from foundation.bus import Bus, BusError
from foundation.clock import Clock
from ivr.guesses import Guesses
from ivr.model import Draft, Filed, Hours
from ivr.rules import slowing_s
from ivr.settings import IvrSettings
from ledger.model import Call as LedgerCall
from ledger.model import Outcome, StepKind
from ledger.service import Ledger
from pbx.ari.recordings import BadRecording, seconds_on_disk
from phone.call import Call, Ended, Recorded
from ticket_core.audio_store import AudioStore, discard
from ticket_core.model import Audio, Message, MessageState, PracticeStatus
from ticket_core.service import Practices

log = logs.get(__name__)

# A message's id is made from its call's: whoever resumes the call finds the same message.
MESSAGES = UUID("0c5f6a0e-9d4b-4b52-8f4e-1f6f4a3b7c11")
NEWS = "voicemail.messages"


@dataclass(frozen=True)
class Services:
    """What every desk works with."""

    practices: Practices
    ledger: Ledger
    calendar: CalendarStore
    bus: Bus
    audio: AudioStore
    guesses: Guesses
    clock: Clock
    settings: IvrSettings
    spool: Path
    sounds: Path


class CallDesk:
    """Implements `ivr.ports.Desk` for one call."""

    def __init__(self, services: Services, call_id: UUID, caller: str | None) -> None:
        self._services = services
        self._call_id = call_id
        self._caller = caller
        self.settings = services.settings

    async def hours(self) -> Hours:
        calendar = await self._services.calendar.load()
        now = self._services.clock.now()
        following = calendar.next_opening(now)
        week = calendar.weekly
        return Hours(
            calendar.is_open(now), week.first_day, week.last_day, week.opens, week.closes,
            now.astimezone(calendar.zone), following.astimezone(calendar.zone) if following else None,
        )  # fmt: skip

    def bulletin(self) -> bool:
        return all((self._services.sounds / language / "bulletin.wav").exists() for language in ("it", "en"))

    async def note(self, kind: str, **detail: Any) -> None:
        await self._services.ledger.step(self._call_id, kind, **detail)

    async def speaks(self, language: str) -> None:
        await self._services.ledger.language(self._call_id, language)

    async def status(self, code: str) -> PracticeStatus | None:
        await asyncio.sleep(slowing_s(*self._services.guesses.count(self._caller)))
        return await self._services.practices.status(code)

    def code_failed(self) -> None:
        self._services.guesses.failed(self._caller)

    async def open_message(self, call: Call, adds_to: UUID | None) -> Draft:
        draft = Draft(uuid5(MESSAGES, str(self._call_id)))
        known = await self._services.practices.message(draft.message_id)
        if known is None:
            first = f"{draft.message_id}-1"
            await self._services.practices.open_message(
                draft.message_id, self._call_id, call.language, self._caller, first, adds_to
            )
        else:
            await self._find_again(draft, known)
        return draft

    async def _find_again(self, draft: Draft, known: Message) -> None:
        draft.takes = int(known.recording.rpartition("-")[2])
        if known.practice_id is not None:
            practice = await self._services.practices.practice(known.practice_id)
            if practice:
                draft.filed = Filed(practice.code, added=known.adds_to is not None)
            return
        if recording_path(self._services.spool, known.recording).exists():
            draft.unfinished_take = known.recording
        else:
            draft.takes -= 1
        draft.best = await asyncio.to_thread(last_good_take, self._services, known, draft.unfinished_take)

    async def note_take(self, draft: Draft, take: str) -> None:
        await self._services.practices.note_take(draft.message_id, take)

    async def file_message(self, draft: Draft, recorded: Recorded) -> Filed:
        return await file(self._services, draft.message_id, recorded)

    async def abandon_message(self, draft: Draft, reason: str) -> None:
        await self._services.practices.abandon_message(draft.message_id, reason)

    async def discard_take(self, take: str) -> None:
        await asyncio.to_thread(discard, recording_path(self._services.spool, take))


class Office:
    """Implements `ivr.ports.FrontOffice`."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def number(self, shown: str) -> str | None:
        return caller_number(shown)

    async def welcome(self, call_id: UUID, caller: str | None, dialled: str, language: str, resumed: bool) -> CallDesk:
        await self._services.ledger.arrived(call_id, caller, dialled, language)
        if resumed:
            await self._services.ledger.step(call_id, StepKind.RESUMED)
        return CallDesk(self._services, call_id, caller)

    async def farewell(self, call_id: UUID, outcome: Outcome) -> None:
        await self._services.ledger.ended(call_id, outcome)

    async def sent_to_fallback(self, call_id: UUID) -> None:
        await self._services.ledger.step(call_id, StepKind.FALLBACK)

    async def reconcile(self, live: Collection[UUID]) -> None:
        for message in await self._services.practices.unfiled_messages():
            if message.call_id not in live:
                await self._settle(message)
        for call in await self._services.ledger.open_calls():
            if call.call_id not in live:
                await self._close(call)

    async def _settle(self, message: Message) -> None:
        take = await asyncio.to_thread(last_good_take, self._services, message)
        if take:
            await file(self._services, message.id, take)
        else:
            await self._services.practices.abandon_message(message.id, "the call ended while nobody was there")
        log.info("message_settled", message_id=str(message.id), filed=take is not None)

    async def _close(self, call: LedgerCall) -> None:
        full = await self._services.ledger.call(call.call_id)
        if full is None or any(step.kind is StepKind.FALLBACK for step in full.steps):
            return  # the dialplan has it, or had it: the import of what it recorded closes the page
        states = {message.state for message in await self._services.practices.messages_of_call(call.call_id)}
        left = states - {MessageState.ABANDONED}
        outcome = Outcome.MESSAGE_LEFT if left else Outcome.MISSED if states else Outcome.ABANDONED
        await self._services.ledger.ended(call.call_id, outcome)
        log.info("call_closed_afterwards", call_id=str(call.call_id), outcome=outcome.value)


def recording_path(spool: Path, take: str) -> Path:
    """Where Asterisk writes a take."""
    return spool / "recording" / f"{take}.wav"


def last_good_take(services: Services, message: Message, other_than: str | None = None) -> Recorded | None:
    """The newest take in the spool that is long enough. A take is removed only when a better one has replaced it."""
    message_id, _, number = message.recording.rpartition("-")
    for take in (f"{message_id}-{n}" for n in range(int(number), 0, -1)):
        try:
            seconds = seconds_on_disk(recording_path(services.spool, take))
        except BadRecording:
            continue
        if take != other_than and seconds >= services.settings.least_talk_s:
            # Nobody measured the talk: the audio is kept, and the worker says when there is no speech in it.
            return Recorded(take, seconds, seconds, Ended.HANG_UP)
    return None


async def file(services: Services, message_id: UUID, recorded: Recorded) -> Filed:
    """Audio into the store, practice into the database, news to the worker; only then the spool is cleared."""
    recording = recording_path(services.spool, recorded.name)
    kept = await asyncio.to_thread(services.audio.keep, recording, message_id)
    practice = await services.practices.file_message(message_id, Audio(kept, recorded.seconds, recorded.talk_seconds))
    await asyncio.to_thread(discard, recording)
    try:
        await services.bus.publish(NEWS, {"message": str(message_id)})
    except BusError as error:
        # The row is the truth: the worker's sweep finds it.
        log.warning("news_not_sent", message_id=str(message_id), **logs.fault(error))
    message = await services.practices.message(message_id)
    return Filed(practice.code, added=bool(message and message.adds_to))
