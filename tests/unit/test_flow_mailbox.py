"""Rows 9 to 11 and 16: nothing that was said is lost, and nothing is promised that is not kept."""

from __future__ import annotations

from uuid import uuid4

import pytest

from ivr.model import Filed, Visit
from ledger.model import Outcome
from phone.call import Ended, Recorded
from phone.catalogue import LANGUAGES
from phone.fake_call import Broken, FakeCall, HangUp, Press, Speak
from tests.unit.desk import MemoryDesk, serve

MENU = "after-message"
GOODBYE = ["goodbye", "pause-short"]
TALK, MUMBLE = Speak(8.0), Speak(1.0)


async def leave(call: FakeCall, desk: MemoryDesk) -> Visit:
    return await serve(call, desk, "mailbox")


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_message_becomes_a_practice_and_its_code_is_read_twice(language: str) -> None:
    call, desk = FakeCall([(MENU, Press("1"))], [TALK], language=language), MemoryDesk()
    visit = await leave(call, desk)
    assert desk.answer is not None
    digits = [name.removeprefix("digit-") for name in call.said if name.startswith("digit-")]
    assert "".join(digits) == desk.answer.code * 2
    assert call.said[-2:] == GOODBYE
    assert visit.outcome is Outcome.MESSAGE_LEFT
    assert {heard.language for heard in call.heard} == {language}


async def test_the_message_has_its_row_before_the_beep() -> None:
    call, desk = FakeCall([("mailbox", HangUp())]), MemoryDesk()
    await leave(call, desk)
    assert desk.message_id is not None
    assert "beep" not in call.said


async def test_the_practice_exists_before_anything_is_promised() -> None:
    """A caller who is gone by the time the code is said has left a message all the same."""
    call, desk = FakeCall([(MENU, Press("1")), ("code-is", HangUp())], [TALK]), MemoryDesk()
    visit = await leave(call, desk)
    assert len(desk.filed) == 1
    assert visit.outcome is Outcome.MESSAGE_LEFT


async def test_no_answer_after_the_message_sends_it() -> None:
    call, desk = FakeCall(takes=[TALK]), MemoryDesk()
    await leave(call, desk)
    assert len(desk.filed) == 1


async def test_hanging_up_while_speaking_sends_what_was_said() -> None:
    call, desk = FakeCall(takes=[Speak(8.0, Ended.HANG_UP)]), MemoryDesk()
    visit = await leave(call, desk)
    assert [take.ended for take in desk.filed] == [Ended.HANG_UP]
    assert visit.outcome is Outcome.MESSAGE_LEFT


async def test_hanging_up_after_a_word_is_a_missed_call_and_no_practice() -> None:
    call, desk = FakeCall(takes=[Speak(1.0, Ended.HANG_UP)]), MemoryDesk()
    visit = await leave(call, desk)
    assert (desk.filed, len(desk.abandoned)) == ([], 1)
    assert visit.outcome is Outcome.MISSED


async def test_a_message_too_short_is_asked_for_once_more() -> None:
    call, desk = FakeCall(takes=[MUMBLE, TALK]), MemoryDesk()
    await leave(call, desk)
    assert call.said.count("too-short") == 1
    assert [take.talk_seconds for take in desk.filed] == [8.0]
    assert desk.discarded == [f"{desk.message_id}-1"]


async def test_two_messages_too_short_are_a_missed_call_with_a_goodbye() -> None:
    call, desk = FakeCall(takes=[MUMBLE, MUMBLE, TALK]), MemoryDesk()
    visit = await leave(call, desk)
    assert (desk.filed, len(desk.abandoned)) == ([], 1)
    assert call.said[-3:] == ["not-recorded", *GOODBYE]
    assert visit.outcome is Outcome.MISSED


async def test_a_disk_that_fills_while_they_speak_is_not_the_callers_fault() -> None:
    call, desk = FakeCall(takes=[MUMBLE, MUMBLE]), MemoryDesk()
    desk.rooms = [True, False]
    visit = await leave(call, desk)
    assert (desk.filed, len(desk.abandoned)) == ([], 1)
    assert call.said[-3:] == ["apology", *GOODBYE]
    assert "too-short" not in call.said
    assert visit.outcome is Outcome.ERROR


async def test_exactly_two_seconds_of_talk_are_a_message() -> None:
    desk = MemoryDesk()
    await leave(FakeCall(takes=[Speak(2.0)]), desk)
    assert len(desk.filed) == 1


async def test_a_message_is_cut_at_three_minutes_and_kept() -> None:
    desk = MemoryDesk()
    await leave(FakeCall(takes=[Speak(999.0)]), desk)
    assert [(take.seconds, take.ended) for take in desk.filed] == [(180.0, Ended.LIMIT)]


async def test_two_plays_the_message_back_and_asks_again() -> None:
    call, desk = FakeCall([(MENU, Press("2")), (MENU, Press("1"))], [TALK]), MemoryDesk()
    await leave(call, desk)
    assert call.said.index(f"recording:{desk.message_id}-1") < len(call.said) - call.said[::-1].index(MENU) - 1
    assert len(desk.filed) == 1


async def test_three_records_again_and_only_the_new_message_is_kept() -> None:
    call, desk = FakeCall([(MENU, Press("3")), (MENU, Press("1"))], [TALK, Speak(5.0)]), MemoryDesk()
    await leave(call, desk)
    assert [take.name for take in desk.filed] == [f"{desk.message_id}-2"]
    assert desk.discarded == [f"{desk.message_id}-1"]


@pytest.mark.parametrize("second", [MUMBLE, Speak(0.5, Ended.HANG_UP), Broken()])
async def test_a_failed_second_take_leaves_the_first_one_to_be_filed(second: Speak | Broken) -> None:
    call, desk = FakeCall([(MENU, Press("3"))], [TALK, second]), MemoryDesk()
    visit = await leave(call, desk)
    assert [take.name for take in desk.filed] == [f"{desk.message_id}-1"]
    assert f"{desk.message_id}-1" not in desk.discarded
    assert visit.outcome is Outcome.MESSAGE_LEFT


async def test_hanging_up_in_a_second_take_with_talk_in_it_keeps_the_second() -> None:
    call, desk = FakeCall([(MENU, Press("3"))], [TALK, Speak(4.0, Ended.HANG_UP)]), MemoryDesk()
    await leave(call, desk)
    assert [take.name for take in desk.filed] == [f"{desk.message_id}-2"]


async def test_a_recording_that_fails_is_apologised_for_and_never_called_saved() -> None:
    call, desk = FakeCall(takes=[Broken()]), MemoryDesk()
    visit = await leave(call, desk)
    assert call.said[-3:] == ["apology", *GOODBYE]
    assert not {"code-is", "message-added"} & set(call.said)
    assert (desk.filed, len(desk.abandoned)) == ([], 1)
    assert visit.outcome is Outcome.ERROR


async def test_a_star_reads_the_code_again() -> None:
    call, desk = FakeCall([(MENU, Press("1")), ("code-use", Press("*"))], [TALK]), MemoryDesk()
    await leave(call, desk)
    assert call.said.count("code-is") == 2


@pytest.mark.parametrize("on", [[], [(MENU, Press("2")), (MENU, Press("3"))]], ids=["sent", "heard-and-recorded-again"])
@pytest.mark.parametrize("last_words", [TALK, MUMBLE], ids=["talking", "mumbling"])
@pytest.mark.parametrize("verb", range(1, 30))
async def test_a_hang_up_at_any_moment_files_or_abandons_once(
    verb: int, last_words: Speak, on: list[tuple[str, Press]]
) -> None:
    call, desk = FakeCall([("menu-closed", Press("3")), *on], [last_words, TALK], hang_up_at=verb), MemoryDesk()
    visit = await serve(call, desk)
    assert len(desk.filed) + len(desk.abandoned) == (desk.message_id is not None)
    talked = any(take.talk_seconds >= 2 for take in call.recordings.values())
    assert bool(desk.filed) == talked
    assert (visit.outcome is Outcome.MESSAGE_LEFT) == talked


async def test_a_call_taken_up_again_after_filing_hears_its_code_and_makes_no_second_practice() -> None:
    desk = MemoryDesk()
    await leave(FakeCall([("code-is", HangUp())], [TALK]), desk)
    again = FakeCall()
    visit = await leave(again, desk)
    assert len(desk.filed) == 1
    assert "beep" not in again.said
    assert again.said[0] == "code-is"
    assert visit.outcome is Outcome.MESSAGE_LEFT


async def test_a_take_that_a_dead_process_was_recording_is_kept() -> None:
    desk = MemoryDesk()
    desk.message_id = uuid4()
    take = f"{desk.message_id}-1"
    desk.noted_takes = [take]
    call = FakeCall(recordings={take: Recorded(take, 9.0, 9.0, Ended.SILENCE)})
    await leave(call, desk)
    assert [filed.name for filed in desk.filed] == [take]
    assert call.said[0] == MENU


async def test_a_caller_without_a_take_after_a_restart_is_asked_for_the_message() -> None:
    desk = MemoryDesk()
    desk.message_id = uuid4()
    call = FakeCall(takes=[TALK])
    await leave(call, desk)
    assert call.said[:2] == ["mailbox", "beep"]
    assert [filed.name for filed in desk.filed] == [f"{desk.message_id}-1"]


async def test_a_message_added_to_a_practice_is_called_so() -> None:
    desk = MemoryDesk()
    desk.message_id, desk.answer = uuid4(), Filed("12345678901", added=True)
    call = FakeCall()
    await leave(call, desk)
    assert call.said[0] == "message-added"


async def test_without_room_on_the_disk_the_caller_is_told_so_before_they_speak() -> None:
    call, desk = FakeCall(takes=[TALK]), MemoryDesk()
    desk.rooms = [False]
    visit = await leave(call, desk)
    assert call.said == ["apology", *GOODBYE]
    assert (visit.outcome, desk.filed, call.recordings) == (Outcome.ERROR, [], {})


async def test_without_a_code_the_caller_hears_that_it_comes_later() -> None:
    call, desk = FakeCall([(MENU, Press("1"))], [TALK]), MemoryDesk()
    desk.has_codes = False
    visit = await leave(call, desk)
    assert call.said[-3:] == ["code-later", *GOODBYE]
    assert visit.outcome is Outcome.MESSAGE_LEFT


async def test_a_message_that_was_given_up_before_a_restart_is_not_asked_for_again() -> None:
    call, desk = FakeCall(takes=[TALK]), MemoryDesk()
    desk.gave_up = True
    visit = await leave(call, desk)
    assert call.said == ["not-recorded", *GOODBYE]
    assert (visit.outcome, desk.abandoned) == (Outcome.MISSED, [])
