"""Rows 1 to 5 and 7 of the call script, as a caller hears them."""

from __future__ import annotations

import pytest

from ledger.model import Outcome
from tests.acceptance.line import ServiceLine

GREETING = ("welcome", "not-a-rescue-number", "language-offer", "privacy")
WEEK = ("service-is-open", "from-0900", "to-1800", "from-day-0", "to-day-4")
# One sound under two names is told by the first of them.
SAME_SOUND = {"it/to-1800": "it/at-1800", "it/to-0900": "it/at-0900"}


def spoken(language: str, *prompts: str) -> list[str]:
    """The names under which an ear tells these prompts."""
    names = [f"{language}/{prompt}" for prompt in prompts]
    return [SAME_SOUND.get(name, name) for name in names]


def to_language(language: str) -> list[str]:
    """How a caller comes to hear a language's greeting from its start."""
    return ["hear-start it/language-offer", "press 9"] if language == "en" else []


def heard_in(names: list[str], language: str) -> list[str]:
    """What was heard from the last welcome of this language on."""
    begin = len(names) - 1 - names[::-1].index(f"{language}/welcome")
    return names[begin:]


@pytest.mark.parametrize("language", ["it", "en"])
async def test_out_of_hours_a_caller_hears_greeting_warning_hours_and_menu(
    at_night: ServiceLine, language: str
) -> None:
    told = await at_night.call(*to_language(language), f"hear {language}/menu-closed", "hang up")
    names = heard_in(told.names(), language)
    greeting, week = spoken(language, *GREETING), spoken(language, "closed", *WEEK, "reopens")
    assert names[: len(greeting) + len(week)] == [*greeting, *week]
    assert names[-1] == f"{language}/menu-closed"
    when = names[len(greeting) + len(week) : -1]
    assert when, "the next opening is not told"
    assert all(name.split("/")[1].split("-")[0] in {"today", "tomorrow", "day", "date", "month", "at"} for name in when)
    assert (await at_night.page_of(told)).outcome is Outcome.ABANDONED


@pytest.mark.parametrize("language", ["it", "en"])
async def test_in_hours_a_caller_hears_greeting_warning_and_menu(in_hours: ServiceLine, language: str) -> None:
    told = await in_hours.call(*to_language(language), f"hear {language}/menu-open", "hang up")
    assert heard_in(told.names(), language) == spoken(language, *GREETING, "menu-open")
    page = await in_hours.page_of(told)
    assert (page.language, page.outcome) == (language, Outcome.ABANDONED)


@pytest.mark.parametrize("language", ["it", "en"])
@pytest.mark.parametrize("key", ["1", "0"])
async def test_who_asks_for_a_person_hears_that_nobody_is_on_duty_and_comes_to_the_mailbox(
    in_hours: ServiceLine, key: str, language: str
) -> None:
    told = await in_hours.call(
        *to_language(language), f"hear-start {language}/welcome", f"press {key}", "hear beep", "hang up"
    )
    assert told.names()[-3:] == [f"{language}/no-operator", f"{language}/mailbox", "beep"]
    assert (await in_hours.page_of(told)).outcome is Outcome.MISSED


@pytest.mark.parametrize("language", ["it", "en"])
async def test_four_tells_hours_and_other_channels_and_comes_back_to_the_menu(
    in_hours: ServiceLine, language: str
) -> None:
    told = await in_hours.call(
        *to_language(language), f"hear-start {language}/welcome", "press 4", f"hear {language}/menu-open", "hang up"
    )
    assert told.names()[-7:] == spoken(language, *WEEK, "other-channels", "menu-open")


async def test_a_wrong_key_is_told_so_and_the_menu_said_again(in_hours: ServiceLine) -> None:
    told = await in_hours.call("hear-start it/menu-open", "press 7", "hear it/menu-open", "hang up")
    assert told.names()[-2:] == ["it/choice-not-valid", "it/menu-open"]


async def test_a_star_says_the_menu_again(in_hours: ServiceLine) -> None:
    told = await in_hours.call("hear-start it/menu-open", "press *", "hear it/menu-open", "hang up")
    assert "it/choice-not-valid" not in told.names()


async def test_three_wrong_keys_in_hours_lead_to_the_mailbox_not_to_a_hang_up(in_hours: ServiceLine) -> None:
    told = await in_hours.call(
        "hear-start it/menu-open", "press 7",
        "hear-start it/choice-not-valid", "press 8",
        "hear-start it/choice-not-valid", "press 5", "hear beep", "hang up",
    )  # fmt: skip
    assert told.names()[-3:] == ["it/no-operator", "it/mailbox", "beep"]


async def test_a_silent_caller_in_hours_hears_the_menu_three_times_and_then_the_mailbox(in_hours: ServiceLine) -> None:
    told = await in_hours.call(*["hear it/menu-open"] * 3, "hear beep", "hang up")
    assert told.names().count("it/menu-open") == 3
    assert told.names()[-3:] == ["it/no-operator", "it/mailbox", "beep"]


async def test_a_silent_caller_at_night_stays_on_the_line_and_comes_to_the_mailbox(at_night: ServiceLine) -> None:
    told = await at_night.call("hear beep", "hang up")
    assert told.names().count("it/menu-closed") == 1
    assert told.names()[-2:] == ["it/mailbox", "beep"]


async def test_at_night_there_is_no_operator_to_press_one_for(at_night: ServiceLine) -> None:
    told = await at_night.call("hear-start it/menu-closed", "press 1", "hear it/choice-not-valid", "hang up")
    assert "it/no-operator" not in told.names()
