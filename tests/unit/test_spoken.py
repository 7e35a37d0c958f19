"""Dates, times and codes as a telephone says them."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phone.catalogue import LANGUAGES, SOUNDS, catalogue
from phone.spoken import (
    spoken_code,
    spoken_date,
    spoken_hours,
    spoken_opening,
    spoken_phone,
    spoken_position,
    spoken_wait,
)

ROME = ZoneInfo("Europe/Rome")
NOW = datetime(2026, 10, 5, 22, 0, tzinfo=ROME)  # a Monday


def sentence(names: tuple[str, ...], language: str) -> str:
    return " ".join(catalogue(language)[name] for name in names if name not in SOUNDS)


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


@pytest.mark.parametrize(
    ("low", "high", "italian", "english"),
    [
        (0, 0, "Attesa stimata: meno di un minuto", "Estimated wait: less than one minute"),
        (0, 4, "Attesa stimata: meno di 4 minuti", "Estimated wait: less than 4 minutes"),
        (1, 1, "Attesa stimata: circa un minuto", "Estimated wait: about one minute"),
        (1, 3, "Attesa stimata: tra uno e 3 minuti", "Estimated wait: between one and 3 minutes"),
        (2, 4, "Attesa stimata: tra 2 e 4 minuti", "Estimated wait: between 2 and 4 minutes"),
        (11, 12, "Attesa stimata: tra 10 e 15 minuti", "Estimated wait: between 10 and 15 minutes"),
        (60, 60, "Attesa stimata: circa un'ora", "Estimated wait: about an hour"),
        (41, 90, "Attesa stimata: più di 40 minuti", "Estimated wait: more than 40 minutes"),
        (75, 300, "Attesa stimata: più di un'ora", "Estimated wait: more than an hour"),
    ],
)
def test_a_wait_is_told_as_a_range_that_is_wider_rather_than_narrower(
    low: int, high: int, italian: str, english: str
) -> None:
    assert sentence(spoken_wait(low, high), "it") == italian
    assert sentence(spoken_wait(low, high), "en") == english


def test_a_wait_of_which_nothing_is_known_is_not_told() -> None:
    assert spoken_wait(0, 61) == ()


@given(low=st.integers(0, 300), wider=st.integers(0, 300), language=st.sampled_from(LANGUAGES))
def test_every_wait_can_be_said(low: int, wider: int, language: str) -> None:
    assert {*catalogue(language), *SOUNDS}.issuperset(spoken_wait(low, low + wider))


@given(number=st.integers(1, 5000), language=st.sampled_from(LANGUAGES))
def test_every_place_in_line_can_be_said_and_none_is_told_as_better_than_it_is(number: int, language: str) -> None:
    name, _ = spoken_position(number)
    assert (str(number) in catalogue(language)[name]) == (number <= 99)


def test_a_place_in_line_is_one_sentence_in_each_language() -> None:
    assert sentence(spoken_position(3), "it") == "Lei è il numero 3 in attesa."
    assert sentence(spoken_position(3), "en") == "You are number 3 in line."
    assert sentence(spoken_position(100), "it") == "Prima di lei ci sono molte persone in attesa."


@pytest.mark.parametrize(
    ("number", "said"),
    [("+390612345678", "061 234 567 8"), ("+393331234567", "333 123 456 7"), ("+41446681800", "plus 414 466 818 00")],
)
def test_a_number_is_read_in_groups_and_an_italian_one_as_it_is_dialled_there(number: str, said: str) -> None:
    groups = " ".join(spoken_phone(number)).split(" pause-short ")
    assert " ".join(group.replace("digit-", "").replace(" ", "") for group in groups).replace("plus", "plus ") == said


@given(number=st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True), language=st.sampled_from(LANGUAGES))
def test_every_number_can_be_said(number: str, language: str) -> None:
    assert {*catalogue(language), *SOUNDS}.issuperset(spoken_phone(number))
