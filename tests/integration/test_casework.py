"""What people do with practices, on a real PostgreSQL: nothing is overwritten, nothing is lost, and the requester is told the truth."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from foundation.database import Database
from foundation.steps import IllegalStep
from tests.clocks import HeldClock
from tests.practices import CODES, COUNTING
from ticket_core.casework import Casework, NoReplyAddress, Taken
from ticket_core.changes import Conflict, UnknownPractice
from ticket_core.edits import Edit
from ticket_core.events.model import Event
from ticket_core.histories import Histories
from ticket_core.model import (
    Channel,
    ClockState,
    Closure,
    Kind,
    Practice,
    PracticeClass,
    PracticeState,
    Request,
    Requester,
    RequesterType,
)
from ticket_core.replies.model import LetterKind, LetterState
from ticket_core.replies.service import Replies
from ticket_core.service import Practices
from ticket_core.terms import read_clock

ANNA = Requester(name="Anna Verdi", email="anna.verdi@example.org", phone="+390612345678")
FORM = Request(channel=Channel.WEB_FORM, kind=Kind.REPORT, requester=ANNA, subject="Un muro", text="Il muro si muove.")


async def kinds(replies: Replies, practice_id: UUID) -> list[LetterKind]:
    return [letter.kind for letter in await replies.letters_of(practice_id)]


async def begun(casework: Casework, request: Request = FORM) -> Practice:
    return await casework.take((await casework.open(request, "form")).id, "anna")


def whats(practice: Practice) -> list[str]:
    return [entry.what for entry in practice.history]


async def test_a_web_form_is_acknowledged_at_once_with_what_was_entered_and_the_code(
    casework: Casework, replies: Replies
) -> None:
    practice = await casework.open(FORM, "form")
    [letter] = await replies.letters_of(practice.id)
    assert letter.kind is LetterKind.TAKEN_CHARGE
    for told in ("Il muro si muove.", "Un muro", "anna.verdi@example.org", practice.code[:3]):
        assert told in letter.body


async def test_the_same_request_written_down_twice_is_one_practice_and_one_letter(
    casework: Casework, replies: Replies
) -> None:
    practice_id = uuid4()
    first, second = await asyncio.gather(*(casework.open(FORM, "form", practice_id) for _ in range(2)))
    assert first.code == second.code
    assert await kinds(replies, practice_id) == [LetterKind.TAKEN_CHARGE]


@pytest.mark.parametrize("kind", [RequesterType.INSTITUTION, RequesterType.ORGANISATION, RequesterType.COMPANY])
async def test_who_is_no_citizen_goes_to_the_competent_office_and_is_told_so(
    casework: Casework, replies: Replies, database: Database, kind: RequesterType
) -> None:
    office = uuid4()
    async with database.session() as session:
        await session.execute(
            text("INSERT INTO office (id, name, competent_for) VALUES (:id, 'Ufficio Volontariato', ARRAY[:kind])"),
            {"id": office, "kind": kind.value},
        )
    practice = await casework.open(
        Request(channel=Channel.EMAIL, requester=Requester(kind, "Ente", "ente@example.org")), "mail"
    )
    citizen = await casework.open(FORM, "form")
    assert practice.office_id == office
    assert citizen.office_id != office
    assert await kinds(replies, practice.id) == [LetterKind.SENT_TO_OFFICE]


async def test_hostile_text_is_kept_without_what_could_do_harm(casework: Casework, replies: Replies) -> None:
    hostile = Requester(name="Anna\r\nBcc: all@example.org", email=" Anna.Verdi@EXAMPLE.org ")
    practice = await casework.open(
        Request(
            channel=Channel.WEB_FORM, requester=hostile, subject="a\nb\x00", text="x\x00\r\n'; DROP TABLE practice;--"
        ),
        "form",
    )
    assert practice.requester.name == "Anna Bcc: all@example.org"
    assert practice.requester.email == "Anna.Verdi@example.org"
    assert (practice.subject, practice.text) == ("a b", "x\n'; DROP TABLE practice;--")
    assert await kinds(replies, practice.id) == [LetterKind.TAKEN_CHARGE]


async def test_an_address_that_is_none_is_refused_with_a_sentence_and_nothing_is_written(
    casework: Casework, practices: Practices
) -> None:
    wrong = Requester(email="anna at example")
    with pytest.raises(ValueError, match=r"e-mail address.*Example"):
        await casework.open(Request(channel=Channel.WEB_FORM, requester=wrong), "form")
    assert await practices.recent(1) == []
    practice = await begun(casework)
    with pytest.raises(ValueError, match="e-mail address"):
        await casework.correct(practice.id, Edit(requester=wrong), "anna", "new address")


async def test_what_is_named_and_not_there_is_one_sentence_and_nothing_is_written(
    casework: Casework, practices: Practices
) -> None:
    practice = await begun(casework)
    for wrong in (
        casework.assign(practice.id, "carla", "theirs", office_id=uuid4()),
        casework.correct(practice.id, Edit(municipality="999999"), "anna", "there"),
        casework.correct(practice.id, Edit(topic_id=uuid4()), "anna", "about"),
    ):
        with pytest.raises(ValueError, match="not there"):
            await wrong
    with pytest.raises(ValueError, match="language"):
        await casework.open(Request(channel=Channel.EMAIL, language="Français!"), "mail")
    assert await practices.practice(practice.id) == practice


async def test_reasons_are_kept_without_what_the_database_cannot_hold(casework: Casework) -> None:
    practice = await casework.open(FORM, "form")
    await casework.take(practice.id, "anna")
    waiting = await casework.ask_documents(practice.id, "una\x00 foto\ud800grafia", "anna")
    assert waiting.history[-2].reason == waiting.clock[-1].reason == "una fotografia"


async def test_a_duplicate_outlives_one_whose_keeping_is_over_and_tells_of_itself(
    casework: Casework, practices: Practices
) -> None:
    duplicate, kept = await casework.open(FORM, "form"), await casework.open(FORM, "form")
    await casework.merge(duplicate.id, kept.id, "anna", "the same wall")
    await casework.erase_alone(kept.id, "clock", "over")
    status = await practices.status(duplicate.code)
    assert status is not None
    assert (status.practice_id, status.closure) == (duplicate.id, Closure.DUPLICATE)


async def test_a_requesters_erasure_reaches_what_was_merged_into_the_practice_and_nothing_else(
    casework: Casework, practices: Practices, replies: Replies, database: Database, clock: HeldClock
) -> None:
    far, near, kept, other = [await casework.open(FORM, "form") for _ in range(4)]
    await casework.merge(far.id, near.id, "anna", "the same wall")
    await casework.merge(near.id, kept.id, "anna", "the same wall")
    assert {one.id for one in await casework.merged_into(kept.id)} == {far.id, near.id}
    assert await casework.erase(kept.id, "carla", "asked for") == 2
    for one in (far, near, kept):
        erased = await practices.practice(one.id)
        assert erased is not None
        assert (erased.code, erased.requester, erased.subject, erased.text) == ("", Requester(), "", "")
        assert (erased.history[-1].what, erased.history[-1].author) == ("erased", "carla")
        assert {letter.address for letter in await replies.letters_of(one.id)} == {""}
    assert await practices.practice(other.id) == other
    assert await casework.merged_into(kept.id) == []
    assert await casework.erase(kept.id, "carla", "again") == 0
    assert (await Histories(database, clock).verify()).faults == ()


async def test_what_was_merged_into_an_erased_practice_can_still_be_erased_by_its_name(
    casework: Casework, practices: Practices
) -> None:
    duplicate, kept = await casework.open(FORM, "form"), await casework.open(FORM, "form")
    await casework.merge(duplicate.id, kept.id, "anna", "the same wall")
    await casework.erase_alone(kept.id, "clock", "over")
    assert await casework.erase(kept.id, "carla", "asked for") == 1
    assert await practices.status(duplicate.code) is None


async def test_an_erasure_and_a_merge_at_once_leave_no_duplicate_that_nobody_saw(
    casework: Casework, practices: Practices
) -> None:
    for _ in range(5):
        first, kept = await casework.open(FORM, "form"), await casework.open(FORM, "form")
        await asyncio.gather(
            casework.merge(first.id, kept.id, "anna", "same"),
            casework.erase(kept.id, "carla", "asked for"),
            return_exceptions=True,
        )
        ends = [await practices.practice(one.id) for one in (first, kept)]
        assert ends[0] is not None
        assert ends[1] is not None
        if ends[1].erased_at and ends[0].merged_into:
            assert ends[0].erased_at


async def test_an_erasure_of_what_was_merged_into_since_it_was_looked_at_is_a_conflict(casework: Casework) -> None:
    first, kept = await casework.open(FORM, "form"), await casework.open(FORM, "form")
    await casework.merge(first.id, kept.id, "anna", "same")
    with pytest.raises(Conflict):
        await casework.erase(kept.id, "carla", "asked for", kept.version)


async def test_an_exercise_writes_to_nobody(casework: Casework, replies: Replies) -> None:
    practice = await casework.open(Request(channel=Channel.WEB_FORM, requester=ANNA, exercise=True), "form")
    assert practice.exercise
    assert await kinds(replies, practice.id) == []


async def test_other_languages_get_the_fixed_notice(casework: Casework, replies: Replies) -> None:
    request = Request(channel=Channel.EMAIL, language="fr", requester=ANNA, text="Bonjour")
    practice = await casework.open(request, "mail")
    [letter] = await replies.letters_of(practice.id)
    assert letter.kind is LetterKind.OTHER_LANGUAGE
    assert "italian" in letter.body.lower()


async def test_a_request_without_an_address_is_accepted_and_flagged(casework: Casework, replies: Replies) -> None:
    practice = await casework.open(Request(channel=Channel.LETTER, text="Caro Dipartimento"), "post")
    assert practice.no_reply_address
    assert await kinds(replies, practice.id) == []
    with pytest.raises(NoReplyAddress, match="no_reply_address"):
        await casework.answer(practice.id, "Sì", "anna")
    closed = await casework.close(practice.id, Closure.NO_REPLY_ADDRESS, "nowhere to write", "anna")
    assert closed.state is PracticeState.CLOSED


async def test_a_certified_letter_counts_from_its_certified_date(casework: Casework, clock: HeldClock) -> None:
    sent = clock.now() - timedelta(days=3)
    practice = await casework.open(Request(channel=Channel.PEC, requester=ANNA, counts_from=sent), "mail")
    assert practice.due_on == COUNTING.due_on(COUNTING.day(sent), 40)
    assert practice.opened_at == clock.now()


async def test_the_term_stands_still_while_another_administration_is_asked(
    casework: Casework, replies: Replies, clock: HeldClock
) -> None:
    practice = await begun(casework)
    first_due = practice.due_on
    clock.move(days=10)
    waiting = await casework.ask_administration(practice.id, "Comune di Roma", "anna")
    assert waiting.due_on is None
    clock.move(days=20)
    back = await casework.resume(practice.id, "the opinion is here", "anna")
    assert first_due is not None
    assert back.due_on == COUNTING.due_on(COUNTING.day(practice.counts_from), 60)
    reading = read_clock(back.clock, clock.now() + timedelta(days=5), COUNTING)
    assert reading is not None
    assert (reading.elapsed, reading.suspended_administration, reading.remaining) == (15, 20, 25)
    assert LetterKind.SUSPENDED in await kinds(replies, practice.id)
    with pytest.raises(IllegalStep, match="waits for something"):
        await casework.resume(practice.id, "again", "anna")


async def test_the_same_documents_can_be_asked_for_twice_and_each_time_a_letter_goes(
    casework: Casework, replies: Replies
) -> None:
    practice = await begun(casework)
    for _ in range(2):
        await casework.ask_documents(practice.id, "una fotografia", "anna")
        await casework.resume(practice.id, "here", "anna")
    assert (await kinds(replies, practice.id)).count(LetterKind.DOCUMENTS_ASKED) == 2


async def test_missing_documents_close_the_practice_with_a_letter_that_says_which(
    casework: Casework, replies: Replies
) -> None:
    practice = await begun(casework)
    await casework.ask_documents(practice.id, "una fotografia del muro", "anna")
    await casework.classify(practice.id, PracticeClass.QUICK_SEARCH, "anna")
    await casework.close(practice.id, Closure.MISSING_DOCUMENTS, "40 days", "clock")
    letters = {letter.kind: letter.body for letter in await replies.letters_of(practice.id)}
    assert "una fotografia del muro" in letters[LetterKind.CLOSED_MISSING_DOCUMENTS]


async def test_a_class_changes_the_term_and_what_ran_is_kept(casework: Casework, clock: HeldClock) -> None:
    practice = await begun(casework)
    clock.move(days=3)
    quick = await casework.classify(practice.id, PracticeClass.QUICK_SEARCH, "anna", "we know this")
    assert quick.due_on == COUNTING.due_on(COUNTING.day(practice.counts_from), 7)
    assert [(one.state, one.term_days) for one in quick.clock] == [(ClockState.RUNS, 40), (ClockState.RUNS, 7)]
    assert await casework.classify(practice.id, PracticeClass.QUICK_SEARCH, "bruno") == quick
    as_letter = await casework.correct(practice.id, Edit(channel=Channel.LETTER), "anna", "it came by post")
    assert as_letter.due_on == COUNTING.due_on(COUNTING.day(practice.counts_from), 40)


async def test_an_answer_is_one_step_with_its_letter_and_a_reopening_begins_a_new_term(
    casework: Casework, replies: Replies, clock: HeldClock
) -> None:
    practice = await begun(casework)
    clock.move(days=30)
    answered = await casework.answer(practice.id, "Il muro è sicuro.", "anna")
    assert (answered.state, answered.due_on) == (PracticeState.ANSWERED, None)
    again = await casework.reopen(practice.id, "she wrote again", "anna")
    assert again.due_on == COUNTING.due_on(COUNTING.day(clock.now()), 40)
    assert set(await kinds(replies, practice.id)) == {LetterKind.TAKEN_CHARGE, LetterKind.ANSWER, LetterKind.REOPENED}


async def test_two_operators_on_one_practice_the_second_gets_a_clear_conflict(casework: Casework) -> None:
    practice = await begun(casework)
    seen = practice.version
    await casework.correct(practice.id, Edit(subject="Il muro della scuola"), "anna", "clearer", seen)
    with pytest.raises(Conflict, match=r"anna at .* corrected"):
        await casework.correct(practice.id, Edit(subject="Altro"), "bruno", "mine", seen)
    with pytest.raises(Taken, match="anna"):
        await casework.take(practice.id, "bruno")
    given = await casework.assign(practice.id, "carla", "holidays", operator="bruno")
    assert (given.operator, given.subject) == ("bruno", "Il muro della scuola")


async def test_of_two_who_change_the_same_practice_at_once_one_gets_the_conflict(casework: Casework) -> None:
    practice = await begun(casework)
    edits = [casework.correct(practice.id, Edit(subject=who), who, "at once", practice.version) for who in ("a", "b")]
    ends = await asyncio.gather(*edits, return_exceptions=True)
    assert sorted(type(end) for end in ends if isinstance(end, Exception)) == [Conflict]


async def test_a_correction_says_in_the_history_what_stood_there(casework: Casework) -> None:
    practice = await begun(casework)
    other = Requester(name="Anna Verdi", postal="Via Roma 1, 00100 Roma")
    corrected = await casework.correct(practice.id, Edit(requester=other, kind=None), "anna", "she moved")
    reason = corrected.history[-1].reason
    assert "she moved" in reason
    assert "anna.verdi@example.org" in reason
    assert "report -> nothing" in reason
    assert corrected.requester == other
    assert await casework.correct(practice.id, Edit(requester=other), "anna", "again") == corrected


async def test_a_merged_practice_tells_of_the_one_that_is_left(
    casework: Casework, practices: Practices, clock: HeldClock
) -> None:
    first, second, third = [await casework.open(FORM, "form") for _ in range(3)]
    await casework.merge(first.id, second.id, "anna", "the same wall")
    kept = await casework.merge(second.id, third.id, "anna", "the same wall")
    clock.move(days=1)
    await casework.take(third.id, "anna")
    for code in (first.code, second.code, third.code):
        status = await practices.status(code)
        assert status is not None
        assert (status.practice_id, status.state) == (third.id, PracticeState.IN_PROGRESS)
    assert "contact" in whats(kept)
    gone = await practices.practice(first.id)
    assert gone is not None
    assert (gone.closure, gone.merged_into) == (Closure.DUPLICATE, third.id)
    with pytest.raises(IllegalStep, match="merged"):
        await casework.merge(third.id, first.id, "anna", "back")
    with pytest.raises(IllegalStep, match="merged"):
        await casework.reopen(first.id, "?", "anna")
    with pytest.raises(ValueError, match="itself"):
        await casework.merge(third.id, third.id, "anna", "?")


async def test_practices_merged_crosswise_at_once_end_in_one(casework: Casework) -> None:
    first, second = [await casework.open(FORM, "form") for _ in range(2)]
    ends = await asyncio.gather(
        casework.merge(first.id, second.id, "anna", "same"),
        casework.merge(second.id, first.id, "bruno", "same"),
        return_exceptions=True,
    )
    assert [type(end) for end in ends if isinstance(end, Exception)] == [IllegalStep]


async def test_a_contact_is_linked_once(casework: Casework, clock: HeldClock) -> None:
    practice, contact = await begun(casework), uuid4()
    for _ in range(2):
        await casework.link_contact(contact, practice.id, Channel.PHONE_CALL, "call 1", clock.now(), "anna")
    assert whats(await casework.take(practice.id, "anna")).count("contact") == 1


async def test_after_an_erasure_nothing_says_who_it_was_and_the_history_still_verifies(
    casework: Casework, practices: Practices, replies: Replies, database: Database, clock: HeldClock
) -> None:
    practice = await begun(casework)
    await casework.erase(practice.id, "carla", "asked for by the requester")
    await casework.erase(practice.id, "carla", "again")
    erased = await practices.practice(practice.id)
    assert erased is not None
    assert (erased.code, erased.requester, erased.subject, erased.text) == ("", Requester(), "", "")
    assert erased.erased_at == clock.now()
    assert {entry.reason for entry in erased.history[:-1]} == {""}
    assert whats(erased)[-1] == "erased"
    [letter] = await replies.letters_of(practice.id)
    assert (letter.address, letter.body, letter.state) == ("", "", LetterState.CANCELLED)
    assert await practices.status(practice.code) is None
    verdict = await Histories(database, clock).verify()
    assert (verdict.practices, verdict.faults) == (1, ())


async def test_an_erased_code_is_never_drawn_again(casework: Casework, database: Database, clock: HeldClock) -> None:
    practice = await begun(casework)
    await casework.erase(practice.id, "carla", "asked for")
    draws = iter([practice.code, "00000000000"])
    codes = type(CODES)(CODES.key, lambda: next(draws))
    assert await Practices(database, clock, COUNTING, codes).lease_codes("test", 1) == ["00000000000"]


async def test_unknown_erased_and_expired_codes_look_the_same(
    casework: Casework, practices: Practices, clock: HeldClock
) -> None:
    erased, old = await begun(casework), await begun(casework)
    await casework.erase(erased.id, "carla", "asked for")
    await casework.close(old.id, Closure.WITHDRAWN, "no longer needed", "anna")
    clock.move(days=COUNTING.status_days + 1)
    assert [await practices.status(code) for code in (erased.code, old.code, "00000000000")] == [None] * 3


async def test_one_answer_goes_to_each_practice_once_and_the_rest_is_left_to_people(
    casework: Casework, replies: Replies, event: Event
) -> None:
    open_one, answered = await begun(casework), await begun(casework)
    without = await begun(casework, Request(channel=Channel.PHONE_CALL, requester=Requester(phone="+390612345678")))
    elsewhere = await begun(casework)
    for one in (open_one, answered, without):
        await casework.correct(one.id, Edit(event_id=event.id), "anna", "about it")
    await casework.answer(answered.id, "Già risposto.", "anna")
    sent = [
        await casework.answer_event(one.id, event, "Le scuole sono aperte.", "carla")
        for one in (open_one, answered, without, elsewhere)
    ]
    again = await casework.answer_event(open_one.id, event, "Le scuole sono aperte.", "carla")
    assert (sent, again) == ([True, False, False, False], False)
    assert (await kinds(replies, open_one.id)).count(LetterKind.EVENT_ANSWER) == 1


async def test_what_is_not_there_is_said_so(casework: Casework) -> None:
    with pytest.raises(UnknownPractice):
        await casework.take(uuid4(), "anna")


async def test_a_fresh_practice_is_due_in_forty_days(casework: Casework) -> None:
    assert (await casework.open(FORM, "form")).due_on == date(2026, 11, 16)


async def test_a_conflict_names_the_person_and_not_the_letter_that_was_queued(casework: Casework) -> None:
    practice = await begun(casework)
    await casework.ask_documents(practice.id, "una fotografia", "bruno")
    with pytest.raises(Conflict, match=r"bruno at .* in_progress -> awaiting_documents"):
        await casework.close(practice.id, Closure.WITHDRAWN, "no longer needed", "anna", practice.version)


async def test_what_was_asked_for_goes_with_an_erased_practice(casework: Casework, practices: Practices) -> None:
    practice = await begun(casework)
    await casework.ask_documents(practice.id, "la cartella clinica di Anna Verdi", "anna")
    await casework.erase(practice.id, "carla", "asked for")
    erased = await practices.practice(practice.id)
    assert erased is not None
    assert {interval.reason for interval in erased.clock} == {""}


async def test_nothing_is_written_into_an_erased_practice(
    casework: Casework, practices: Practices, clock: HeldClock, event: Event
) -> None:
    practice = await begun(casework)
    await casework.correct(practice.id, Edit(event_id=event.id), "anna", "about it")
    await casework.erase(practice.id, "carla", "asked for")
    erased = await practices.practice(practice.id)
    for late in (
        casework.correct(practice.id, Edit(requester=ANNA), "anna", "late"),
        casework.take(practice.id, "bruno"),
        casework.assign(practice.id, "carla", "Anna Verdi calls", operator="bruno"),
        casework.classify(practice.id, PracticeClass.KNOWN, "bruno", "Anna Verdi"),
        casework.link_contact(uuid4(), practice.id, Channel.PHONE_CALL, "Anna Verdi", clock.now(), "anna"),
    ):
        with pytest.raises(IllegalStep, match="erased"):
            await late
    assert not await casework.answer_event(practice.id, event, "Sì.", "carla")
    assert await practices.practice(practice.id) == erased
