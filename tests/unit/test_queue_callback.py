"""Row 8 of the phone script: how a caller in line comes to a callback, and what leads back to waiting."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import pytest

from dialplan.numbers import number_to_call
from phone.spoken import spoken_phone
from queue_manager.model import Why
from queue_manager.waiting import Pace, wait_in_line

OWN, OTHER = "+393331234567", "+390612345678"


@dataclass
class Caller:
    """A caller in line who presses these keys, None for silence; and what the line knows of them."""

    keys: deque[str | None]
    number: str | None = OWN
    answered: bool = False
    heard: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    async def say(self, *prompts: str) -> None:
        self.heard += prompts

    async def key(self, wait_s: float) -> str | None:
        return self.keys.popleft() if self.keys else None

    async def music(self, wait_s: float) -> str | None:
        return self.keys.popleft() if self.keys else "1"  # who has nothing more to say leaves a message

    def position(self) -> tuple[int, tuple[int, int] | None]:
        return 1, None

    def number_to_call(self, shown: str) -> str | None:
        return number_to_call(shown)

    def own_number(self) -> str | None:
        return self.number

    async def ask(self, number: str) -> bool:
        self.asked.append(number)
        return not self.answered


async def waits(keys: str, **known: object) -> tuple[Why, Caller]:
    """`keys` as they are pressed, "." where nothing is."""
    caller = Caller(deque(None if key == "." else key for key in keys), **known)  # type: ignore[arg-type]
    return await wait_in_line(caller, caller, Pace(1, 1), caller), caller


async def test_a_caller_confirms_the_number_they_call_from_and_is_told_that_the_place_is_kept() -> None:
    why, caller = await waits("21")
    assert why is Why.CALLBACK
    assert caller.asked == [OWN]
    assert caller.heard == [
        "callback-number",
        *spoken_phone(OWN),
        "pause-short",
        "callback-confirm",
        "callback-confirmed",
    ]


async def test_another_number_is_keyed_in_as_it_is_dialled_in_italy_and_the_star_begins_again() -> None:
    why, caller = await waits("2299*0612345678#1")
    assert (why, caller.asked) == (Why.CALLBACK, [OTHER])
    assert caller.heard.count("callback-type-number") == 1


async def test_a_withheld_number_leads_straight_to_typing_which_ends_without_a_hash_too() -> None:
    why, caller = await waits("20612345678.1", number=None)
    assert (why, caller.asked) == (Why.CALLBACK, [OTHER])
    assert caller.heard[0] == "callback-type-number"


async def test_what_cannot_be_called_is_refused_and_three_failures_lead_back_to_waiting() -> None:
    why, caller = await waits("2112#899123456#004930123456#", number=None)
    assert why is Why.MESSAGE
    assert caller.asked == []
    assert caller.heard.count("callback-not-possible") == 3
    assert caller.heard[-1] == "queue-menu"


async def test_a_caller_who_neither_confirms_nor_corrects_waits_on() -> None:
    why, caller = await waits("2.7.")
    assert (why, caller.asked) == (Why.MESSAGE, [])
    assert caller.heard.count("callback-confirm") == 3


async def test_nobody_is_told_of_a_callback_when_an_operator_has_just_answered() -> None:
    _, caller = await waits("21", answered=True)
    assert "callback-confirmed" not in caller.heard


async def test_where_no_callback_is_possible_none_is_offered_and_its_key_means_nothing() -> None:
    caller = Caller(deque("2"))
    assert await wait_in_line(caller, caller, Pace(1, 1)) is Why.MESSAGE
    assert caller.heard[-1] == "queue-menu-message"
    assert "queue-menu" not in caller.heard


@pytest.mark.parametrize("typed", ["3331234567", "+393331234567", "00393331234567", "393331234567"])
def test_an_italian_number_is_called_however_it_is_typed(typed: str) -> None:
    assert number_to_call(typed) == "+393331234567"


@pytest.mark.parametrize(
    "typed",
    ["", "112", "113", "115", "118", "1515", "800840840", "899123456", "1254", "+4930123456", "+88216123456", "5"],
)
def test_emergency_toll_free_premium_and_foreign_numbers_are_not_called(typed: str) -> None:
    assert number_to_call(typed) is None


def test_the_countries_that_are_called_are_a_setting() -> None:
    assert number_to_call("+4930123456", ("IT", "DE")) == "+4930123456"
