"""What Asterisk recorded alone becomes a practice like any other, once."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4, uuid5

import pytest

from foundation.database import Database
from ledger.model import Outcome, StepKind
from ledger.service import Ledger
from tests.clocks import HeldClock
from tests.practices import CODES, COUNTING
from ticket_core.audio_store import AudioStore
from ticket_core.model import Audio, MessageState
from ticket_core.service import Practices
from voicemail_worker.fallback_note import LONGEST_TALK, LONGEST_WAIT, QUIET, QUIET_ALONE
from voicemail_worker.spool_import import SPACE, SpoolImport

CALLER = "+390612345678"
BEGAN = 1_790_000_000
AN_INSTANT, A_MOMENT = timedelta(seconds=0), timedelta(seconds=1)


class Spool:
    """The fallback's folder, and everything behind its import."""

    def __init__(self, folder: Path, database: Database, clock: HeldClock) -> None:
        self.folder = folder / "fallback"
        self.folder.mkdir()
        self.practices = Practices(database, clock, COUNTING, CODES)
        self.ledger = Ledger(database, clock)
        self.audio = folder / "audio"
        self.importing = SpoolImport(self.folder, self.practices, self.ledger, AudioStore(self.audio), clock)
        self._clock = clock

    def left(self, call_id: UUID, seconds: float | None, note: str | None, age: timedelta = AN_INSTANT) -> None:
        """What the dialplan leaves behind: a recording of so many seconds, a note, untouched for `age`."""
        then = (self._clock.now() - age).timestamp()
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


def note(*facts: str, shown: str = "0612345678") -> str:
    """A note: each fact `WORD SECONDS [VALUE]` with its seconds after the start."""
    lines = ["entered 0", f"caller 0 {shown}", "dialled 0 800840840", *facts]
    return "".join(f"{word} {BEGAN + int(after)} {' '.join(value)}\n" for word, after, *value in map(str.split, lines))


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(BEGAN + seconds, UTC)


MESSAGE = note("hours 21 closed", "recording 40", "recorded 50 128044", "ended 60")


async def test_a_recorded_call_becomes_a_practice_a_message_and_a_page_in_the_ledger_as_soon_as_it_ends(
    spool: Spool,
) -> None:
    call_id = uuid4()
    spool.left(call_id, 8.0, MESSAGE)
    (spool.folder / f"{call_id}.probe").write_text("room")
    assert await spool.importing.run() == 1
    page = await spool.ledger.call(call_id)
    assert page is not None
    assert (page.caller, page.dialled, page.outcome) == (CALLER, "800840840", Outcome.MESSAGE_LEFT)
    assert (page.started_at, page.ended_at) == (at(0), at(60))
    assert [(step.kind, step.at) for step in page.steps] == [
        (StepKind.FALLBACK, at(0)), (StepKind.VOICEMAIL, at(40)), (StepKind.ENDED, at(60)),
    ]  # fmt: skip
    practice = await spool.practices.practice_of_call(call_id)
    assert practice is not None
    [message] = await spool.practices.messages_of(practice.id)
    assert (message.state, message.seconds, message.caller) == (MessageState.TO_TRANSCRIBE, 8.0, CALLER)
    assert (spool.audio / str(message.audio_path)).stat().st_size == 44 + 8 * 16000
    assert not list(spool.folder.iterdir()), "what is imported leaves the spool"
    assert [call.call_id for call in await spool.ledger.callback_list()] == [call_id], "its caller heard no code"


async def test_a_call_that_an_operator_answered_says_by_whom_and_when(spool: Spool) -> None:
    call_id = uuid4()
    spool.left(call_id, None, note("hours 21 open", "waiting 25", "answered 33 PJSIP/201", "ended 95"))
    assert await spool.importing.run() == 1
    page = await spool.ledger.call(call_id)
    assert page is not None
    assert (page.outcome, page.ended_at) == (Outcome.ANSWERED, at(95))
    assert [(step.kind, step.at) for step in page.steps] == [
        (StepKind.FALLBACK, at(0)), (StepKind.QUEUED, at(25)), (StepKind.ANSWERED, at(33)), (StepKind.ENDED, at(95)),
    ]  # fmt: skip
    assert page.steps[2].detail == {"operator": "PJSIP/201"}
    assert await spool.ledger.callback_list() == []


async def test_a_caller_who_hung_up_while_operators_were_rung_is_a_missed_call(spool: Spool) -> None:
    call_id = uuid4()
    spool.left(call_id, None, note("hours 21 open", "waiting 25", "ended 50"))
    assert await spool.importing.run() == 1
    [to_call] = await spool.ledger.callback_list()
    assert (to_call.call_id, to_call.outcome, to_call.ended_at) == (call_id, Outcome.MISSED, at(50))


async def test_a_message_that_the_disk_had_no_room_for_is_a_fault_of_ours(spool: Spool) -> None:
    call_id = uuid4()
    spool.left(call_id, 0.0, note("recording 40", "failed 50", "ended 70"))
    assert await spool.importing.run() == 1
    [to_call] = await spool.ledger.callback_list()
    assert (to_call.call_id, to_call.outcome) == (call_id, Outcome.ERROR)


async def test_a_call_that_has_a_practice_gets_no_second_one(spool: Spool) -> None:
    call_id, first = uuid4(), uuid4()
    await spool.practices.open_message(first, call_id, "it", CALLER, f"{first}-1")
    practice = await spool.practices.file_message(first, Audio("no/such.wav", 5.0, 5.0))
    spool.left(call_id, 8.0, MESSAGE)
    await spool.importing.run()
    assert [made.code for made in await spool.practices.recent(10)] == [practice.code]
    assert sorted(message.seconds or 0 for message in await spool.practices.messages_of(practice.id)) == [5.0, 8.0]


async def test_importing_twice_is_importing_once(spool: Spool) -> None:
    call_id = uuid4()
    for _ in range(2):  # as when the power fails between the database and the spool
        spool.left(call_id, 8.0, MESSAGE)
        await spool.importing.run()
    assert len(await spool.practices.recent(10)) == 1
    [call] = await spool.ledger.recent(10)
    page = await spool.ledger.call(call.call_id)
    assert page is not None
    assert len(page.steps) == 3


@pytest.mark.parametrize(
    ("seconds", "written", "longest"),
    [
        (8.0, note("recording 40"), QUIET),
        (8.0, None, QUIET_ALONE),
        (None, note("waiting 25"), LONGEST_WAIT),
        (None, note("waiting 25", "answered 33 PJSIP/201"), LONGEST_TALK),
        (None, "", LONGEST_WAIT),
    ],
)
async def test_a_call_whose_end_nobody_wrote_is_left_alone_until_it_must_be_over(
    spool: Spool, seconds: float | None, written: str | None, longest: timedelta
) -> None:
    call_id = uuid4()
    spool.left(call_id, seconds, written, longest - A_MOMENT)
    assert await spool.importing.run() == 0, "the caller may still be there"
    spool.left(call_id, seconds, written, longest + A_MOMENT)
    assert await spool.importing.run() == 1
    assert not list(spool.folder.iterdir())


@pytest.mark.parametrize("seconds", [None, 0.0, 1.9])
async def test_an_empty_or_too_short_recording_is_a_missed_call_and_no_practice(
    spool: Spool, seconds: float | None
) -> None:
    spool.left(uuid4(), seconds, MESSAGE)
    await spool.importing.run()
    assert await spool.practices.recent(10) == []
    assert [call.outcome for call in await spool.ledger.callback_list()] == [Outcome.MISSED]


@pytest.mark.parametrize("shown", ["", "anonymous", "12|34", "+39 06 \xff"])
async def test_a_message_without_a_number_is_a_message(spool: Spool, shown: str) -> None:
    call_id = uuid4()
    spool.left(call_id, 8.0, note("ended 60", shown=shown))
    await spool.importing.run()
    assert await spool.practices.practice_of_call(call_id) is not None
    page = await spool.ledger.call(call_id)
    assert page is not None
    assert page.caller is None


@pytest.mark.parametrize("line", range(6))
async def test_any_line_of_a_note_may_be_missing_or_cut_off(spool: Spool, line: int) -> None:
    call_id, lines = uuid4(), MESSAGE.splitlines(keepends=True)
    lines[line] = lines[line][: len(lines[line]) // 3]
    spool.left(call_id, 8.0, "".join(lines), QUIET + A_MOMENT)
    assert await spool.importing.run() == 1
    assert await spool.practices.practice_of_call(call_id) is not None
    assert [call.outcome for call in await spool.ledger.recent(10)] == [Outcome.MESSAGE_LEFT]


async def test_a_note_that_is_none_is_a_call_without_facts_and_stops_no_other(spool: Spool) -> None:
    bad, good = UUID(int=1), UUID(int=2)
    spool.left(bad, 8.0, "not a note")
    spool.left(good, 8.0, MESSAGE)
    assert await spool.importing.run() == 1
    spool.left(bad, 8.0, "not a note", QUIET + A_MOMENT)
    assert await spool.importing.run() == 1
    for call_id in (bad, good):
        assert await spool.practices.practice_of_call(call_id) is not None


async def test_a_file_that_is_no_calls_is_left_where_it_is(spool: Spool) -> None:
    (spool.folder / "holiday.wav").write_bytes(bytes(50000))
    os.utime(spool.folder / "holiday.wav", (1, 1))
    assert await spool.importing.run() == 0
    assert (spool.folder / "holiday.wav").exists()


async def test_a_recording_that_cannot_be_kept_stays_and_holds_up_no_other(spool: Spool) -> None:
    bad, good = UUID(int=1), UUID(int=2)
    for call_id in (bad, good):
        spool.left(call_id, 8.0, MESSAGE)
    kept = spool.audio / AudioStore(spool.audio).name(uuid5(SPACE, str(bad)))
    kept.with_suffix(".unfinished").mkdir(parents=True)  # nothing can be written where a folder stands
    assert await spool.importing.run() == 1
    assert {path.stem for path in spool.folder.iterdir()} == {str(bad)}
    kept.with_suffix(".unfinished").rmdir()
    assert await spool.importing.run() == 1
    assert await spool.practices.practice_of_call(bad) is not None
