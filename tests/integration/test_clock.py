"""What the clock does by itself, on a real PostgreSQL: everything once, whatever stood still, was broken, or came in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from io import BytesIO
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from foundation.audit import Act, Audit
from foundation.database import Database, DatabaseSettings
from foundation.health import Standing
from ledger.service import Ledger
from tests.clocks import HeldClock
from tests.polling import until
from tests.timekeeping import LOOSE_ENDS, Instance, audio_file, audio_path, closings, cut
from ticket_core.attachments.folder import FolderStore
from ticket_core.attachments.model import Attachment
from ticket_core.attachments.service import Attachments
from ticket_core.casework import Casework
from ticket_core.clock.model import AlarmKind, Tally
from ticket_core.clock.seat import SeatLost
from ticket_core.edits import Edit
from ticket_core.histories import Histories
from ticket_core.model import (
    Audio,
    Channel,
    Closure,
    Practice,
    PracticeClass,
    PracticeState,
    Request,
    Requester,
    Transcript,
)
from ticket_core.replies.model import LetterKind, LetterState
from ticket_core.replies.service import Replies
from ticket_core.service import Practices

ANNA = Requester(name="Anna Verdi", email="anna.verdi@example.org", phone="+390612345678")
FORM = Request(channel=Channel.WEB_FORM, requester=ANNA, subject="Un muro", text="Il muro si muove.")
BY_PHONE = Request(channel=Channel.PHONE_CALL, requester=Requester(phone="+390612345678"))


@pytest.fixture
async def instance(database_url: str, database: Database, clock: HeldClock, tmp_path: Path) -> AsyncIterator[Instance]:
    one = Instance(database_url, database, clock, tmp_path)
    yield one
    await one.seat.leave()


@pytest.fixture
def attachments(instance: Instance, database: Database, clock: HeldClock) -> Attachments:
    settings = instance.tree.attachments
    return Attachments(database, clock, FolderStore(settings.folder), settings)


async def awaiting(casework: Casework, request: Request = FORM) -> UUID:
    """A practice that waits for documents from now on."""
    practice = await casework.take((await casework.open(request, "form")).id, "anna")
    await casework.ask_documents(practice.id, "una fotografia", "anna")
    return practice.id


async def whats(practices: Practices, practice_id: UUID) -> list[str]:
    found = await practices.practice(practice_id)
    assert found is not None
    return [entry.what for entry in found.history]


async def state(practices: Practices, practice_id: UUID) -> PracticeState:
    found = await practices.practice(practice_id)
    assert found is not None
    return found.state


async def letters(replies: Replies, practice_id: UUID, kind: LetterKind) -> int:
    return [letter.kind for letter in await replies.letters_of(practice_id)].count(kind)


async def execute(database: Database, statement: str, **values: object) -> None:
    async with database.session() as session:
        await session.execute(text(statement), values)


async def number(database: Database, query: str) -> int:
    async with database.session() as session:
        return int((await session.execute(text(query))).scalar_one())


# -- documents


async def test_after_sixty_days_of_standstill_each_missed_duty_is_done_once_and_what_is_over_is_not_reminded_of(
    instance: Instance, casework: Casework, practices: Practices, replies: Replies, clock: HeldClock
) -> None:
    over = [await awaiting(casework) for _ in range(7)]
    clock.move(days=25)
    near = [await awaiting(casework) for _ in range(7)]
    clock.move(days=10)
    fresh = await awaiting(casework)
    clock.move(days=25)
    await instance.turn()
    first = [await whats(practices, one) for one in (*over, *near, fresh)]
    for _ in range(3):
        clock.move(minutes=5)
        await instance.turn()
    assert [await whats(practices, one) for one in (*over, *near, fresh)] == first
    for one in over:
        assert closings(await whats(practices, one)) == 1
        assert await letters(replies, one, LetterKind.CLOSED_MISSING_DOCUMENTS) == 1
        assert await letters(replies, one, LetterKind.DOCUMENTS_REMINDER) == 0
    for one in near:
        assert (await whats(practices, one)).count("reminded") == 1
        assert await letters(replies, one, LetterKind.DOCUMENTS_REMINDER) == 1
    assert "reminded" not in await whats(practices, fresh)


async def test_a_practice_is_open_on_its_last_evening_and_closed_after_midnight(
    instance: Instance, casework: Casework, practices: Practices, clock: HeldClock
) -> None:
    practice_id = await awaiting(casework)
    # From 10:00 of 5 October in Rome to 23:59 of 14 November, an hour earlier in UTC's terms: the clocks changed in between.
    clock.move(days=40, hours=14, minutes=59)
    await instance.turn()
    assert await state(practices, practice_id) is PracticeState.AWAITING_DOCUMENTS
    clock.move(minutes=2)
    await instance.turn()
    closed = await practices.practice(practice_id)
    assert closed is not None
    assert (closed.closure, closed.history[-1].author) == (Closure.MISSING_DOCUMENTS, "clock")


async def test_an_operator_who_receives_the_documents_between_the_look_and_the_step_wins(
    instance: Instance, casework: Casework, practices: Practices, clock: HeldClock
) -> None:
    practice_id = await awaiting(casework)
    clock.move(days=60)

    async def receive() -> None:
        if await state(practices, practice_id) is PracticeState.AWAITING_DOCUMENTS:
            await casework.resume(practice_id, "here they are", "anna")

    instance.seat.between = receive
    assert await instance.do("close_missing") == Tally()
    assert await state(practices, practice_id) is PracticeState.IN_PROGRESS
    assert closings(await whats(practices, practice_id)) == 0


async def test_operators_and_the_clock_at_the_same_instant_never_both_have_their_way(
    instance: Instance, casework: Casework, practices: Practices, clock: HeldClock
) -> None:
    ids = [await awaiting(casework) for _ in range(12)]
    clock.move(days=60)
    resumed = await asyncio.gather(
        instance.do("close_missing"),
        *(casework.resume(one, "here", "anna") for one in ids),
        return_exceptions=True,
    )
    for one, end in zip(ids, resumed[1:], strict=True):
        refused = isinstance(end, Exception)
        assert closings(await whats(practices, one)) == int(refused)
        assert await state(practices, one) is (PracticeState.CLOSED if refused else PracticeState.IN_PROGRESS)


async def test_documents_asked_for_again_are_reminded_of_again(
    instance: Instance, casework: Casework, replies: Replies, clock: HeldClock
) -> None:
    practice_id = await awaiting(casework)
    for _ in range(2):
        clock.move(days=31)
        await instance.turn()
        await casework.resume(practice_id, "these are others", "anna")
        await casework.ask_documents(practice_id, "un'altra fotografia", "anna")
    assert await letters(replies, practice_id, LetterKind.DOCUMENTS_REMINDER) == 2


async def test_who_has_no_address_is_not_said_to_be_reminded_and_closed_all_the_same(
    instance: Instance, casework: Casework, practices: Practices, clock: HeldClock
) -> None:
    practice_id = await awaiting(casework, BY_PHONE)
    for _ in range(2):
        clock.move(days=31)
        await instance.turn()
        await instance.turn()
    found = await whats(practices, practice_id)
    assert (found.count("not_reminded"), found.count("reminded"), closings(found)) == (1, 0, 1)


@pytest.mark.parametrize("what", ["document", "message", "contact"])
async def test_where_something_came_nobody_is_closed_and_a_person_is_told(
    what: str,
    instance: Instance,
    casework: Casework,
    practices: Practices,
    attachments: Attachments,
    clock: HeldClock,
) -> None:
    practice_id, other = await awaiting(casework), await awaiting(casework)
    clock.move(days=20)
    if what == "document":
        assert isinstance(
            await attachments.add(practice_id, "foto.txt", BytesIO(b"un muro"), "form", "web_form"), Attachment
        )
    elif what == "message":
        message_id = uuid4()
        await practices.open_message(message_id, uuid4(), "it", None, "r", adds_to=practice_id)
        await practices.file_message(message_id, Audio("a.wav", 3.0, 3.0))
    else:
        await casework.link_contact(uuid4(), practice_id, Channel.FAX, "fax 7", clock.now(), "anna")
    clock.move(days=40)
    for _ in range(2):
        await instance.turn()
        clock.move(minutes=2)
    assert await state(practices, practice_id) is PracticeState.AWAITING_DOCUMENTS
    assert await state(practices, other) is PracticeState.CLOSED
    [alarm] = await instance.alarms.standing(clock.now(), 10)
    assert (alarm.practice_id, alarm.kind, alarm.day) == (practice_id, AlarmKind.DOCUMENTS_CAME, date(2026, 11, 14))
    await casework.resume(practice_id, "looked at", "anna")
    assert AlarmKind.DOCUMENTS_CAME not in {one.kind for one in await instance.alarms.standing(clock.now(), 10)}


async def test_one_broken_practice_stops_nothing_is_told_and_is_done_once_it_is_mended(
    instance: Instance, casework: Casework, practices: Practices, database: Database, clock: HeldClock
) -> None:
    ids = [await awaiting(casework) for _ in range(7)]
    await execute(database, "UPDATE practice SET email = 'no address at all' WHERE id = :id", id=ids[3])
    clock.move(days=41)
    assert await instance.do("close_missing") == Tally(6, 1)
    assert [await state(practices, one) is PracticeState.CLOSED for one in ids] == [n != 3 for n in range(7)]
    await instance.turn()
    instance.timekeeper.say()
    assert instance.check.seen.standing is Standing.DEGRADED
    assert "close_missing" in instance.check.seen.says
    await execute(database, "UPDATE practice SET email = 'anna@example.org' WHERE id = :id", id=ids[3])
    clock.move(minutes=2)
    await instance.turn()
    instance.timekeeper.say()
    assert await state(practices, ids[3]) is PracticeState.CLOSED
    assert instance.check.seen.standing is Standing.WELL


async def test_two_that_both_believe_to_be_the_active_one_still_do_each_duty_once(
    instance: Instance,
    casework: Casework,
    practices: Practices,
    replies: Replies,
    database_url: str,
    clock: HeldClock,
    tmp_path: Path,
) -> None:
    over = [await awaiting(casework) for _ in range(10)]
    clock.move(days=25)
    near = [await awaiting(casework) for _ in range(10)]
    clock.move(days=35)
    others = Database(DatabaseSettings(url=database_url))
    second = Instance(database_url, others, clock, tmp_path)
    assert await instance.seat.take()
    assert not await second.seat.take()
    second.seat.believes = True
    await asyncio.gather(instance.timekeeper.turn(), second.timekeeper.turn())
    await others.close()
    await second.seat.leave()
    for one in over:
        assert closings(await whats(practices, one)) == 1
        assert await letters(replies, one, LetterKind.CLOSED_MISSING_DOCUMENTS) == 1
    for one in near:
        assert (await whats(practices, one)).count("reminded") == 1
        assert await letters(replies, one, LetterKind.DOCUMENTS_REMINDER) == 1


async def test_one_that_thaws_in_mid_duty_and_has_lost_its_seat_leaves_the_rest_to_the_other(
    instance: Instance,
    casework: Casework,
    practices: Practices,
    database: Database,
    database_url: str,
    clock: HeldClock,
    tmp_path: Path,
) -> None:
    ids = [await awaiting(casework) for _ in range(10)]
    clock.move(days=60)
    other, steps = Instance(database_url, database, clock, tmp_path), 0

    async def freeze_at_the_fifth() -> None:
        nonlocal steps
        steps += 1
        if steps == 5:
            await cut(database)
            await until(other.seat.take, 5, "the seat")
            instance.seat_clock.move(seconds=20)

    instance.seat.between = freeze_at_the_fifth
    with pytest.raises(SeatLost):
        await instance.do("close_missing")
    assert [await state(practices, one) is PracticeState.CLOSED for one in ids].count(True) == 4
    assert await other.do("close_missing") == Tally(6)
    await other.seat.leave()
    assert [closings(await whats(practices, one)) for one in ids] == [1] * 10


# -- terms


async def test_each_alarm_of_a_term_is_raised_once_and_stands_while_it_is_true(
    instance: Instance, casework: Casework, clock: HeldClock
) -> None:
    practice = await casework.open(FORM, "form")
    assert practice.due_on == date(2026, 11, 16)
    seen = []
    for _ in range(45):
        await instance.turn()
        await instance.turn()
        seen.append([alarm.kind for alarm in await instance.alarms.standing(clock.now(), 10)])
        clock.move(days=1)
    soon, today, late = ([AlarmKind(kind)] for kind in ("due_soon", "due_today", "overdue"))
    assert seen == [[]] * 37 + [soon] * 5 + [today] + [late] * 2
    counts = await instance.alarms.counts(clock.now())
    assert (counts.today, counts.overdue) == (0, 1)
    await casework.take(practice.id, "anna")
    await casework.answer(practice.id, "Il muro è sicuro.", "anna")
    assert await instance.alarms.standing(clock.now(), 10) == []


async def test_after_a_standstill_only_what_is_true_now_is_raised(
    instance: Instance, casework: Casework, database: Database, clock: HeldClock
) -> None:
    for _ in range(7):
        await casework.open(FORM, "form")
    clock.move(days=60)
    await instance.turn()
    assert {alarm.kind for alarm in await instance.alarms.standing(clock.now(), 10)} == {AlarmKind.OVERDUE}
    assert await number(database, "SELECT count(*) FROM alarm") == 7


async def test_what_was_promised_within_the_day_is_told_before_the_service_closes(
    instance: Instance, casework: Casework, clock: HeldClock
) -> None:
    practice = await casework.open(BY_PHONE, "anna")
    await casework.classify(practice.id, PracticeClass.QUICK_SEARCH, "anna")
    seen = []
    for hours in (0, 5, 1, 2, 15):
        clock.move(hours=hours)
        await instance.turn()
        seen.append([alarm.kind.value for alarm in await instance.alarms.standing(clock.now(), 10)])
    assert seen == [[], [], ["same_day"], ["same_day"], ["overdue"]]


# -- keeping and forgetting


async def whole_practice(
    casework: Casework, practices: Practices, attachments: Attachments, clock: HeldClock, folder: Path
) -> tuple[Practice, UUID]:
    """A practice with everything that can hang on one, and the id of its message."""
    message_id = uuid4()
    await practices.open_message(message_id, uuid4(), "it", "+390612345678", "recording")
    practice = await practices.file_message(message_id, Audio(f"{message_id}.wav", 9.0, 8.0))
    audio_file(folder, message_id)
    await practices.claim(message_id, "worker", 60)
    heard = Transcript("aiuto", (), "whisper", "base", "it")
    assert await practices.transcribed(message_id, "worker", heard, ("aiuto",))
    practice = await casework.correct(practice.id, Edit(requester=ANNA), "anna", "she said so")
    await casework.take(practice.id, "anna")
    kept = await attachments.add(practice.id, "foto.txt", BytesIO(b"un muro"), "anna", "email")
    assert isinstance(kept, Attachment)
    await casework.link_contact(uuid4(), practice.id, Channel.LETTER, "lettera di Anna Verdi", clock.now(), "anna")
    return await casework.ask_administration(practice.id, "Comune di Roma", "anna"), message_id


async def left_behind(database: Database) -> list[int]:
    return [await number(database, query) for query in LOOSE_ENDS]


async def test_what_an_erased_practice_left_is_gone_at_the_next_turn_and_no_letter_goes_out(
    instance: Instance,
    casework: Casework,
    practices: Practices,
    attachments: Attachments,
    replies: Replies,
    database: Database,
    clock: HeldClock,
    tmp_path: Path,
) -> None:
    practice, message_id = await whole_practice(casework, practices, attachments, clock, tmp_path)
    other, other_message = await whole_practice(casework, practices, attachments, clock, tmp_path)
    await casework.erase(practice.id, "carla", "asked for")
    await instance.turn()
    assert await left_behind(database) == [0, 0, 0, 0]
    assert not audio_path(tmp_path, message_id).exists()
    assert audio_path(tmp_path, other_message).exists()
    assert {letter.state for letter in await replies.letters_of(practice.id)} == {LetterState.CANCELLED}
    assert {letter.state for letter in await replies.letters_of(other.id)} == {LetterState.TO_SEND}
    kept = await practices.message(other_message)
    assert kept is not None
    assert (kept.caller, kept.alarm_words) == ("+390612345678", ("aiuto",))
    assert (await Histories(database, clock).verify()).faults == ()


async def test_each_class_of_data_goes_when_its_own_term_is_over_and_what_goes_on_keeps_all(
    instance: Instance,
    casework: Casework,
    practices: Practices,
    attachments: Attachments,
    database: Database,
    clock: HeldClock,
    tmp_path: Path,
) -> None:
    practice, message_id = await whole_practice(casework, practices, attachments, clock, tmp_path)
    goes_on, its_message = await whole_practice(casework, practices, attachments, clock, tmp_path)
    await casework.resume(practice.id, "the opinion is here", "anna")
    await casework.answer(practice.id, "Il muro è sicuro.", "anna")
    seen = []
    for days in (180, 1, 549, 1, 2919, 1):
        clock.move(days=days)
        await instance.turn()
        message, now = await practices.message(message_id), await practices.practice(practice.id)
        assert message is not None
        assert now is not None
        [document] = await attachments.of(practice.id)
        had = (message.audio_path, message.transcript, message.caller, now.code, document.name)
        seen.append(tuple(bool(one) for one in had))
        assert audio_path(tmp_path, message_id).exists() == bool(message.audio_path)
    assert seen == [
        (True, True, True, True, True),
        (False, True, True, True, True),
        (False, True, True, True, True),
        (False, False, True, True, True),
        (False, False, True, True, True),
        (False, False, False, False, False),
    ]
    ended = await practices.practice(practice.id)
    assert ended is not None
    assert (ended.closure, ended.history[-1].author) == (Closure.ANSWERED, "clock")
    still = await practices.message(its_message)
    assert still is not None
    assert still.audio_path
    assert still.transcript
    assert await state(practices, goes_on.id) is PracticeState.AWAITING_ADMINISTRATION
    assert await left_behind(database) == [0, 0, 0, 0]
    audited = [entry async for entry in Audit(database, clock).since(practice.opened_at)]
    assert {(entry.author, entry.act, entry.subject) for entry in audited} == {("clock", Act.ERASURE, practice.id)}
    assert [entry.what for entry in audited] == ["recording", "transcript", "practice", "attachment"]
    assert (await Histories(database, clock).verify()).faults == ()


async def test_a_practice_reopened_between_the_look_and_the_step_is_not_erased(
    instance: Instance, casework: Casework, practices: Practices, clock: HeldClock
) -> None:
    practice = await casework.open(FORM, "form")
    await casework.close(practice.id, Closure.OUT_OF_SCOPE, "not ours", "anna")
    clock.move(days=3651)

    async def reopen() -> None:
        if await state(practices, practice.id) is PracticeState.CLOSED:
            await casework.reopen(practice.id, "she wrote again", "anna")

    instance.seat.between = reopen
    assert await instance.do("forget_practices") == Tally()
    assert await state(practices, practice.id) is PracticeState.IN_PROGRESS


async def test_a_merged_practice_is_kept_as_long_as_the_one_that_shows_it(
    instance: Instance, casework: Casework, practices: Practices, clock: HeldClock
) -> None:
    first, second = await casework.open(FORM, "form"), await casework.open(FORM, "form")
    await casework.merge(first.id, second.id, "anna", "the same wall")
    clock.move(days=3651)
    assert await instance.do("forget_practices") == Tally()
    await casework.close(second.id, Closure.OUT_OF_SCOPE, "not ours", "anna")
    clock.move(days=3651)
    assert await instance.do("forget_practices") == Tally(2)
    assert await instance.do("forget_practices") == Tally()


async def test_a_merged_practice_that_ended_later_outlives_the_one_that_it_was_merged_into(
    instance: Instance, casework: Casework, practices: Practices, clock: HeldClock
) -> None:
    kept = await casework.open(FORM, "form")
    await casework.close(kept.id, Closure.OUT_OF_SCOPE, "not ours", "anna")
    clock.move(days=100)
    later = await casework.open(FORM, "form")
    await casework.merge(later.id, kept.id, "anna", "the same wall")
    clock.move(days=3551)
    assert await instance.do("forget_practices") == Tally(1)
    left = [await practices.practice(one.id) for one in (kept, later)]
    assert [one is not None and one.erased_at is not None for one in left] == [True, False]
    clock.move(days=100)
    assert await instance.do("forget_practices") == Tally(1)


async def test_numbers_of_old_calls_and_of_messages_without_a_practice_are_forgotten_and_the_calls_stay(
    instance: Instance, practices: Practices, database: Database, clock: HeldClock
) -> None:
    ledger, old, message_id = Ledger(database, clock), uuid4(), uuid4()
    await ledger.arrived(old, "+390612345678", None, "it")
    await practices.open_message(message_id, old, "it", "+390612345678", "r")
    await practices.abandon_message(message_id, "too little was said")
    clock.move(days=365)
    recent = uuid4()
    await ledger.arrived(recent, "+390612345678", None, "it")
    assert [await instance.do(name) for name in ("forget_callers", "forget_strangers")] == [Tally(), Tally()]
    clock.move(days=1)
    assert [await instance.do(name) for name in ("forget_callers", "forget_strangers")] == [Tally(1), Tally(1)]
    calls = {one: await ledger.call(one) for one in (old, recent)}
    assert {one: call and call.caller for one, call in calls.items()} == {old: None, recent: "+390612345678"}
    audited = [entry async for entry in Audit(database, clock).since(clock.now())]
    assert [(entry.act, entry.what, entry.subject, entry.rows) for entry in audited] == [
        (Act.ERASURE, "callers' numbers of calls", None, 1),
        (Act.ERASURE, "caller's number", None, 1),
    ]


# -- sweeps


async def test_histories_are_sealed_as_they_grow(
    instance: Instance, casework: Casework, database: Database, clock: HeldClock
) -> None:
    for _ in range(2):
        await awaiting(casework)
        clock.move(minutes=6)
        await instance.turn()
        await instance.turn()
    verdict = await Histories(database, clock).verify()
    assert (verdict.seals, verdict.faults) == (2, ())


async def test_content_nobody_refers_to_is_swept_once_a_day(instance: Instance, clock: HeldClock) -> None:
    await instance.turn()
    orphan = FolderStore(instance.tree.attachments.folder).put(BytesIO(b"nobody's"))
    clock.move(hours=23)
    await instance.turn()
    store = FolderStore(instance.tree.attachments.folder)
    assert store.exists(orphan.sha256)
    clock.move(hours=2 + 24 * 365)
    await instance.turn()
    assert not store.exists(orphan.sha256)
