"""Terms count as the charter says."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialplan.calendar import Calendar
from ticket_core.model import ClockInterval, ClockState, Closure, PracticeState
from ticket_core.rules import check_closure, days_used, documents_by, due_on, next_interval

ROME = ZoneInfo("Europe/Rome")
WORKING = Calendar().is_working_day
COMPLEX = 40


def test_the_first_day_does_not_count() -> None:
    assert due_on(date(2026, 10, 5), 1, WORKING) == date(2026, 10, 6)


def test_forty_days_that_end_on_a_saturday_move_to_monday() -> None:
    assert due_on(date(2026, 10, 5), COMPLEX, WORKING) == date(2026, 11, 16)


def test_forty_days_that_end_on_a_working_day_end_there() -> None:
    assert due_on(date(2026, 10, 7), COMPLEX, WORKING) == date(2026, 11, 16)


def test_a_term_that_ends_at_christmas_moves_past_both_holidays_and_the_weekend() -> None:
    assert due_on(date(2026, 11, 15), COMPLEX, WORKING) == date(2026, 12, 28)


@given(st.dates(date(2026, 1, 1), date(2035, 1, 1)))
def test_a_term_ends_on_a_working_day_and_never_before_forty_days(opened: date) -> None:
    due = due_on(opened, COMPLEX, WORKING)
    assert WORKING(due)
    assert timedelta(days=COMPLEX) <= due - opened <= timedelta(days=COMPLEX + 6)


def test_a_calendar_without_working_days_is_a_clear_error() -> None:
    with pytest.raises(ValueError, match="no working day within a year"):
        due_on(date(2026, 10, 5), COMPLEX, lambda _: False)


def test_documents_may_come_for_forty_days() -> None:
    assert documents_by(date(2026, 10, 5)) == date(2026, 11, 14)


def interval(state: ClockState, starts: datetime, days: int) -> ClockInterval:
    return ClockInterval(state, starts, starts + timedelta(days=days), "a reason", None)


def test_days_of_a_suspended_clock_are_given_again() -> None:
    opened = datetime(2026, 10, 5, 8, 0, tzinfo=UTC)
    asked, back = opened + timedelta(days=10), opened + timedelta(days=30)
    past = [interval(ClockState.RUNS, opened, 10), interval(ClockState.SUSPENDED, asked, 20)]
    resumed = next_interval(past, ClockState.RUNS, back, "opinion here", ROME, WORKING)
    assert resumed.due_on == due_on(date(2026, 10, 5), COMPLEX + 20, WORKING)


def test_a_clock_that_stopped_starts_from_zero() -> None:
    opened = datetime(2026, 10, 5, 8, 0, tzinfo=UTC)
    past = [interval(ClockState.RUNS, opened, 10), interval(ClockState.STOPPED, opened + timedelta(days=10), 1)]
    assert days_used(past, ROME) == 0


def test_days_change_at_midnight_in_rome_and_not_in_greenwich() -> None:
    just_before_midnight_utc = datetime(2026, 10, 5, 23, 30, tzinfo=UTC)
    opened = next_interval([], ClockState.RUNS, just_before_midnight_utc, "received", ROME, WORKING)
    assert opened.due_on == due_on(date(2026, 10, 6), COMPLEX, WORKING)


def test_a_suspended_clock_has_no_term() -> None:
    assert next_interval([], ClockState.SUSPENDED, datetime.now(UTC), "asked", ROME, WORKING).due_on is None


def test_a_closing_needs_its_reason_and_nothing_else_has_one() -> None:
    check_closure(PracticeState.CLOSED, Closure.DUPLICATE)
    check_closure(PracticeState.ANSWERED, None)
    with pytest.raises(ValueError, match="missing_documents"):
        check_closure(PracticeState.CLOSED, None)
    with pytest.raises(ValueError, match="got duplicate"):
        check_closure(PracticeState.ANSWERED, Closure.DUPLICATE)
