"""The menu and its unhappy paths."""

from __future__ import annotations

import pytest

from phone.call import CallerHungUp
from phone.fake_call import FakeCall, HangUp, Press
from phone.menu import menu

MENU = "menu-open"


async def test_a_key_of_the_menu_is_the_answer() -> None:
    assert await menu(FakeCall([(MENU, Press("2"))]), MENU, keys="123") == "2"


async def test_three_missing_answers_end_the_menu() -> None:
    call = FakeCall()
    assert await menu(call, MENU, keys="123", tries=3) is None
    assert call.said == [MENU] * 3


async def test_three_wrong_keys_end_the_menu() -> None:
    call = FakeCall([(MENU, Press("7")), (MENU, Press("8")), (MENU, Press("#"))])
    assert await menu(call, MENU, keys="123", tries=3) is None


async def test_a_wrong_key_is_told_before_the_question_comes_again() -> None:
    call = FakeCall([(MENU, Press("7")), (MENU, Press("1"))])
    assert await menu(call, MENU, keys="123") == "1"
    assert call.said == [MENU, "choice-not-valid", MENU]


async def test_a_star_repeats_the_question_and_is_no_wrong_answer() -> None:
    call = FakeCall([(MENU, Press("*"))] * 5 + [(MENU, Press("3"))])
    assert await menu(call, MENU, keys="123", tries=3) == "3"
    assert call.said == [MENU] * 6


async def test_the_introduction_is_played_once() -> None:
    call = FakeCall()
    await menu(call, MENU, keys="1", tries=2, intro=("welcome", "privacy"))
    assert call.said == ["welcome", "privacy", MENU, MENU]


async def test_a_key_during_the_introduction_skips_the_rest_of_it_and_the_question() -> None:
    call = FakeCall([("welcome", Press("1"))])
    assert await menu(call, MENU, keys="1", intro=("welcome", "privacy")) == "1"
    assert call.said == ["welcome"]


async def test_keys_typed_ahead_answer_the_next_menu_unheard() -> None:
    call = FakeCall([(MENU, Press("21"))])
    assert await menu(call, MENU, keys="2") == "2"
    assert await menu(call, "after-message", keys="1") == "1"
    assert call.said == [MENU]


async def test_a_hang_up_during_a_menu_is_no_answer() -> None:
    with pytest.raises(CallerHungUp):
        await menu(FakeCall([(MENU, HangUp())]), MENU, keys="1")
