"""Counts per hour add up to everything, through the nights on which an hour is left out or comes twice."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_core.events.model import Direction, Hour, Trend
from ticket_core.events.trends import HOUR, direction, hour_of, trend

ROME = ZoneInfo("Europe/Rome")
SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)

Counts = list[tuple[datetime, int]]


def around(night: date) -> st.SearchStrategy[tuple[Counts, Counts, datetime, datetime]]:
    """Calls, practices, start and end within two days of a night on which the clock changes."""
    noon = datetime.combine(night, datetime.min.time().replace(hour=12), UTC)
    instants = st.integers(-48 * 3600, 48 * 3600).map(lambda seconds: noon + timedelta(seconds=seconds))
    counted = st.lists(st.tuples(instants, st.integers(1, 50)), max_size=30)
    return st.tuples(counted, counted, instants, instants)


CAME = st.one_of(around(SPRING), around(AUTUMN))


def rome(*parts: int, fold: int = 0) -> datetime:
    return datetime(*parts, tzinfo=ROME, fold=fold)  # type: ignore[misc, arg-type]


def ones(*instants: datetime) -> list[tuple[datetime, int]]:
    return [(at, 1) for at in instants]


def of_day(day: date) -> Trend:
    midnight = datetime.combine(day, datetime.min.time(), ROME)
    next_midnight = datetime.combine(day + timedelta(days=1), datetime.min.time(), ROME)
    return trend([], [], midnight, next_midnight - timedelta(minutes=1), ROME)


@given(CAME)
def test_the_hours_add_up_to_everything_that_came(came: tuple[Counts, Counts, datetime, datetime]) -> None:
    calls, practices, *_ = came
    found = trend(*came, ROME)
    assert sum(hour.calls for hour in found.hours) == found.calls == sum(count for _, count in calls)
    assert sum(hour.practices for hour in found.hours) == found.practices == sum(count for _, count in practices)


@given(CAME)
def test_the_hours_follow_each_other_without_a_gap_and_each_has_what_came_in_it(
    came: tuple[Counts, Counts, datetime, datetime],
) -> None:
    hours = trend(*came, ROME).hours
    instants = [hour.starts.astimezone(UTC) for hour in hours]
    assert all(later - earlier == HOUR for earlier, later in pairwise(instants))
    expected = Counter(dict.fromkeys(instants, 0))
    for at, count in came[0]:
        expected[max(instant for instant in instants if instant <= at)] += count
    assert [hour.calls for hour in hours] == [expected[at] for at in instants]


@pytest.mark.parametrize(
    ("day", "hours"),
    [(SPRING, 23), (AUTUMN, 25), (date(2026, 10, 5), 24)],
    ids=["the spring night", "the autumn night", "another day"],
)
def test_a_day_has_as_many_hours_as_in_rome(day: date, hours: int) -> None:
    found = of_day(day).hours
    assert len(found) == hours
    assert {hour.starts.date() for hour in found} == {day}


def test_the_hour_that_comes_twice_is_counted_twice_under_two_names() -> None:
    first, second = rome(2026, 10, 25, 2, 10, fold=0), rome(2026, 10, 25, 2, 20, fold=1)
    hours = trend(ones(first, second, second), [], first, second, ROME).hours
    assert [(f"{hour.starts:%H:%M %Z}", hour.calls) for hour in hours] == [("02:00 CEST", 1), ("02:00 CET", 2)]


def test_the_hour_that_is_left_out_is_no_hour_without_calls() -> None:
    hours = trend([], [], rome(2026, 3, 29, 1, 0), rome(2026, 3, 29, 3, 30), ROME).hours
    assert [f"{hour.starts:%H:%M}" for hour in hours] == ["01:00", "03:00"]


def test_an_hour_begins_with_its_first_minute_in_local_time() -> None:
    assert hour_of(datetime(2026, 10, 5, 8, 59, 59, 999999, UTC), ROME) == rome(2026, 10, 5, 10)


def test_what_came_before_the_start_is_counted_too() -> None:
    found = trend([], ones(rome(2026, 10, 5, 7, 50)), rome(2026, 10, 5, 9), rome(2026, 10, 5, 10, 30), ROME)
    assert [hour.practices for hour in found.hours] == [1, 0, 0, 0]


def test_an_event_that_has_not_begun_has_no_hours() -> None:
    assert trend([], [], rome(2026, 10, 6, 9), rome(2026, 10, 5, 9), ROME) == Trend(0, 0, ())


# -- rising and falling


def per_hour(*counts: int) -> tuple[Hour, ...]:
    """Hours of which the last one has lasted thirty minutes."""
    start = rome(2026, 10, 5, 9)
    counted = [(start + n * HOUR, count) for n, count in enumerate(counts)]
    return trend(counted, [], start, start + HOUR * len(counts) - timedelta(minutes=30), ROME).hours


def test_an_hour_is_held_against_the_mean_of_the_three_before() -> None:
    assert [hour.before for hour in per_hour(4, 8, 12, 16, 20)] == [None, 4.0, 6.0, 8.0, 12.0]


def test_calls_and_practices_are_held_against_the_hours_before_together() -> None:
    start = rome(2026, 10, 5, 9)
    hours = trend(ones(start), ones(start, start), start, start + HOUR, ROME).hours
    assert hours[1].before == 3.0


@pytest.mark.parametrize(
    ("count", "before", "expected"),
    [
        (100, None, Direction.STEADY),
        (120, 100.0, Direction.STEADY),
        (121, 100.0, Direction.RISING),
        (80, 100.0, Direction.STEADY),
        (79, 100.0, Direction.FALLING),
        (2, 0.0, Direction.STEADY),
        (3, 0.0, Direction.RISING),
        (0, 1.0, Direction.STEADY),
    ],
)
def test_what_chance_explains_is_neither_rise_nor_fall(count: int, before: float | None, expected: Direction) -> None:
    assert direction(count, before, whole=True) is expected


def test_an_hour_that_still_lasts_may_rise_and_does_not_fall() -> None:
    assert direction(10, 100.0, whole=False) is Direction.STEADY
    assert direction(200, 100.0, whole=False) is Direction.RISING


def test_only_the_hour_of_now_still_lasts() -> None:
    assert [hour.whole for hour in per_hour(1, 1, 1)] == [True, True, False]
    on_the_hour = trend([], [], rome(2026, 10, 5, 9), rome(2026, 10, 5, 10), ROME)
    assert [hour.whole for hour in on_the_hour.hours] == [True, False]
