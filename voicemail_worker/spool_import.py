"""Calls that Asterisk took alone, while nothing of ours answered: their messages become practices like any other."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid5

from foundation import logs
from foundation.clock import Clock
from ledger.service import Ledger
from pbx.ari.recordings import BadRecording, seconds_on_disk
from ticket_core.audio_store import AudioStore, discard
from ticket_core.model import Audio
from ticket_core.service import Practices
from voicemail_worker import metrics
from voicemail_worker.fallback_note import LEAST_S, FallbackNote

log = logs.get(__name__)

LANGUAGE = "it"  # the fallback speaks both languages and asks nothing
# Makes a message's id from its call's: importing twice is importing once.
SPACE = UUID("6f1f0a52-4f0e-4a8e-9a53-9a2b1f4a7f60")


@dataclass(frozen=True)
class Left:
    """What the fallback left of one call: a note and a recording, either of which may be missing."""

    note_file: Path
    recording: Path
    note: FallbackNote
    note_written: datetime | None
    recording_grew: datetime | None
    seconds: float

    @classmethod
    def found(cls, folder: Path, name: str) -> Left:
        """Read both files."""
        note_file, recording = folder / f"{name}.call", folder / f"{name}.wav"
        text = note_file.read_text(encoding="ascii", errors="replace") if note_file.exists() else ""
        try:
            seconds = seconds_on_disk(recording)
        except BadRecording:
            seconds = 0.0  # the caller hung up before the beep, or the disk was full
        return cls(note_file, recording, FallbackNote.read(text), _changed(note_file), _changed(recording), seconds)

    @property
    def began(self) -> datetime:
        """When the fallback took the call, as well as anybody knows."""
        return self.note.first or self.note_written or self.recording_grew or datetime.now(UTC)

    @property
    def ended(self) -> datetime:
        """When the call ended: the last that is known of it."""
        known = [self.note.last, self.recording_grew if self.seconds else None]
        return self.note.at("ended") or max((at for at in known if at), default=self.began)

    def discard(self) -> None:
        """Remove what is imported."""
        discard(self.recording)
        discard(self.recording.with_suffix(".probe"))
        discard(self.note_file)


class SpoolImport:
    """Looks through the fallback's spool (see `dialplan/fallback.conf`)."""

    def __init__(self, folder: Path, practices: Practices, ledger: Ledger, store: AudioStore, clock: Clock) -> None:
        self._folder = folder
        self._practices = practices
        self._ledger = ledger
        self._store = store
        self._clock = clock

    async def run(self) -> int:
        """Import the calls that are over; returns how many. A file that is no call's is left where it is, and said so."""
        done = 0
        for name in sorted({path.stem for kind in ("*.call", "*.wav") for path in self._folder.glob(kind)}):
            try:
                call_id = UUID(name)
            except ValueError:
                log.error("no_call_of_the_fallback", file=name)
                continue
            try:
                done += await self._import_if_over(call_id, name)
            except OSError as error:
                # The file's fault, or the store's: the other calls are not kept waiting for it.
                log.error("fallback_call_not_imported", call_id=name, **logs.fault(error))
        return done

    async def _import_if_over(self, call_id: UUID, name: str) -> bool:
        left = await asyncio.to_thread(Left.found, self._folder, name)
        if not left.note.is_over(self._clock.now(), left.note_written, left.recording_grew):
            return False
        await self._import(call_id, left)
        await asyncio.to_thread(left.discard)
        return True

    async def _import(self, call_id: UUID, left: Left) -> None:
        note, outcome = left.note, left.note.outcome(left.seconds)
        if left.seconds >= LEAST_S:
            await self._file(call_id, left)
        await self._ledger.import_call(
            call_id, note.caller, left.began, LANGUAGE, outcome, left.ended, note.value("dialled") or None, note.steps()
        )
        metrics.FALLBACK_CALLS.labels(outcome=outcome.value).inc()
        log.info("fallback_call_imported", call_id=str(call_id), outcome=outcome.value)

    async def _file(self, call_id: UUID, left: Left) -> None:
        """The message, to the practice that the call has already, else to a new one."""
        message_id = uuid5(SPACE, str(call_id))
        practice = await self._practices.practice_of_call(call_id)
        await self._practices.open_message(
            message_id, call_id, LANGUAGE, left.note.caller, left.recording.stem, practice.id if practice else None
        )
        kept = await asyncio.to_thread(self._store.keep, left.recording, message_id)
        await self._practices.file_message(message_id, Audio(kept, left.seconds, left.seconds))


def _changed(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except FileNotFoundError:
        return None
