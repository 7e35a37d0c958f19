"""The line is open when the charter, the holidays and the overrides say so."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import holidays
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opening_hours import OpeningHours
from pydantic import ValidationError

from dialplan.calendar import Calendar
from dialplan.model import Override, OverrideKind, WeeklyHours, parse_weekly
from dialplan.settings import HoursSettings

ROME = ZoneInfo("Europe/Rome")
CALENDAR = Calendar()


def rome(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=ROME)  # type: ignore[misc, arg-type]


def override(kind: OverrideKind, starts: datetime, hours: float) -> Override:
    return Override(kind, starts, starts + timedelta(hours=hours), "a reason", "an author")


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        (rome(2026, 10, 5, 8, 59), False),
        (rome(2026, 10, 5, 9, 0), True),
        (rome(2026, 10, 5, 17, 59), True),
        (rome(2026, 10, 5, 18, 0), False),
        (rome(2026, 10, 3, 12, 0), False),
        (rome(2026, 12, 25, 12, 0), False),
        (rome(2026, 6, 29, 12, 0), False),
    ],
    ids=["before nine", "at nine", "before six", "at six", "Saturday", "Christmas", "the patron saint of Rome"],
)
def test_the_line_is_open_on_working_days_from_nine_to_six(at: datetime, is_open: bool) -> None:
    assert CALENDAR.is_open(at) is is_open
    assert CALENDAR.is_open(at.astimezone(UTC)) is is_open


def test_the_patron_saint_closes_only_where_the_seat_is() -> None:
    assert Calendar(holiday_subdivision="MI").is_open(rome(2026, 6, 29, 12))
    assert Calendar(holiday_subdivision=None).is_open(rome(2026, 6, 29, 12))


def test_both_libraries_know_the_same_national_holidays_for_ten_years() -> None:
    ours = holidays.country_holidays("IT")
    theirs = OpeningHours("24/7; PH off", timezone=ROME, country="IT")
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(3653)]
    # One of them lists the first Sunday of November, which is closed anyway.
    weekdays = [day for day in days if day.weekday() != 6]
    assert [day for day in weekdays if (day in ours) == theirs.is_open(datetime.combine(day, time(12), ROME))] == []


def test_the_fourth_of_october_is_a_holiday_since_2026() -> None:
    assert CALENDAR.is_holiday(date(2027, 10, 4))
    assert not CALENDAR.is_open(rome(2027, 10, 4, 12))
    assert not CALENDAR.is_holiday(date(2024, 10, 4))


def test_the_next_opening_skips_weekend_and_holidays() -> None:
    assert CALENDAR.next_opening(rome(2026, 12, 24, 18, 0)) == rome(2026, 12, 28, 9, 0)


def test_the_next_change_of_an_open_line_is_its_closing() -> None:
    assert CALENDAR.next_change(rome(2026, 10, 5, 10, 0)) == rome(2026, 10, 5, 18, 0)
    assert CALENDAR.next_opening(rome(2026, 10, 5, 10, 0)) == rome(2026, 10, 6, 9, 0)


def test_an_emergency_opens_the_line_at_night_and_on_christmas() -> None:
    night = override(OverrideKind.OPEN, rome(2026, 12, 24, 20), 24)
    calendar = Calendar(overrides=[night])
    assert calendar.is_open(rome(2026, 12, 25, 3))
    assert calendar.next_opening(rome(2026, 12, 24, 19)) == night.starts
    assert calendar.next_change(rome(2026, 12, 25, 3)) == night.ends


def test_of_two_overrides_the_one_made_later_decides() -> None:
    opened = override(OverrideKind.OPEN, rome(2026, 10, 3, 0), 48)
    closed = override(OverrideKind.CLOSED, rome(2026, 10, 3, 12), 2)
    assert not Calendar(overrides=[opened, closed]).is_open(rome(2026, 10, 3, 13))
    assert Calendar(overrides=[closed, opened]).is_open(rome(2026, 10, 3, 13))
    assert Calendar(overrides=[opened, closed]).next_opening(rome(2026, 10, 3, 13)) == closed.ends


def test_a_line_closed_for_more_than_a_year_has_no_next_opening() -> None:
    closed = override(OverrideKind.CLOSED, rome(2026, 1, 1), 24 * 800)
    assert Calendar(overrides=[closed]).next_opening(rome(2026, 1, 2)) is None


def test_a_line_open_round_the_clock_never_changes() -> None:
    always = Calendar("24/7")
    assert always.is_open(rome(2026, 12, 25, 3))
    assert always.next_change(rome(2026, 12, 25, 3)) is None


def test_an_override_ends_at_the_right_instant_in_the_night_the_clocks_go_back() -> None:
    night = Override(
        OverrideKind.OPEN, rome(2026, 10, 24, 22), datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "a reason", "an author"
    )
    calendar = Calendar(overrides=[night])
    assert calendar.is_open(datetime(2026, 10, 25, 1, 29, tzinfo=UTC))
    assert calendar.is_open(datetime(2026, 10, 25, 1, 29, tzinfo=UTC).astimezone(ROME))
    change = calendar.next_change(datetime(2026, 10, 25, 0, 45, tzinfo=UTC))
    assert change is not None
    assert change.astimezone(UTC) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


def test_the_hour_that_comes_twice_closes_and_opens_twice() -> None:
    nightly = Calendar("Mo-Su 01:00-02:30")
    changes = [datetime(2026, 10, 24, 22, 0, tzinfo=UTC)]
    for _ in range(4):
        changes.append(nightly.next_change(changes[-1]) or changes[-1])
    assert [change.astimezone(UTC).strftime("%H:%M") for change in changes[1:]] == ["23:00", "00:30", "01:00", "01:30"]


def test_hours_inside_the_hour_that_never_comes_end_when_it_would_have_begun() -> None:
    nightly = Calendar("Mo-Su 01:00-02:30")
    assert nightly.next_change(datetime(2026, 3, 29, 0, 30, tzinfo=UTC)) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)


def test_the_morning_after_the_clocks_change_opens_at_nine_by_the_wall() -> None:
    assert CALENDAR.next_opening(rome(2026, 10, 24, 12)) == rome(2026, 10, 26, 9)
    assert CALENDAR.next_opening(rome(2026, 3, 28, 12)) == rome(2026, 3, 30, 9)


@settings(max_examples=40)
@given(
    st.integers(0, 4 * 365 * 24 * 60).map(lambda minute: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute))
)
def test_nothing_changes_before_the_next_change(at: datetime) -> None:
    change = CALENDAR.next_change(at)
    assert change is not None
    assert CALENDAR.is_open(change) is not CALENDAR.is_open(at)
    for part in range(10):
        assert CALENDAR.is_open(at + (change - at) * part / 10) is CALENDAR.is_open(at)


def test_an_override_is_no_reason_to_move_a_term() -> None:
    closed = override(OverrideKind.CLOSED, rome(2026, 10, 5), 24)
    assert Calendar(overrides=[closed]).is_working_day(date(2026, 10, 5))
    assert not CALENDAR.is_working_day(date(2026, 10, 3))
    assert not CALENDAR.is_working_day(date(2026, 12, 25))


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        CALENDAR.is_open(datetime(2026, 10, 5, 9))  # noqa: DTZ001


def test_weekly_hours_are_values_that_can_be_spoken() -> None:
    assert CALENDAR.weekly == WeeklyHours(0, 4, time(9), time(18))
    assert parse_weekly("24/7").is_always
    assert parse_weekly("Mo-Su 00:00-24:00").is_always
    assert parse_weekly("Sa-Mo 10:00-12:00").days == {5, 6, 0}
    assert parse_weekly("We 10:00-12:00").days == {2}


@pytest.mark.parametrize(
    ("expression", "fault"),
    [
        ("", "DAY-DAY"),
        ("Lu-Ve 09:00-18:00", "DAY-DAY"),
        ("Mo-Fr 9-18", "DAY-DAY"),
        ("Mo-Fr 09:00-25:00", "25:00 is not an hour"),
        ("Mo-Fr 18:00-09:00", "not after it opens"),
    ],
)
def test_a_wrong_expression_is_refused_with_its_fault_and_an_example(expression: str, fault: str) -> None:
    with pytest.raises(ValueError, match=rf"{fault}.*Example: Mo-Fr 09:00-18:00"):
        Calendar(expression)


@pytest.mark.parametrize(
    ("name", "value"), [("weekly", "always"), ("timezone", "Rome"), ("holiday_subdivision", "ROMA")]
)
def test_a_wrong_setting_of_the_hours_is_refused_at_the_start(name: str, value: str) -> None:
    with pytest.raises(ValidationError, match=value):
        HoursSettings.model_validate({name: value})


def test_an_override_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(ValueError, match="must end after it starts"):
        override(OverrideKind.OPEN, rome(2026, 10, 5), -1)
