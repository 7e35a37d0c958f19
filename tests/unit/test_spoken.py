"""Dates, times and codes as a telephone says them."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phone.catalogue import LANGUAGES, SOUNDS, catalogue
from phone.spoken import spoken_code, spoken_date, spoken_hours, spoken_opening

ROME = ZoneInfo("Europe/Rome")
NOW = datetime(2026, 10, 5, 22, 0, tzinfo=ROME)  # a Monday


def sentence(names: tuple[str, ...], language: str) -> str:
    return " ".join(catalogue(language)[name] for name in names)


def test_a_code_is_read_in_groups_of_three_three_three_and_two() -> None:
    groups = " ".join(spoken_code("12345678901")).split(" pause-short ")
    assert [group.replace("digit-", "") for group in groups] == ["1 2 3", "4 5 6", "7 8 9", "0 1"]


@pytest.mark.parametrize(
    ("day", "italian", "english"),
    [
        (date(2027, 1, 1), "il primo gennaio", "first of January"),
        (date(2026, 3, 3), "il 3 marzo", "third of March"),
        (date(2026, 12, 31), "il 31 dicembre", "thirty-first of December"),
    ],
)
def test_a_date_is_said_as_day_and_month(day: date, italian: str, english: str) -> None:
    assert sentence(spoken_date(day), "it") == italian
    assert sentence(spoken_date(day), "en") == english


def test_the_hours_of_the_charter_are_said_as_it_writes_them() -> None:
    names = spoken_hours(0, 4, time(9), time(18))
    assert sentence(names, "it") == "dalle 9 alle 18 dal lunedì al venerdì"
    assert sentence(names, "en") == "from 9 a m to 6 p m from Monday to Friday"


def test_a_line_that_is_always_open_says_so() -> None:
    assert spoken_hours(0, 6, time(0), time(0)) == ("always",)


@pytest.mark.parametrize(
    ("opening", "italian"),
    [
        (datetime(2026, 10, 5, 23, 0, tzinfo=ROME), "oggi alle 23"),
        (datetime(2026, 10, 6, 9, 0, tzinfo=ROME), "domani alle 9"),
        (datetime(2026, 10, 8, 9, 30, tzinfo=ROME), "giovedì alle 9 e 30"),
        (datetime(2026, 10, 12, 9, 0, tzinfo=ROME), "lunedì il 12 ottobre alle 9"),
    ],
)
def test_the_next_opening_is_named_as_near_as_it_is(opening: datetime, italian: str) -> None:
    assert sentence(spoken_opening(opening, NOW), "it") == italian


def test_an_opening_between_half_hours_is_never_told_too_early() -> None:
    assert sentence(spoken_opening(datetime(2026, 10, 6, 9, 10, tzinfo=ROME), NOW), "it") == "domani alle 9 e 30"
    late = spoken_opening(datetime(2026, 10, 5, 23, 40, tzinfo=ROME), NOW)
    assert late[0] == "tomorrow"


@given(minutes=st.integers(0, 60 * 24 * 366), language=st.sampled_from(LANGUAGES))
def test_every_opening_of_a_year_can_be_said(minutes: int, language: str) -> None:
    known = {*catalogue(language), *SOUNDS}
    assert known.issuperset(spoken_opening(NOW + timedelta(minutes=minutes), NOW))


@given(day=st.dates(), language=st.sampled_from(LANGUAGES))
def test_every_date_can_be_said(day: date, language: str) -> None:
    assert catalogue(language).keys() >= set(spoken_date(day))


@given(code=st.from_regex(r"[0-9]{11}", fullmatch=True), language=st.sampled_from(LANGUAGES))
def test_every_code_can_be_said_and_loses_no_digit(code: str, language: str) -> None:
    names = spoken_code(code)
    assert {*catalogue(language), *SOUNDS}.issuperset(names)
    assert "".join(name.removeprefix("digit-") for name in names if name.startswith("digit-")) == code


@given(
    first=st.integers(0, 6),
    last=st.integers(0, 6),
    opens=st.integers(0, 47),
    closes=st.integers(0, 47),
    language=st.sampled_from(LANGUAGES),
)
def test_every_week_on_half_hours_can_be_said(first: int, last: int, opens: int, closes: int, language: str) -> None:
    names = spoken_hours(first, last, time(opens // 2, opens % 2 * 30), time(closes // 2, closes % 2 * 30))
    assert catalogue(language).keys() >= set(names)
