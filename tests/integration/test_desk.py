"""The desk behind a call: found again after a crash, settled when nobody comes back."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID, uuid4

import pytest

from dialplan.calendar import Calendar
from dialplan.settings import HoursSettings
from dialplan.store import CalendarStore
from foundation.bus import Bus, RedisSettings
from foundation.database import Database
from ivr.desk import CallDesk, Office, Services, last_good_take, recording_path
from ivr.guesses import Guesses
from ivr.settings import IvrSettings
from ledger.model import Outcome, StepKind
from ledger.service import Ledger
from phone.call import Ended, Recorded
from phone.fake_call import FakeCall
from tests.clocks import HeldClock
from ticket_core.audio_store import AudioStore
from ticket_core.model import MessageState
from ticket_core.service import Practices

CALLER = "+390612345678"


@pytest.fixture
def services(database: Database, clock: HeldClock, tmp_path: Path) -> Services:
    """Everything real but Redis, which is away: nothing may depend on it."""
    (tmp_path / "spool" / "recording").mkdir(parents=True)
    bus = Bus(RedisSettings(url=f"unix://{tmp_path}/no-redis.sock"))
    return Services(
        Practices(database, clock, Calendar().is_working_day), Ledger(database, clock),
        CalendarStore(database, HoursSettings(), clock), bus, AudioStore(tmp_path / "audio"), Guesses(clock), clock,
        IvrSettings(), tmp_path / "spool", tmp_path / "sounds",
    )  # fmt: skip


@pytest.fixture
def office(services: Services) -> Office:
    return Office(services)


async def a_desk(office: Office, call_id: UUID) -> CallDesk:
    return await office.welcome(call_id, CALLER, "800840840", "it", resumed=False)


def take(services: Services, name: str, seconds: float) -> Recorded:
    recording_path(services.spool, name).write_bytes(bytes(44 + int(seconds * 16000)))
    return Recorded(name, seconds, seconds, Ended.KEY)


async def test_a_message_is_filed_with_its_audio_though_redis_is_away(services: Services, office: Office) -> None:
    call = FakeCall()
    desk = await a_desk(office, call.id)
    draft = await desk.open_message(call, None)
    recorded = take(services, draft.next_take(), 6.0)
    filed = await desk.file_message(draft, recorded)
    practice = await services.practices.find(filed.code)
    assert practice is not None
    [message] = await services.practices.messages_of(practice.id)
    assert message.state is MessageState.TO_TRANSCRIBE
    assert services.audio.path(message.id).stat().st_size == 44 + 6 * 16000
    assert not recording_path(services.spool, recorded.name).exists()


async def test_filing_again_after_a_crash_gives_the_same_code(services: Services, office: Office) -> None:
    call = FakeCall()
    desk = await a_desk(office, call.id)
    draft = await desk.open_message(call, None)
    first = await desk.file_message(draft, take(services, draft.next_take(), 6.0))
    again = await (await a_desk(office, call.id)).open_message(call, None)
    assert again.filed == first
    assert len(await services.practices.recent(10)) == 1


async def test_a_take_that_was_being_recorded_is_found_again(services: Services, office: Office) -> None:
    call = FakeCall()
    desk = await a_desk(office, call.id)
    draft = await desk.open_message(call, None)
    name = draft.next_take()
    await desk.note_take(draft, name)
    take(services, name, 4.0)
    again = await desk.open_message(call, None)
    assert (again.unfinished_take, again.best) == (name, None)


async def test_the_take_before_the_one_that_was_being_recorded_is_kept_as_the_best(
    services: Services, office: Office
) -> None:
    call = FakeCall()
    desk = await a_desk(office, call.id)
    draft = await desk.open_message(call, None)
    first, second = draft.next_take(), draft.next_take()
    take(services, first, 6.0)
    await desk.note_take(draft, second)
    take(services, second, 1.0)
    again = await desk.open_message(call, None)
    assert again.unfinished_take == second
    assert again.best is not None
    assert again.best.name == first


async def test_a_noted_take_that_never_began_is_recorded_under_the_same_number(
    services: Services, office: Office
) -> None:
    call = FakeCall()
    desk = await a_desk(office, call.id)
    draft = await desk.open_message(call, None)
    name = draft.next_take()
    await desk.note_take(draft, name)
    again = await desk.open_message(call, None)
    assert (again.unfinished_take, again.best, again.next_take()) == (None, None, name)


async def test_a_short_take_is_no_good_one_and_the_newest_good_one_wins(services: Services, office: Office) -> None:
    call = FakeCall()
    desk = await a_desk(office, call.id)
    draft = await desk.open_message(call, None)
    names = [draft.next_take() for _ in range(3)]
    for name, seconds in zip(names, (9.0, 5.0, 1.0), strict=True):
        take(services, name, seconds)
    await desk.note_take(draft, names[-1])
    message = await services.practices.message(draft.message_id)
    assert message is not None
    best = last_good_take(services, message)
    assert best is not None
    assert best.name == names[1]
    other = last_good_take(services, message, other_than=names[1])
    assert other is not None
    assert other.name == names[0]


async def test_a_message_whose_call_is_gone_is_filed_once(services: Services, office: Office) -> None:
    call = FakeCall()
    desk = await a_desk(office, call.id)
    draft = await desk.open_message(call, None)
    name = draft.next_take()
    await desk.note_take(draft, name)
    take(services, name, 7.0)
    for _ in range(2):
        await office.reconcile([])
    page = await services.ledger.call(call.id)
    assert page is not None
    assert page.outcome is Outcome.MESSAGE_LEFT
    [practice] = await services.practices.recent(10)
    [message] = await services.practices.messages_of(practice.id)
    assert message.seconds == 7.0


async def test_a_call_that_is_gone_without_a_word_is_missed_and_its_message_given_up(
    services: Services, office: Office
) -> None:
    call = FakeCall()
    desk = await a_desk(office, call.id)
    await desk.open_message(call, None)
    await office.reconcile([])
    page = await services.ledger.call(call.id)
    assert page is not None
    assert page.outcome is Outcome.MISSED
    [message] = await services.practices.messages_of_call(call.id)
    assert message.state is MessageState.ABANDONED
    assert [missed.call_id for missed in await services.ledger.callback_list()] == [call.id]


async def test_a_call_that_is_gone_from_the_menu_is_abandoned(services: Services, office: Office) -> None:
    call_id = uuid4()
    await a_desk(office, call_id)
    await office.reconcile([])
    page = await services.ledger.call(call_id)
    assert page is not None
    assert page.outcome is Outcome.ABANDONED


async def test_a_call_that_is_still_there_is_left_alone(services: Services, office: Office) -> None:
    call = FakeCall()
    desk = await a_desk(office, call.id)
    draft = await desk.open_message(call, None)
    take(services, draft.next_take(), 7.0)
    await office.reconcile([call.id])
    page = await services.ledger.call(call.id)
    assert page is not None
    assert page.outcome is None
    assert await services.practices.recent(10) == []


async def test_a_call_that_went_to_the_fallback_is_closed_by_its_import_alone(
    services: Services, office: Office
) -> None:
    call_id = uuid4()
    await a_desk(office, call_id)
    await office.sent_to_fallback(call_id)
    await office.reconcile([])
    page = await services.ledger.call(call_id)
    assert page is not None
    assert page.outcome is None
    assert page.steps[-1].kind is StepKind.FALLBACK


async def test_the_hours_told_are_those_of_the_calendar(office: Office) -> None:
    desk = await a_desk(office, uuid4())
    hours = await desk.hours()
    assert hours.is_open, "Monday 5 October 2026, 10:00 in Rome"
    assert (hours.first_day, hours.last_day, hours.opens.hour, hours.closes.hour) == (0, 4, 9, 18)
