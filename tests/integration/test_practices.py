"""Practices and messages on a real PostgreSQL: one message, one practice, whatever is repeated or races."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import date
from itertools import pairwise
from uuid import UUID, uuid4

import pytest

from foundation.database import Database
from foundation.steps import IllegalStep
from tests.clocks import HeldClock
from tests.practices import CODES, COUNTING, step
from ticket_core.casework import Casework
from ticket_core.changes import UnknownMessage, UnknownPractice
from ticket_core.code_book import CodeBook
from ticket_core.codes import is_well_formed, new_code
from ticket_core.model import (
    Audio,
    Backlog,
    Channel,
    ClockState,
    Closure,
    MessageState,
    Practice,
    PracticeState,
    Request,
    Transcript,
    Word,
)
from ticket_core.replies.service import Replies
from ticket_core.service import Practices

AUDIO = Audio("2026/10/05/a.wav", 12.5, 9.0)
TRANSCRIPT = Transcript("buongiorno", (Word("buongiorno", 0.5, 1.25, 0.875),), "vosk", "small-it", "it")
CALLER = "+390612345678"


@pytest.fixture
def practices(database: Database, clock: HeldClock) -> Practices:
    return Practices(database, clock, COUNTING, CODES)


@pytest.fixture
def casework(database: Database, clock: HeldClock) -> Casework:
    return Casework(database, clock, COUNTING, CODES, Replies(database, clock))


async def opened(practices: Practices, adds_to: UUID | None = None, language: str = "it") -> UUID:
    message_id = uuid4()
    await practices.open_message(message_id, uuid4(), language, CALLER, f"{message_id}-1", adds_to)
    return message_id


async def filed(practices: Practices, adds_to: UUID | None = None) -> tuple[UUID, Practice]:
    message_id = await opened(practices, adds_to)
    return message_id, await practices.file_message(message_id, AUDIO)


async def claimed(practices: Practices, worker: str = "w1", adds_to: UUID | None = None) -> tuple[UUID, Practice]:
    message_id, practice = await filed(practices, adds_to)
    assert await practices.claim(message_id, worker, 60) is not None
    return message_id, practice


async def state_of(practices: Practices, message_id: UUID) -> MessageState:
    message = await practices.message(message_id)
    assert message is not None
    return message.state


# -- what waits


async def test_the_backlog_counts_what_has_audio_and_no_text_and_names_the_oldest(
    practices: Practices, clock: HeldClock
) -> None:
    assert await practices.backlog() == Backlog(0, None)
    first = clock.now()
    await filed(practices)
    clock.move(minutes=3)
    await opened(practices)
    held, _ = await claimed(practices)
    assert await practices.backlog() == Backlog(2, first)
    await practices.no_speech(held, "w1")
    assert await practices.backlog() == Backlog(1, first)


# -- the mailbox


async def test_a_filed_message_has_a_practice_with_a_code_and_the_forty_days_term(practices: Practices) -> None:
    message_id, practice = await filed(practices)
    assert is_well_formed(practice.code)
    assert (practice.state, practice.channel) == (PracticeState.RECEIVED, Channel.VOICE_MESSAGE)
    assert (practice.language, practice.caller, practice.no_reply_address) == ("it", CALLER, False)
    assert practice.due_on == date(2026, 11, 16)
    assert [(entry.what, entry.author) for entry in practice.history] == [("received", "caller")]
    message = await practices.message(message_id)
    assert message is not None
    assert message.practice_id == practice.id
    assert (message.state, message.audio_path, message.seconds) == (MessageState.TO_TRANSCRIBE, AUDIO.path, 12.5)
    assert await practices.practice(practice.id) == practice


async def test_eight_filings_at_once_make_one_practice(practices: Practices) -> None:
    message_id = await opened(practices)
    results = await asyncio.gather(*(practices.file_message(message_id, AUDIO) for _ in range(8)))
    assert len({practice.code for practice in results}) == 1
    assert len(await practices.recent(10)) == 1


async def test_opening_a_message_again_changes_nothing(practices: Practices) -> None:
    message_id, call_id = uuid4(), uuid4()
    await practices.open_message(message_id, call_id, "it", CALLER, "first")
    await practices.note_take(message_id, "second")
    await practices.open_message(message_id, call_id, "en", None, "first")
    message = await practices.message(message_id)
    assert message is not None
    assert (message.language, message.recording) == ("it", "second")


async def test_the_take_of_a_filed_message_stays_the_one_that_was_filed(practices: Practices) -> None:
    message_id, _ = await filed(practices)
    await practices.note_take(message_id, "too-late")
    message = await practices.message(message_id)
    assert message is not None
    assert message.recording == f"{message_id}-1"


async def test_a_code_that_is_taken_is_drawn_again(database: Database, clock: HeldClock) -> None:
    taken, free = new_code(), new_code()
    draws = iter([taken, taken, taken, free])
    practices = Practices(database, clock, COUNTING, CodeBook(b"test", lambda: next(draws)))
    codes = [(await filed(practices))[1].code for _ in range(2)]
    assert codes == [taken, free]


async def test_a_withheld_number_is_accepted_and_flagged(practices: Practices) -> None:
    message_id = uuid4()
    await practices.open_message(message_id, uuid4(), "en", None, "take")
    assert (await practices.file_message(message_id, AUDIO)).no_reply_address


async def test_a_message_added_to_a_practice_makes_no_second_one(practices: Practices) -> None:
    _, first = await filed(practices)
    message_id, practice = await filed(practices, adds_to=first.id)
    assert practice.id == first.id
    assert [entry.what for entry in practice.history] == ["received", "message_added"]
    assert message_id in [message.id for message in await practices.messages_of(first.id)]
    assert len(await practices.recent(10)) == 1


async def test_a_message_added_to_a_closed_practice_opens_it_again(practices: Practices) -> None:
    _, first = await filed(practices)
    await step(practices, first.id, PracticeState.CLOSED, "twice the same", "operator", Closure.DUPLICATE)
    _, practice = await filed(practices, adds_to=first.id)
    assert (practice.state, practice.closure) == (PracticeState.IN_PROGRESS, None)
    assert practice.due_on is not None


async def test_a_message_cannot_be_added_to_a_practice_that_is_not_there(practices: Practices) -> None:
    with pytest.raises(UnknownPractice):
        await opened(practices, adds_to=uuid4())


async def test_an_abandoned_message_is_never_filed(practices: Practices) -> None:
    message_id = await opened(practices)
    assert [message.id for message in await practices.unfiled_messages()] == [message_id]
    for _ in range(2):
        await practices.abandon_message(message_id, "under 2 s of talk")
    with pytest.raises(IllegalStep, match="abandoned"):
        await practices.file_message(message_id, AUDIO)
    assert await practices.unfiled_messages() == []
    assert await practices.recent(10) == []


async def test_a_message_that_was_filed_cannot_be_abandoned(practices: Practices) -> None:
    message_id, _ = await filed(practices)
    with pytest.raises(IllegalStep):
        await practices.abandon_message(message_id, "too late")
    assert await state_of(practices, message_id) is MessageState.TO_TRANSCRIBE


async def test_a_message_that_was_never_opened_is_a_clear_error(practices: Practices) -> None:
    with pytest.raises(UnknownMessage, match="open it first"):
        await practices.file_message(uuid4(), AUDIO)


async def test_the_practice_of_a_call_is_found_by_the_call(practices: Practices) -> None:
    message_id, practice = await filed(practices)
    message = await practices.message(message_id)
    assert message is not None
    assert await practices.practice_of_call(message.call_id) == practice
    assert await practices.practice_of_call(uuid4()) is None
    assert [one.id for one in await practices.messages_of_call(message.call_id)] == [message_id]


# -- states and terms


async def test_the_code_alone_tells_state_and_dates(practices: Practices) -> None:
    _, practice = await filed(practices)
    status = await practices.status(practice.code)
    assert status is not None
    assert (status.state, status.due_on, status.answered_on) == (PracticeState.RECEIVED, date(2026, 11, 16), None)
    assert await practices.status(new_code()) is None


async def test_asking_for_documents_suspends_the_term_and_says_until_when(
    practices: Practices, clock: HeldClock
) -> None:
    _, practice = await filed(practices)
    await step(practices, practice.id, PracticeState.IN_PROGRESS, "taken", "operator")
    clock.move(days=10)
    await step(practices, practice.id, PracticeState.AWAITING_DOCUMENTS, "plan missing", "operator")
    status = await practices.status(practice.code)
    assert status is not None
    assert (status.due_on, status.documents_by) == (None, date(2026, 11, 24))
    clock.move(days=20)
    back = await step(practices, practice.id, PracticeState.IN_PROGRESS, "plan is here", "operator")
    assert back.due_on == date(2026, 12, 4)
    assert [one.state for one in back.clock] == [ClockState.RUNS, ClockState.SUSPENDED_DOCUMENTS, ClockState.RUNS]


async def test_an_answer_stops_the_clock_and_tells_its_day(practices: Practices) -> None:
    _, practice = await filed(practices)
    await step(practices, practice.id, PracticeState.IN_PROGRESS, "taken", "operator")
    await step(practices, practice.id, PracticeState.ANSWERED, "reply sent", "operator")
    status = await practices.status(practice.code)
    assert status is not None
    assert (status.due_on, status.answered_on) == (None, date(2026, 10, 5))
    closed = await step(practices, practice.id, PracticeState.CLOSED, "done", "operator", Closure.ANSWERED)
    assert closed.answered_at is not None


async def test_an_illegal_step_changes_nothing(practices: Practices) -> None:
    _, practice = await filed(practices)
    with pytest.raises(IllegalStep):
        await step(practices, practice.id, PracticeState.AWAITING_DOCUMENTS, "asked", "operator")
    with pytest.raises(ValueError, match="closing reasons"):
        await step(practices, practice.id, PracticeState.CLOSED, "no reason", "operator")
    assert await practices.practice(practice.id) == practice


# -- text


async def test_a_message_is_claimed_once_however_many_try(practices: Practices) -> None:
    message_id, _ = await filed(practices)
    claims = await asyncio.gather(*(practices.claim(message_id, f"w{n}", 60) for n in range(8)))
    won = [claim for claim in claims if claim is not None]
    assert len(won) == 1
    assert won[0].attempts == 1
    assert await practices.to_announce(10) == []


async def test_a_message_whose_worker_died_is_announced_and_claimed_again(
    practices: Practices, clock: HeldClock
) -> None:
    message_id, _ = await claimed(practices)
    clock.move(seconds=61)
    assert await practices.to_announce(10) == [message_id]
    again = await practices.claim(message_id, "w2", 60)
    assert again is not None
    assert again.attempts == 2


async def test_a_lease_that_is_extended_does_not_run_out(practices: Practices, clock: HeldClock) -> None:
    message_id, _ = await claimed(practices)
    clock.move(seconds=50)
    assert await practices.extend_lease(message_id, "w1", 60)
    clock.move(seconds=50)
    assert await practices.claim(message_id, "w2", 60) is None


async def test_a_worker_that_lost_its_lease_writes_nothing(practices: Practices, clock: HeldClock) -> None:
    message_id, practice = await claimed(practices)
    clock.move(seconds=61)
    await practices.claim(message_id, "w2", 60)
    attempts: list[Callable[[], object]] = [
        lambda: practices.transcribed(message_id, "w1", TRANSCRIPT, ()),
        lambda: practices.no_speech(message_id, "w1"),
        lambda: practices.unreadable(message_id, "w1", "no header"),
        lambda: practices.wait_for_model(message_id, "w1"),
        lambda: practices.give_back(message_id, "w1", attempted=True),
        lambda: practices.failed(message_id, "w1", "decoder died"),
        lambda: practices.extend_lease(message_id, "w1", 60),
    ]
    for attempt in attempts:
        assert await attempt() is False  # type: ignore[misc]
    assert await practices.practice(practice.id) == practice
    assert await practices.transcribed(message_id, "w2", TRANSCRIPT, ())


async def test_a_transcript_comes_back_as_it_was_written(practices: Practices) -> None:
    message_id, practice = await claimed(practices)
    assert await practices.transcribed(message_id, "w1", TRANSCRIPT, ("aiuto",))
    message = await practices.message(message_id)
    assert message is not None
    assert (message.transcript, message.alarm_words) == (TRANSCRIPT, ("aiuto",))
    assert (message.state, message.worker, message.lease_until) == (MessageState.TRANSCRIBED, None, None)
    history = (await practices.practice(practice.id) or practice).history
    assert [entry.what for entry in history] == ["received", "transcribed", "alarm"]
    assert not any("aiuto" in entry.reason for entry in history)


async def test_a_message_without_speech_closes_its_practice_as_no_content(practices: Practices) -> None:
    message_id, practice = await claimed(practices)
    assert await practices.no_speech(message_id, "w1")
    closed = await practices.practice(practice.id)
    assert closed is not None
    assert (closed.state, closed.closure, closed.due_on) == (PracticeState.CLOSED, Closure.NO_CONTENT, None)


async def test_a_practice_with_another_message_stays_open_when_one_is_empty(practices: Practices) -> None:
    first, practice = await claimed(practices)
    second, _ = await claimed(practices, adds_to=practice.id)
    assert await practices.no_speech(second, "w1")
    still = await practices.practice(practice.id)
    assert still is not None
    assert still.state is PracticeState.RECEIVED
    assert await practices.no_speech(first, "w1")
    closed = await practices.practice(practice.id)
    assert closed is not None
    assert closed.closure is Closure.NO_CONTENT


async def test_two_empty_messages_at_once_close_their_practice_once(practices: Practices) -> None:
    first, practice = await claimed(practices)
    second, _ = await claimed(practices, adds_to=practice.id)
    assert await asyncio.gather(*(practices.no_speech(one, "w1") for one in (first, second))) == [True, True]
    closed = await practices.practice(practice.id)
    assert closed is not None
    assert [entry.what for entry in closed.history].count("received -> closed") == 1


async def test_a_practice_that_an_operator_took_is_not_closed_by_a_machine(practices: Practices) -> None:
    message_id, practice = await claimed(practices)
    await step(practices, practice.id, PracticeState.IN_PROGRESS, "taken", "operator")
    assert await practices.no_speech(message_id, "w1")
    still = await practices.practice(practice.id)
    assert still is not None
    assert still.state is PracticeState.IN_PROGRESS


async def test_a_message_waits_for_a_model_of_its_language(practices: Practices) -> None:
    message_id, _ = await claimed(practices)
    assert await practices.wait_for_model(message_id, "w1")
    assert await practices.to_announce(10) == []
    assert await practices.wake_waiting("en") == 0
    assert await practices.wake_waiting("it") == 1
    assert await practices.to_announce(10) == [message_id]


@pytest.mark.parametrize("to", [MessageState.UNREADABLE, MessageState.FAILED])
async def test_a_message_no_machine_can_read_keeps_its_practice_open(practices: Practices, to: MessageState) -> None:
    message_id, practice = await claimed(practices)
    verb = practices.unreadable if to is MessageState.UNREADABLE else practices.failed
    assert await verb(message_id, "w1", "why " * 200)
    message = await practices.message(message_id)
    assert message is not None
    assert message.state is to
    assert (message.reason or "").startswith("why")
    still = await practices.practice(practice.id)
    assert still is not None
    assert still.state is PracticeState.RECEIVED
    assert still.history[-1].what == to.value


async def test_messages_are_announced_oldest_first(practices: Practices, clock: HeldClock) -> None:
    made = []
    for _ in range(3):
        made.append((await filed(practices))[0])
        clock.move(seconds=1)
    assert await practices.to_announce(2) == made[:2]


async def test_the_practices_opened_last_come_first(practices: Practices, clock: HeldClock) -> None:
    made = []
    for _ in range(3):
        made.append((await filed(practices))[1].id)
        clock.move(minutes=1)
    assert [practice.id for practice in await practices.recent(2)] == [made[2], made[1]]


async def test_three_messages_of_a_call_of_which_two_have_a_code_of_their_own_are_two_practices(
    practices: Practices,
) -> None:
    call_id, filed_to = uuid4(), []
    [code] = await practices.lease_codes("ivr", 1)
    for told in (None, code, code):
        message_id = uuid4()
        await practices.open_message(message_id, call_id, "it", CALLER, "take")
        filed_to.append((await practices.file_message(message_id, AUDIO, told)).code)
    assert filed_to[0] != filed_to[1] == filed_to[2] == code


async def test_a_message_for_a_practice_that_was_merged_or_erased_meanwhile_goes_where_it_is_read(
    practices: Practices, database: Database, clock: HeldClock
) -> None:
    casework = Casework(database, clock, COUNTING, CODES, Replies(database, clock))
    (_, merged), (_, kept), (_, erased) = [await filed(practices) for _ in range(3)]
    to_merged, to_erased = await opened(practices, merged.id), await opened(practices, erased.id)
    await casework.merge(merged.id, kept.id, "carla", "the same")
    await casework.erase(erased.id, "carla", "asked for")
    assert (await practices.file_message(to_merged, AUDIO)).id == kept.id
    fresh = await practices.file_message(to_erased, AUDIO)
    assert is_well_formed(fresh.code)
    gone = await practices.practice(erased.id)
    assert gone is not None
    assert gone.state is PracticeState.CLOSED


@pytest.mark.parametrize("also_merged", [False, True])
async def test_a_late_message_of_a_call_whose_practice_was_erased_does_not_bring_its_code_back(
    practices: Practices, database: Database, clock: HeldClock, also_merged: bool
) -> None:
    casework = Casework(database, clock, COUNTING, CODES, Replies(database, clock))
    call_id, messages = uuid4(), [uuid4(), uuid4(), uuid4()]
    [code] = await practices.lease_codes("ivr", 1)
    for message_id in messages:
        await practices.open_message(message_id, call_id, "it", CALLER, "take")
    gone = await practices.file_message(messages[0], AUDIO, code)
    if also_merged:
        _, into = await filed(practices)
        await casework.merge(gone.id, into.id, "carla", "the same")
        gone = into
    await casework.erase(gone.id, "carla", "asked for")
    late = [await practices.file_message(message_id, AUDIO, code) for message_id in messages[1:]]
    assert all(is_well_formed(one.code) and one.code not in (code, gone.code) for one in late)


@pytest.mark.parametrize("touch", ["assigned", "merged into"])
async def test_what_a_person_touched_is_not_closed_for_an_empty_message(
    practices: Practices, casework: Casework, touch: str
) -> None:
    message_id, practice = await claimed(practices)
    if touch == "assigned":
        await casework.assign(practice.id, "carla", "hers", operator="anna")
    else:
        letter = await casework.open(Request(channel=Channel.LETTER, text="Il muro si muove."), "post")
        await casework.merge(letter.id, practice.id, "anna", "the same wall")
    assert await practices.no_speech(message_id, "w1")
    after = await practices.practice(practice.id)
    assert after is not None
    assert after.state is PracticeState.RECEIVED


async def test_a_message_that_comes_late_leaves_the_clocks_ledger_in_order(
    practices: Practices, casework: Casework, clock: HeldClock
) -> None:
    _, practice = await filed(practices)
    waiting, made_at = await opened(practices, practice.id), clock.now()
    clock.move(days=3)
    await casework.answer(practice.id, "Sì.", "anna", Channel.PHONE_CALL)
    clock.move(days=1)
    ledger = (await practices.file_message(waiting, AUDIO, at=made_at)).clock
    assert [one.state for one in ledger] == [ClockState.RUNS, ClockState.STOPPED, ClockState.RUNS]
    assert all(one.starts <= one.ends == later.starts for one, later in pairwise(ledger) if one.ends)
    assert ledger[1].ends is not None
