"""The desk behind a call and the office: found again after a crash, also without a database, settled when nobody comes back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from dialplan.known import KnownCalendar
from dialplan.settings import HoursSettings
from dialplan.store import CalendarStore
from foundation.bus import Bus, RedisSettings
from foundation.database import Database, DatabaseSettings
from foundation.journal import Journal
from foundation.outbox import Outbox
from ivr.desk import CallDesk, Services, last_good_take, recording_path
from ivr.diary import MessageSoFar
from ivr.flows.operator import come_back
from ivr.guesses import Guesses
from ivr.model import Place, RecordsAway, Why
from ivr.office import Office
from ivr.records import Records
from ivr.settings import IvrSettings
from ledger.model import Outcome, StepKind
from ledger.service import Ledger
from phone.call import Ended, Recorded
from phone.fake_call import FakeCall
from tests.clocks import HeldClock
from tests.practices import CODES, COUNTING
from ticket_core.audio_store import AudioStore
from ticket_core.code_stock import CodeStock
from ticket_core.model import Audio, MessageState
from ticket_core.service import Practices

CALLER = "+390612345678"
NO_DATABASE = "postgresql+psycopg://nobody@/nothing?host=/nowhere"


class Process:
    """What `ivr` is made of, over one folder: everything real but Redis, which is away. Nothing may depend on it."""

    def __init__(self, database: Database, clock: HeldClock, folder: Path) -> None:
        (folder / "spool/recording").mkdir(parents=True, exist_ok=True)
        (folder / "spool/fallback").mkdir(parents=True, exist_ok=True)
        bus = Bus(RedisSettings(url=f"unix://{folder}/no-redis.sock"))
        self.practices = Practices(database, clock, COUNTING, CODES)
        self.ledger = Ledger(database, clock)
        self.outbox = Outbox(
            Journal(folder / "outbox"),
            Journal(folder / "outbox/refused"),
            Records(self.ledger, self.practices, bus).apply,
        )
        self.codes = CodeStock(folder / "codes", partial(self.practices.lease_codes, "ivr"), block=20)
        calendar = KnownCalendar(
            CalendarStore(database, HoursSettings(), clock), HoursSettings(), folder / "calendar.json"
        )
        self.services = Services(
            self.practices, calendar, self.outbox, self.codes, AudioStore(folder / "audio"), Guesses(clock), clock,
            IvrSettings(look_up_s=0.3, disk_reserve_mb=0), folder / "spool", folder / "sounds",
        )  # fmt: skip
        self.office = Office(self.services, self.ledger)

    async def desk(self, call_id: UUID) -> CallDesk:
        desk, _ = await self.office.welcome(call_id, CALLER, "800840840", "it")
        return desk

    def take(self, name: str, seconds: float) -> Recorded:
        """Asterisk has written this recording."""
        recording_path(self.services.spool, name).write_bytes(bytes(44 + int(seconds * 16000)))
        return Recorded(name, seconds, seconds, Ended.KEY)

    async def applied(self) -> None:
        assert await self.outbox.drained(5.0)

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[Process]:
        """With its outbox being applied; killed at the end."""
        await self.codes.refill()
        running = asyncio.create_task(self.outbox.run())
        try:
            yield self
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


Restart = Callable[[Database], Process]


@pytest.fixture
def started(clock: HeldClock, tmp_path: Path) -> Restart:
    """Start a process over the same folder as the one before."""
    return lambda database: Process(database, clock, tmp_path)


@pytest.fixture
async def ivr(database: Database, started: Restart) -> AsyncIterator[Process]:
    async with started(database).at_work() as process:
        yield process


@pytest.fixture
async def no_database() -> AsyncIterator[Database]:
    database = Database(DatabaseSettings(url=NO_DATABASE))
    yield database
    await database.close()


async def half_said(process: Process, seconds: float) -> tuple[FakeCall, str]:
    """A call in whose mailbox so much was said, and nobody has said yet what is to become of it; the take's name."""
    call = FakeCall()
    desk = await process.desk(call.id)
    draft = await desk.open_message(call, None)
    name = draft.next_take()
    await desk.note_take(draft, name)
    process.take(name, seconds)
    return call, name


async def settle_all(process: Process) -> None:
    for call_id in await process.office.left_behind():
        await process.office.settle(call_id)
    await process.applied()


async def test_a_message_is_filed_with_its_audio_though_redis_is_away(ivr: Process) -> None:
    call = FakeCall()
    desk = await ivr.desk(call.id)
    draft = await desk.open_message(call, None)
    recorded = ivr.take(draft.next_take(), 6.0)
    filed = await desk.file_message(draft, recorded)
    await ivr.applied()
    assert filed.code is not None
    practice = await ivr.practices.find(filed.code)
    assert practice is not None
    [message] = await ivr.practices.messages_of(practice.id)
    assert message.state is MessageState.TO_TRANSCRIBE
    assert ivr.services.audio.path(message.id).stat().st_size == 44 + 6 * 16000
    assert not recording_path(ivr.services.spool, recorded.name).exists()


async def test_a_message_left_while_the_database_is_away_is_there_with_the_code_that_was_told(
    ivr: Process, started: Restart, database: Database, no_database: Database
) -> None:
    """It is written once, by a process that was killed in between, however often it is applied."""
    call = FakeCall()
    async with started(no_database).at_work() as cut_off:
        desk = await cut_off.desk(call.id)
        draft = await desk.open_message(call, None)
        name = draft.next_take()
        await desk.note_take(draft, name)
        filed = await desk.file_message(draft, cut_off.take(name, 6.0))
        await cut_off.office.farewell(call.id, Outcome.MESSAGE_LEFT)
        assert cut_off.outbox.is_away
    assert filed.code is not None
    for _ in range(2):
        async with started(database).at_work() as back:
            await back.applied()
    [practice] = await ivr.practices.recent(10)
    assert practice.code == filed.code
    [message] = await ivr.practices.messages_of(practice.id)
    assert message.seconds == 6.0
    page = await ivr.ledger.call(call.id)
    assert page is not None
    assert page.outcome is Outcome.MESSAGE_LEFT
    assert [step.kind for step in page.steps] == [StepKind.ARRIVED, StepKind.ENDED]


async def test_without_database_and_without_codes_the_message_is_kept_and_its_code_is_drawn_later(
    started: Restart, database: Database, no_database: Database
) -> None:
    call = FakeCall()
    async with started(no_database).at_work() as cut_off:
        desk = await cut_off.desk(call.id)
        draft = await desk.open_message(call, None)
        filed = await desk.file_message(draft, cut_off.take(draft.next_take(), 6.0))
        assert filed.code is None
    async with started(database).at_work() as back:
        await back.applied()
        [practice] = await back.practices.recent(10)
        assert practice.code


async def test_without_database_a_look_up_says_so_and_the_hours_are_those_last_known(
    ivr: Process, started: Restart, database: Database, no_database: Database, clock: HeldClock
) -> None:
    call_id = uuid4()
    calendar = CalendarStore(database, HoursSettings(), clock)
    await calendar.add_override("closed", clock.now().replace(hour=20), "snow", "test")
    assert not (await (await ivr.desk(call_id)).hours()).is_open
    cut_off = started(no_database)
    assert not (await (await cut_off.desk(call_id)).hours()).is_open
    desk = await cut_off.desk(call_id)
    with pytest.raises(RecordsAway):
        await desk.status("12345678901")


async def test_what_the_caller_has_answered_is_remembered_over_a_restart(
    ivr: Process, started: Restart, no_database: Database
) -> None:
    call_id = uuid4()
    desk, visit = await ivr.office.welcome(call_id, CALLER, "800840840", "it")
    assert not visit.resumed
    assert ivr.office.place_of(call_id) is None
    desk.enter("main_menu", "it")
    desk.enter("status", "en")
    visit.code, visit.failed_codes = "12345678901", 1
    visit.reached(Outcome.STATUS_HEARD)
    await desk.remember(visit)
    office = started(no_database).office
    assert office.place_of(call_id) == Place("status", "en")
    _, again = await office.welcome(call_id, CALLER, "800840840", "it")
    assert (again.code, again.failed_codes, again.outcome) == ("12345678901", 1, Outcome.STATUS_HEARD)
    assert again.resumed


async def test_a_disk_that_is_nearly_full_takes_no_message(ivr: Process) -> None:
    desk = await ivr.desk(uuid4())
    assert desk.can_record()
    desk.settings = desk.settings.model_copy(update={"disk_reserve_mb": 1_000_000_000})
    assert not desk.can_record()


async def test_filing_again_after_a_crash_gives_the_same_code(ivr: Process) -> None:
    call = FakeCall()
    desk = await ivr.desk(call.id)
    draft = await desk.open_message(call, None)
    first = await desk.file_message(draft, ivr.take(draft.next_take(), 6.0))
    again = await (await ivr.desk(call.id)).open_message(call, None)
    assert again.filed == first
    await ivr.applied()
    assert len(await ivr.practices.recent(10)) == 1


async def test_a_take_that_was_being_recorded_is_found_again(ivr: Process) -> None:
    call, name = await half_said(ivr, 4.0)
    again = await (await ivr.desk(call.id)).open_message(call, None)
    assert (again.unfinished_take, again.best) == (name, None)


async def test_the_take_before_the_one_that_was_being_recorded_is_kept_as_the_best(ivr: Process) -> None:
    call = FakeCall()
    desk = await ivr.desk(call.id)
    draft = await desk.open_message(call, None)
    first, second = draft.next_take(), draft.next_take()
    ivr.take(first, 6.0)
    await desk.note_take(draft, second)
    ivr.take(second, 1.0)
    again = await desk.open_message(call, None)
    assert again.unfinished_take == second
    assert again.best is not None
    assert again.best.name == first


async def test_a_noted_take_that_never_began_is_recorded_under_the_same_number(ivr: Process) -> None:
    call = FakeCall()
    desk = await ivr.desk(call.id)
    draft = await desk.open_message(call, None)
    name = draft.next_take()
    await desk.note_take(draft, name)
    again = await desk.open_message(call, None)
    assert (again.unfinished_take, again.best, again.next_take()) == (None, None, name)


async def test_a_short_take_is_no_good_one_and_the_newest_good_one_wins(ivr: Process) -> None:
    desk = await ivr.desk(uuid4())
    draft = await desk.open_message(FakeCall(), None)
    names = [draft.next_take() for _ in range(3)]
    for name, seconds in zip(names, (9.0, 5.0, 1.0), strict=True):
        await desk.note_take(draft, name)
        ivr.take(name, seconds)
    so_far = MessageSoFar(draft.message_id, takes=3, adds_to_code=None)
    best = last_good_take(ivr.services, so_far)
    assert best is not None
    assert best.name == names[1]
    other = last_good_take(ivr.services, so_far, other_than=names[1])
    assert other is not None
    assert other.name == names[0]


async def test_a_message_whose_call_is_gone_is_filed_once(ivr: Process) -> None:
    call, _ = await half_said(ivr, 7.0)
    for _ in range(2):
        await settle_all(ivr)
    page = await ivr.ledger.call(call.id)
    assert page is not None
    assert page.outcome is Outcome.MESSAGE_LEFT
    [practice] = await ivr.practices.recent(10)
    [message] = await ivr.practices.messages_of(practice.id)
    assert message.seconds == 7.0


async def test_a_recording_that_a_process_filed_and_did_not_live_to_remove_is_removed_afterwards(ivr: Process) -> None:
    call = FakeCall()
    desk = await ivr.desk(call.id)
    draft = await desk.open_message(call, None)
    name = draft.next_take()
    await desk.note_take(draft, name)
    await desk.file_message(draft, ivr.take(name, 7.0))
    ivr.take(name, 7.0)
    await settle_all(ivr)
    assert not recording_path(ivr.services.spool, name).exists()


async def test_too_little_that_was_said_before_a_crash_is_no_message_and_leaves_nothing_behind(ivr: Process) -> None:
    call, name = await half_said(ivr, 1.0)
    await settle_all(ivr)
    [message] = await ivr.practices.messages_of_call(call.id)
    assert message.state is MessageState.ABANDONED
    assert not recording_path(ivr.services.spool, name).exists()


async def test_a_call_that_is_gone_without_a_word_is_missed_and_its_message_given_up(ivr: Process) -> None:
    call = FakeCall()
    desk = await ivr.desk(call.id)
    await desk.open_message(call, None)
    await settle_all(ivr)
    page = await ivr.ledger.call(call.id)
    assert page is not None
    assert page.outcome is Outcome.MISSED
    [message] = await ivr.practices.messages_of_call(call.id)
    assert message.state is MessageState.ABANDONED
    assert [missed.call_id for missed in await ivr.ledger.callback_list()] == [call.id]


async def test_a_call_that_is_gone_from_the_menu_is_abandoned(ivr: Process) -> None:
    call_id = uuid4()
    await ivr.desk(call_id)
    await settle_all(ivr)
    page = await ivr.ledger.call(call_id)
    assert page is not None
    assert page.outcome is Outcome.ABANDONED


async def test_a_call_that_went_to_the_fallback_is_closed_by_its_import_alone(ivr: Process) -> None:
    call_id = uuid4()
    await ivr.desk(call_id)
    await ivr.office.handed_over(call_id)
    await ivr.applied()
    await settle_all(ivr)
    page = await ivr.ledger.call(call_id)
    assert page is not None
    assert page.outcome is None
    assert page.steps[-1].kind is StepKind.FALLBACK


async def test_a_call_of_which_the_fallback_could_write_no_note_is_missed_and_called_back(
    ivr: Process, clock: HeldClock
) -> None:
    call_id = uuid4()
    await ivr.desk(call_id)
    await ivr.office.handed_over(call_id)
    await ivr.applied()
    clock.move(minutes=2)
    await settle_all(ivr)
    assert [missed.call_id for missed in await ivr.ledger.callback_list()] == [call_id]


async def test_a_call_that_the_fallback_has_noted_is_left_to_its_import(ivr: Process) -> None:
    """The guard sent it there while nothing of ours was alive to write that down."""
    call_id = uuid4()
    await ivr.desk(call_id)
    (ivr.services.spool / "fallback" / f"{call_id}.call").touch()
    await settle_all(ivr)
    page = await ivr.ledger.call(call_id)
    assert page is not None
    assert page.outcome is None


async def test_what_was_said_before_the_fallback_took_the_call_is_kept(ivr: Process) -> None:
    call, _ = await half_said(ivr, 7.0)
    await ivr.office.handed_over(call.id)
    await ivr.applied()
    [practice] = await ivr.practices.recent(10)
    assert len(await ivr.practices.messages_of(practice.id)) == 1


@pytest.mark.parametrize("first", ["ivr", "fallback"])
async def test_what_was_said_to_us_and_to_the_fallback_in_one_call_is_one_practice(ivr: Process, first: str) -> None:
    call, _ = await half_said(ivr, 7.0)

    async def ours() -> None:
        await ivr.office.handed_over(call.id)
        await ivr.applied()

    async def theirs() -> None:
        other = uuid4()
        await ivr.practices.open_message(other, call.id, "it", CALLER, "fallback")
        await ivr.practices.file_message(other, Audio("audio.wav", 5.0, 5.0))

    await ivr.applied()
    for part in (ours, theirs) if first == "ivr" else (theirs, ours):
        await part()
    [practice] = await ivr.practices.recent(10)
    assert len(await ivr.practices.messages_of(practice.id)) == 2
    assert ivr.outbox.refusals == 0


async def test_a_page_whose_diary_is_lost_is_closed_all_the_same(ivr: Process) -> None:
    call_id = uuid4()
    await ivr.ledger.arrived(call_id, CALLER, "800840840", "it")
    await settle_all(ivr)
    page = await ivr.ledger.call(call_id)
    assert page is not None
    assert page.outcome is Outcome.MISSED


async def test_a_call_that_was_handed_on_to_the_queue_is_never_ended_here(ivr: Process, clock: HeldClock) -> None:
    call_id = uuid4()
    await ivr.desk(call_id)
    await ivr.office.handed_on(call_id)
    await settle_all(ivr)
    await ivr.ledger.step(call_id, StepKind.QUEUED)
    clock.move(hours=2)
    await settle_all(ivr)
    page = await ivr.ledger.call(call_id)
    assert page is not None
    assert page.outcome is None
    assert [(step.kind, step.detail) for step in page.steps][1:] == [
        (StepKind.FLOW, {"flow": "queue"}), (StepKind.QUEUED, {}),
    ]  # fmt: skip


async def test_a_call_that_the_queue_never_had_is_missed_in_time(ivr: Process, clock: HeldClock) -> None:
    """Its caller hung up in the moment of the move, and the process that moved them died in it too."""
    call_id = uuid4()
    desk = await ivr.desk(call_id)
    desk.enter("operator", "it")
    await settle_all(ivr)
    assert ivr.outbox.open_subjects() == []
    page = await ivr.ledger.call(call_id)
    assert page is not None
    assert page.outcome is None, "the queue may have it"
    clock.move(minutes=11)
    await settle_all(ivr)
    assert [missed.call_id for missed in await ivr.ledger.callback_list()] == [call_id]


async def test_a_call_that_comes_back_from_the_queue_is_ours_again_also_after_a_restart(
    ivr: Process, started: Restart, no_database: Database, database: Database
) -> None:
    call_id = uuid4()
    async with started(no_database).at_work() as cut_off:
        before, visit = await cut_off.office.welcome(call_id, CALLER, "800840840", "it")
        before.enter("operator", "it")
        await cut_off.office.handed_on(call_id)
        assert cut_off.office.place_of(call_id) is None
        desk, visit = await cut_off.office.welcome(call_id, CALLER, "800840840", "it")
        assert not visit.resumed
        await come_back(FakeCall(), desk, visit, Place("mailbox", "en"), Why.FULL)
    async with started(database).at_work() as back:
        assert back.office.place_of(call_id) == Place("mailbox", "en")
        await settle_all(back)
    page = await ivr.ledger.call(call_id)
    assert page is not None
    assert page.outcome is Outcome.MISSED
    assert [step.detail.get("flow") for step in page.steps if step.kind is StepKind.FLOW] == ["queue", "mailbox"]


async def test_the_hours_told_are_those_of_the_calendar(ivr: Process) -> None:
    desk = await ivr.desk(uuid4())
    hours = await desk.hours()
    assert hours.is_open, "Monday 5 October 2026, 10:00 in Rome"
    assert (hours.first_day, hours.last_day, hours.opens.hour, hours.closes.hour) == (0, 4, 9, 18)
