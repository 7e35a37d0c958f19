"""What a trunk shows becomes one spelling, or no number at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialplan.numbers import caller_number


@pytest.mark.parametrize(
    ("shown", "number"),
    [
        ("+390612345678", "+390612345678"),
        ("00390612345678", "+390612345678"),
        ("0612345678", "+390612345678"),
        ("3331234567", "+393331234567"),
        ("+4930123456", "+4930123456"),
        ("00441632960000", "+441632960000"),
    ],
)
def test_every_way_of_showing_a_number_is_one_number(shown: str, number: str) -> None:
    assert caller_number(shown) == number


@pytest.mark.parametrize(
    "shown", ["", "anonymous", "+", "0", "12", "5" * 40, "+39", "'; drop table", "${EVIL}", "\x00", "+999123456789"]
)
def test_what_is_no_number_is_none(shown: str) -> None:
    assert caller_number(shown) is None


@given(st.text(max_size=60))
def test_hostile_text_gives_a_number_or_none_and_never_an_error(shown: str) -> None:
    number = caller_number(shown)
    assert number is None or (number[0] == "+" and number[1:].isdigit() and number.isascii())
