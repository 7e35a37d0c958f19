"""Messages that Asterisk took alone, while nothing of ours answered, become practices like any other."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid5

from dialplan.numbers import caller_number
from foundation import logs
from ledger.model import Outcome
from ledger.service import Ledger
from pbx.ari.recordings import BadRecording, seconds_on_disk
from ticket_core.audio_store import AudioStore, discard
from ticket_core.model import Audio
from ticket_core.service import Practices
from voicemail_worker import metrics

log = logs.get(__name__)

# Asterisk writes a growing recording every two seconds: one untouched for longer has ended.
SETTLED_S = 10.0
# Greeting, notice and the longest message: after that a note without a recording is a caller who hung up before the beep.
LONGEST_CALL_S = 300.0
LEAST_S = 2.0
LANGUAGE = "it"  # the fallback speaks both languages and asks nothing
# Makes a message's id from its call's: importing twice is importing once.
SPACE = UUID("6f1f0a52-4f0e-4a8e-9a53-9a2b1f4a7f60")


class SpoolImport:
    """Looks through the fallback's spool: `CALL_ID.call` (who, when) beside `CALL_ID.wav`, either of which may be missing."""

    def __init__(self, folder: Path, practices: Practices, ledger: Ledger, store: AudioStore) -> None:
        self._folder = folder
        self._practices = practices
        self._ledger = ledger
        self._store = store

    async def run(self) -> int:
        """Import what has settled; returns how many calls. A call that cannot be read is left where it is, and said so."""
        done = 0
        for name in sorted({path.stem for kind in ("*.call", "*.wav") for path in self._folder.glob(kind)}):
            note, recording = self._folder / f"{name}.call", self._folder / f"{name}.wav"
            if not _settled(note, recording):
                continue
            try:
                await self._import(UUID(name), note, recording)
            except ValueError as error:
                log.error("fallback_call_unreadable", file=name, **logs.fault(error))
                continue
            discard(recording)
            discard(note)
            done += 1
        return done

    async def _import(self, call_id: UUID, note: Path, recording: Path) -> None:
        seconds, ended = await asyncio.to_thread(_length_and_end, recording)
        caller, started = await asyncio.to_thread(_who_and_when, note, ended)
        outcome = Outcome.MISSED
        if seconds >= LEAST_S:
            message_id = uuid5(SPACE, str(call_id))
            await self._practices.open_message(message_id, call_id, LANGUAGE, caller, recording.stem)
            await self._practices.file_message(
                message_id, Audio(self._store.keep(recording, message_id), seconds, seconds)
            )
            outcome = Outcome.MESSAGE_LEFT
        await self._ledger.import_call(call_id, caller, started, LANGUAGE, outcome, ended)
        metrics.FALLBACK_CALLS.labels(outcome=outcome.value).inc()
        log.info("fallback_call_imported", call_id=str(call_id), outcome=outcome.value)


def _who_and_when(note: Path, ended: datetime | None) -> tuple[str | None, datetime]:
    """Raises ValueError for a note that is not one. A message whose note could not be written is a message all the same."""
    if not note.exists():
        return None, ended or datetime.now(UTC)
    epoch, _, rest = note.read_text(encoding="ascii").partition("|")
    return caller_number(rest.partition("|")[0]), datetime.fromtimestamp(int(epoch), UTC)


def _length_and_end(recording: Path) -> tuple[float, datetime | None]:
    try:
        return seconds_on_disk(recording), datetime.fromtimestamp(recording.stat().st_mtime, UTC)
    except BadRecording:
        return 0.0, None  # the caller hung up before the beep


def _settled(note: Path, recording: Path) -> bool:
    if recording.exists():
        return time.time() - recording.stat().st_mtime > SETTLED_S
    return time.time() - note.stat().st_mtime > LONGEST_CALL_S
