"""The desk behind one call: the flows' port on the real services."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from dialplan.known import KnownCalendar
from foundation import logs
from foundation.clock import Clock
from foundation.database import is_away
from foundation.outbox import Outbox
from foundation.patience import within
from ivr import metrics
from ivr.diary import Diary, MessageSoFar, draft_of
from ivr.guesses import Guesses
from ivr.model import Draft, Filed, Hours, RecordsAway, Visit
from ivr.rules import slowing_s
from ivr.settings import IvrSettings
from pbx.ari.recordings import BadRecording, seconds_on_disk
from phone.call import Call, Ended, Recorded
from ticket_core.audio_store import AudioStore, discard
from ticket_core.code_stock import CodeStock
from ticket_core.model import Audio, PracticeStatus
from ticket_core.service import Practices

log = logs.get(__name__)

DATABASE_WITHIN_S = 0.5
ONE_BLOCK = 4096
MEGABYTE = 2**20


@dataclass(frozen=True)
class Services:
    """What every desk works with."""

    practices: Practices
    calendar: KnownCalendar
    outbox: Outbox
    codes: CodeStock
    audio: AudioStore
    guesses: Guesses
    clock: Clock
    settings: IvrSettings
    spool: Path
    sounds: Path

    def diary(self, call_id: UUID) -> Diary:
        """The diary of a call, new or found again."""
        return Diary(self.outbox, self.clock, call_id)


class CallDesk:
    """Implements `ivr.ports.Desk` for one call."""

    def __init__(self, services: Services, diary: Diary, caller: str | None) -> None:
        self._services = services
        self._diary = diary
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

    def enter(self, flow: str, language: str) -> None:
        self._diary.entered(flow, language)
        metrics.IN_FLOWS.enter(self._diary.call_id, flow)
        log.info("flow_entered", flow=flow)

    def note(self, kind: str, **detail: Any) -> None:
        self._diary.step(kind, **detail)

    def speaks(self, language: str) -> None:
        self._diary.language(language)

    async def remember(self, visit: Visit) -> None:
        await self._diary.visit(visit)

    async def status(self, code: str) -> PracticeStatus | None:
        await asyncio.sleep(slowing_s(*self._services.guesses.count(self._caller)))
        try:
            return await within(self._services.practices.status(code), self.settings.look_up_s)
        except Exception as error:
            if not is_away(error):
                raise
            log.warning("look_up_failed", **logs.fault(error))
            raise RecordsAway from error

    def code_failed(self) -> None:
        self._services.guesses.failed(self._caller)

    def can_record(self) -> bool:
        free = shutil.disk_usage(self._services.spool).free
        enough = free >= max(self.settings.disk_reserve_mb * MEGABYTE, ONE_BLOCK)
        if not enough:
            log.error("disk_reserve_reached", free_mb=free // MEGABYTE)
        return enough

    async def open_message(self, call: Call, adds_to: PracticeStatus | None) -> Draft:
        known = self._diary.message_so_far()
        if known is None:
            # The call's own id: whoever resumes the call finds the same message, and the guard sees by a recording's name who is speaking.
            await self._diary.message(call.id, call.language, self._caller, adds_to)
            return Draft(call.id)
        draft = draft_of(known)
        if known.is_open and known.takes:
            await asyncio.to_thread(self._look_for_takes, draft, known)
        return draft

    def _look_for_takes(self, draft: Draft, known: MessageSoFar) -> None:
        newest = known.take_names()[0]
        if recording_path(self._services.spool, newest).exists():
            draft.unfinished_take = newest
        else:
            draft.takes -= 1
        draft.best = last_good_take(self._services, known, draft.unfinished_take)

    async def note_take(self, draft: Draft, take: str) -> None:
        await self._diary.take(draft.message_id, take)

    async def file_message(self, draft: Draft, recorded: Recorded, listens: bool = True) -> Filed:
        return await file(self._services, self._diary, recorded, listens)

    async def abandon_message(self, draft: Draft, reason: str) -> None:
        await self._diary.abandoned(draft.message_id, reason)

    async def discard_take(self, take: str) -> None:
        await asyncio.to_thread(discard, recording_path(self._services.spool, take))


def recording_path(spool: Path, take: str) -> Path:
    """Where Asterisk writes a take."""
    return spool / "recording" / f"{take}.wav"


def last_good_take(services: Services, message: MessageSoFar, other_than: str | None = None) -> Recorded | None:
    """The newest take in the spool that is long enough. A take is removed only when a better one has replaced it."""
    for take in message.take_names():
        try:
            seconds = seconds_on_disk(recording_path(services.spool, take))
        except BadRecording:
            continue
        if take != other_than and seconds >= services.settings.least_talk_s:
            # Nobody measured the talk: the audio is kept, and the worker says when there is no speech in it.
            return Recorded(take, seconds, seconds, Ended.HANG_UP)
    return None


async def file(services: Services, diary: Diary, recorded: Recorded, listens: bool) -> Filed:
    """Audio into the store, practice and code into the diary; only then the spool is cleared. Raises OSError.

    A code that nobody will hear is not given: the fallback may have made the call's practice already, under another one.
    """
    message = diary.message_so_far()
    assert message is not None
    recording = recording_path(services.spool, recorded.name)
    kept = await asyncio.to_thread(services.audio.keep, recording, message.id)
    code = await services.codes.take() if listens and not message.adds_to_code else None
    await diary.filed(message.id, Audio(kept, recorded.seconds, recorded.talk_seconds), code)
    await diary.is_in_the_database(DATABASE_WITHIN_S)
    await asyncio.to_thread(discard, recording)
    return Filed(message.adds_to_code or code, added=message.adds_to_code is not None)
