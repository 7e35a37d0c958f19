"""What Asterisk recorded alone becomes a practice like any other, once."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from dialplan.calendar import Calendar
from foundation.database import Database
from ledger.model import Outcome, StepKind
from ledger.service import Ledger
from tests.clocks import HeldClock
from ticket_core.audio_store import AudioStore
from ticket_core.model import MessageState
from ticket_core.service import Practices
from voicemail_worker.spool_import import LONGEST_CALL_S, SETTLED_S, SpoolImport

CALLER = "+390612345678"
BEGAN = 1_790_000_000


class Spool:
    """The fallback's folder, and everything behind its import."""

    def __init__(self, folder: Path, database: Database, clock: HeldClock) -> None:
        self.folder = folder / "fallback"
        self.folder.mkdir()
        self.practices = Practices(database, clock, Calendar().is_working_day)
        self.ledger = Ledger(database, clock)
        self.audio = folder / "audio"
        self.importing = SpoolImport(self.folder, self.practices, self.ledger, AudioStore(self.audio))

    def left(self, call_id: UUID, seconds: float | None, note: str | None, age_s: float = SETTLED_S + 1) -> None:
        """What the dialplan leaves behind: a recording of so many seconds, a note, untouched for `age_s`."""
        then = time.time() - age_s
        for suffix, content in (
            (".wav", None if seconds is None else bytes(44 + int(seconds * 16000))),
            (".call", None if note is None else note.encode()),
        ):
            if content is not None:
                path = self.folder / f"{call_id}{suffix}"
                path.write_bytes(content)
                os.utime(path, (then, then))


@pytest.fixture
def spool(tmp_path: Path, database: Database, clock: HeldClock) -> Spool:
    return Spool(tmp_path, database, clock)


def note(shown: str = "0612345678") -> str:
    return f"{BEGAN}|{shown}|800840840\n"


async def test_a_recorded_call_becomes_a_practice_a_message_and_a_page_in_the_ledger(spool: Spool) -> None:
    call_id = uuid4()
    spool.left(call_id, 8.0, note())
    assert await spool.importing.run() == 1
    page = await spool.ledger.call(call_id)
    assert page is not None
    assert (page.caller, page.outcome) == (CALLER, Outcome.MESSAGE_LEFT)
    assert page.started_at == datetime.fromtimestamp(BEGAN, UTC)
    assert [step.kind for step in page.steps] == [StepKind.FALLBACK, StepKind.ENDED]
    practice = await spool.practices.practice_of_call(call_id)
    assert practice is not None
    [message] = await spool.practices.messages_of(practice.id)
    assert (message.state, message.seconds, message.caller) == (MessageState.TO_TRANSCRIBE, 8.0, CALLER)
    assert (spool.audio / str(message.audio_path)).stat().st_size == 44 + 8 * 16000
    assert not list(spool.folder.iterdir()), "what is imported leaves the spool"


async def test_importing_twice_is_importing_once(spool: Spool) -> None:
    call_id = uuid4()
    for _ in range(2):  # as when the power fails between the database and the spool
        spool.left(call_id, 8.0, note())
        await spool.importing.run()
    assert len(await spool.practices.recent(10)) == 1
    assert len(await spool.ledger.recent(10)) == 1


async def test_a_recording_still_growing_is_left_alone(spool: Spool) -> None:
    spool.left(uuid4(), 8.0, note(), age_s=1.0)
    assert await spool.importing.run() == 0
    assert len(list(spool.folder.iterdir())) == 2


async def test_a_caller_who_hung_up_before_the_beep_is_a_missed_call(spool: Spool) -> None:
    call_id = uuid4()
    spool.left(call_id, None, note(), age_s=60)
    assert await spool.importing.run() == 0, "the caller may still be listening"
    spool.left(call_id, None, note(), age_s=LONGEST_CALL_S + 1)
    assert await spool.importing.run() == 1
    assert [call.call_id for call in await spool.ledger.callback_list()] == [call_id]
    assert await spool.practices.recent(10) == []


@pytest.mark.parametrize("seconds", [0.0, 1.9])
async def test_an_empty_or_too_short_recording_is_a_missed_call_and_no_practice(spool: Spool, seconds: float) -> None:
    spool.left(uuid4(), seconds, note())
    await spool.importing.run()
    assert await spool.practices.recent(10) == []
    assert [call.outcome for call in await spool.ledger.recent(10)] == [Outcome.MISSED]


@pytest.mark.parametrize("shown", ["", "anonymous", "12|34"])
async def test_a_message_without_a_number_is_a_message(spool: Spool, shown: str) -> None:
    call_id = uuid4()
    spool.left(call_id, 8.0, note(shown))
    await spool.importing.run()
    assert await spool.practices.practice_of_call(call_id) is not None
    page = await spool.ledger.call(call_id)
    assert page is not None
    assert page.caller is None


async def test_a_recording_whose_note_could_not_be_written_is_imported_all_the_same(spool: Spool) -> None:
    call_id = uuid4()
    spool.left(call_id, 8.0, None)
    assert await spool.importing.run() == 1
    assert await spool.practices.practice_of_call(call_id) is not None


async def test_a_note_that_is_none_is_left_where_it_is_and_stops_no_other(spool: Spool) -> None:
    bad, good = UUID(int=1), UUID(int=2)
    spool.left(bad, 8.0, "not a note")
    spool.left(good, 8.0, note())
    assert await spool.importing.run() == 1
    assert {path.stem for path in spool.folder.iterdir()} == {str(bad)}
    assert await spool.practices.practice_of_call(good) is not None


async def test_a_file_that_is_no_calls_is_left_where_it_is(spool: Spool) -> None:
    (spool.folder / "holiday.wav").write_bytes(bytes(50000))
    os.utime(spool.folder / "holiday.wav", (1, 1))
    assert await spool.importing.run() == 0
    assert (spool.folder / "holiday.wav").exists()
