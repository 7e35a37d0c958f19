"""Rows 1 to 5 and 7 of the phone script."""

from __future__ import annotations

import pytest

from ivr.model import Visit
from ledger.model import Outcome
from phone.catalogue import LANGUAGES
from phone.fake_call import FakeCall, HangUp, Press, Speak
from tests.unit.desk import MemoryDesk, serve

GREETING = ["welcome", "not-a-rescue-number", "language-offer", "privacy"]
OPEN_MENU, CLOSED_MENU = "menu-open", "menu-closed"


def words(call: FakeCall) -> list[str]:
    """What was said, without its pauses."""
    return [name for name in call.said if not name.startswith("pause-")]


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_caller_is_greeted_and_told_that_this_is_no_rescue_number(language: str) -> None:
    call = FakeCall([(OPEN_MENU, HangUp())], language=language)
    visit = await serve(call, MemoryDesk(is_open=True))
    assert words(call) == [*GREETING, OPEN_MENU]
    assert {heard.language for heard in call.heard} == {language}
    assert visit.outcome is Outcome.ABANDONED


async def test_a_call_taken_up_again_is_not_greeted_twice_but_hears_the_warning_and_the_menu() -> None:
    call = FakeCall([(OPEN_MENU, HangUp())])
    await serve(call, MemoryDesk(is_open=True), visit=Visit(resumed=True))
    assert words(call) == ["resumed", "not-a-rescue-number", OPEN_MENU]


async def test_a_bulletin_comes_before_everything() -> None:
    call = FakeCall([("bulletin", HangUp())])
    await serve(call, MemoryDesk(bulletin=True))
    assert words(call) == ["bulletin"]


@pytest.mark.parametrize("language", LANGUAGES)
async def test_out_of_hours_the_caller_hears_the_hours_and_the_next_opening(language: str) -> None:
    call = FakeCall([(CLOSED_MENU, HangUp())], language=language)
    await serve(call, MemoryDesk())
    assert words(call)[len(GREETING) :] == [
        "closed", "service-is-open", "from-0900", "to-1800", "from-day-0", "to-day-4", "reopens", "tomorrow", "at-0900",
        CLOSED_MENU,
    ]  # fmt: skip


async def test_nine_changes_the_language_and_greets_again_with_the_warning() -> None:
    call = FakeCall([("language-offer", Press("9")), (OPEN_MENU, HangUp())])
    desk = MemoryDesk(is_open=True)
    await serve(call, desk)
    english = [heard.name for heard in call.heard if heard.language == "en"]
    assert [name for name in english if not name.startswith("pause-")] == [*GREETING, OPEN_MENU]
    assert desk.languages == ["en"]


async def test_nine_twice_comes_back_to_the_first_language() -> None:
    call = FakeCall([(OPEN_MENU, Press("9")), (OPEN_MENU, Press("9")), (OPEN_MENU, HangUp())])
    desk = MemoryDesk(is_open=True)
    await serve(call, desk)
    assert desk.languages == ["en", "it"]
    assert call.heard[-1].language == "it"


@pytest.mark.parametrize("key", ["1", "0"])
async def test_who_asks_for_a_person_is_handed_on_and_a_restart_would_hand_them_on_again(key: str) -> None:
    call = FakeCall([(OPEN_MENU, Press(key))])
    desk = MemoryDesk(is_open=True)
    await serve(call, desk)
    assert call.handed_on
    assert words(call)[-1] == OPEN_MENU
    assert desk.entered[-1] == ("operator", "it")
    again = FakeCall(language="en")
    await serve(again, desk, desk.entered[-1][0])
    assert again.handed_on
    assert again.said == []


async def test_three_times_no_answer_leads_to_a_person_when_open() -> None:
    call = FakeCall()
    await serve(call, MemoryDesk(is_open=True))
    assert words(call).count(OPEN_MENU) == 3
    assert call.handed_on


async def test_who_is_taken_up_on_the_way_to_a_person_when_the_line_has_closed_is_told_so_and_leaves_a_message() -> (
    None
):
    call, desk = FakeCall(takes=[Speak(8)]), MemoryDesk()
    visit = await serve(call, desk, "operator")
    assert words(call)[:2] == ["closed", "service-is-open"]
    assert words(call).index("reopens") < words(call).index("mailbox")
    assert (len(desk.filed), visit.outcome) == (1, Outcome.MESSAGE_LEFT)


@pytest.mark.parametrize("keys", ["", "7"])
async def test_three_times_wrong_or_no_answer_leads_to_the_mailbox_when_closed(keys: str) -> None:
    call = FakeCall([(CLOSED_MENU, Press(keys))] * 3 if keys else (), [Speak(8)])
    desk = MemoryDesk()
    await serve(call, desk)
    assert not call.handed_on
    assert len(desk.filed) == 1


async def test_key_four_tells_hours_and_other_channels_and_comes_back_to_the_menu() -> None:
    call = FakeCall([(OPEN_MENU, Press("4")), (OPEN_MENU, HangUp())])
    visit = await serve(call, MemoryDesk(is_open=True))
    after = words(call)[words(call).index(OPEN_MENU) + 1 :]
    assert after == ["service-is-open", "from-0900", "to-1800", "from-day-0", "to-day-4", "other-channels", OPEN_MENU]
    assert visit.outcome is Outcome.INFORMATION_HEARD


async def test_keys_typed_ahead_over_the_greeting_go_straight_to_the_code() -> None:
    call = FakeCall([("welcome", Press("2123#")), ("code-not-correct", HangUp())])
    await serve(call, MemoryDesk(is_open=True))
    assert words(call) == ["welcome", "code-not-correct"]


async def test_a_withheld_number_is_served_like_any_other() -> None:
    desk = MemoryDesk()
    await serve(FakeCall([(CLOSED_MENU, Press("3"))], [Speak(8)], caller=None), desk)
    assert len(desk.filed) == 1
