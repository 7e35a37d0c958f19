"""Terms count as the charter says, suspensions do not count, and the clock's ledger adds up at every instant."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialplan.calendar import Calendar
from ticket_core.model import Channel, ClockInterval, ClockState, PracticeClass
from ticket_core.terms import AT_ONCE, TERMS, Counting, next_interval, read_clock, term_days

ROME = ZoneInfo("Europe/Rome")
COUNTING = Counting(Calendar().is_working_day)
BY_WORKING_DAYS = Counting(Calendar().is_working_day, only_working=True)
COMPLEX = 40
RUNS, STOPPED = ClockState.RUNS, ClockState.STOPPED
SUSPENDED = (ClockState.SUSPENDED_ADMINISTRATION, ClockState.SUSPENDED_DOCUMENTS)


def due_on(starts: date, days: int) -> date:
    return COUNTING.due_on(starts, days)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ROME)


def ledger(counting: Counting, *steps: tuple[datetime, ClockState, int]) -> list[ClockInterval]:
    """The intervals of a clock that changed at these instants, under these terms."""
    past: list[ClockInterval] = []
    for when, state, term in steps:
        past = [*past[:-1], *(ended(one, when) for one in past[-1:])]
        past.append(next_interval(past, state, when, "test", term, counting))
    return past


def ended(interval: ClockInterval, when: datetime) -> ClockInterval:
    return ClockInterval(interval.state, interval.starts, when, interval.reason, interval.due_on, interval.term_days)


def test_the_first_day_does_not_count() -> None:
    assert due_on(date(2026, 10, 5), 1) == date(2026, 10, 6)


def test_forty_days_that_end_on_a_saturday_move_to_monday() -> None:
    assert due_on(date(2026, 10, 5), COMPLEX) == date(2026, 11, 16)


def test_forty_days_that_end_on_a_working_day_end_there() -> None:
    assert due_on(date(2026, 10, 7), COMPLEX) == date(2026, 11, 16)


def test_a_term_that_ends_at_christmas_moves_past_both_holidays_and_the_weekend() -> None:
    assert due_on(date(2026, 11, 15), COMPLEX) == date(2026, 12, 28)


def test_a_term_stays_on_a_holiday_where_the_setting_says_so() -> None:
    assert Counting(Calendar().is_working_day, moves=False).due_on(date(2026, 11, 15), COMPLEX) == date(2026, 12, 25)


def test_working_days_leave_out_weekends_and_holidays() -> None:
    # Monday 5 October 2026 is the day after the national holiday of the 4th; 10 working days later is Monday the 19th.
    assert BY_WORKING_DAYS.due_on(date(2026, 10, 5), 10) == date(2026, 10, 19)


@given(st.dates(date(2026, 1, 1), date(2030, 12, 31)))
def test_a_term_ends_on_a_working_day_and_never_before_forty_days(opened: date) -> None:
    due = due_on(opened, COMPLEX)
    assert COUNTING.working_day(due)
    assert due >= opened + timedelta(days=COMPLEX)


def test_a_calendar_without_working_days_is_a_clear_error() -> None:
    with pytest.raises(ValueError, match="no working day"):
        Counting(lambda _: False).due_on(date(2026, 10, 5), 1)


def test_documents_may_come_for_forty_days() -> None:
    assert COUNTING.documents_by(at("2026-10-05T10:00")) == date(2026, 11, 14)


@pytest.mark.parametrize(
    ("arrives", "due"),
    [
        ("2026-10-05T10:00", date(2026, 10, 5)),  # a Monday, open
        ("2026-10-05T07:00", date(2026, 10, 5)),  # before the opening: the same day
        ("2026-10-05T18:00", date(2026, 10, 6)),  # after the close
        ("2026-10-09T20:00", date(2026, 10, 12)),  # Friday evening
        ("2026-12-24T19:00", date(2026, 12, 28)),  # Christmas Eve, a Thursday
    ],
)
def test_what_is_answered_within_the_day_counts_from_the_next_opening(arrives: str, due: date) -> None:
    assert next_interval([], RUNS, at(arrives), "received", AT_ONCE, COUNTING).due_on == due


def test_a_service_that_is_open_until_midnight_serves_on_the_day_of_arrival() -> None:
    always = Counting(lambda _: True, closes=time(0))
    assert always.opening_day(at("2026-10-05T23:59")) == date(2026, 10, 5)


def test_what_is_answered_within_the_day_and_was_suspended_is_due_those_days_later() -> None:
    came, asked, back = at("2026-10-05T10:00"), at("2026-10-05T11:00"), at("2026-10-08T09:00")
    past = ledger(COUNTING, (came, RUNS, AT_ONCE), (asked, SUSPENDED[0], AT_ONCE), (back, RUNS, AT_ONCE))
    assert [one.due_on for one in past] == [date(2026, 10, 5), None, date(2026, 10, 8)]


def test_unclassified_is_promised_as_complex() -> None:
    assert {term_days(channel, None) for channel in Channel} == {COMPLEX}


def test_every_class_has_a_term_on_every_channel() -> None:
    for practice_class in PracticeClass:
        assert set().union(*TERMS[practice_class]) == set(Channel)


def test_days_of_a_suspended_clock_are_given_again() -> None:
    asked, back = at("2026-10-15T10:00"), at("2026-11-04T10:00")
    resumed = ledger(COUNTING, (at("2026-10-05T10:00"), RUNS, 40), (asked, SUSPENDED[0], 40), (back, RUNS, 40))[-1]
    assert resumed.due_on == due_on(date(2026, 10, 5), COMPLEX + 20)


def test_a_clock_that_stopped_starts_from_zero_and_the_old_one_can_still_be_read() -> None:
    first, answered, again = at("2026-10-05T10:00"), at("2026-10-15T10:00"), at("2026-12-01T10:00")
    past = ledger(COUNTING, (first, RUNS, 40), (answered, STOPPED, 40), (again, RUNS, 40))
    now = read_clock(past, again + timedelta(days=3), COUNTING)
    then = read_clock(past, answered + timedelta(days=5), COUNTING)
    assert now is not None
    assert then is not None
    assert (now.elapsed, now.remaining) == (3, 37)
    assert (then.state, then.elapsed) == (STOPPED, 10)


def test_another_class_of_a_practice_that_was_answered_leaves_the_days_it_took() -> None:
    opened, answered, classified = at("2026-10-05T10:00"), at("2026-10-15T10:00"), at("2026-10-16T10:00")
    past = ledger(COUNTING, (opened, RUNS, 40), (answered, STOPPED, 40), (classified, STOPPED, 7))
    reading = read_clock(past, classified, COUNTING)
    assert reading is not None
    assert (reading.state, reading.elapsed, reading.remaining) == (STOPPED, 10, -3)


def test_another_class_computes_the_term_again_from_the_ledger() -> None:
    opened, asked, back = at("2026-10-05T10:00"), at("2026-10-07T10:00"), at("2026-10-12T10:00")
    steps = [(opened, RUNS, 40), (asked, SUSPENDED[1], 40), (back, RUNS, 40), (back + timedelta(days=1), RUNS, 7)]
    quick = ledger(COUNTING, *steps)
    # Three of seven days have run, two before the suspension and one after: four are left from the 13th.
    assert quick[-1].due_on == due_on(date(2026, 10, 13), 4)
    reading = read_clock(quick, steps[-1][0], COUNTING)
    assert reading is not None
    assert (reading.term, reading.elapsed, reading.remaining, reading.suspended_documents) == (7, 3, 4, 5)


def test_days_change_at_midnight_in_rome_and_not_in_greenwich() -> None:
    just_before_midnight_utc = datetime(2026, 10, 5, 23, 0, tzinfo=UTC)
    opened = next_interval([], RUNS, just_before_midnight_utc, "received", COMPLEX, COUNTING)
    assert opened.due_on == due_on(date(2026, 10, 6), COMPLEX)


@pytest.mark.parametrize("night", [date(2026, 3, 29), date(2026, 10, 25)])
def test_a_night_in_which_the_clocks_change_is_one_day(night: date) -> None:
    before = datetime.combine(night - timedelta(days=1), time(23, 30), ROME)
    after = datetime.combine(night, time(23, 30), ROME)
    assert after.astimezone(UTC) - before.astimezone(UTC) != timedelta(days=1)
    reading = read_clock(ledger(COUNTING, (before, RUNS, 40)), after, COUNTING)
    assert reading is not None
    assert reading.elapsed == 1


def test_a_suspended_clock_has_no_term() -> None:
    for state in (*SUSPENDED, STOPPED):
        assert next_interval([], state, datetime.now(UTC), "asked", COMPLEX, COUNTING).due_on is None


def test_before_it_started_there_is_nothing_to_read() -> None:
    assert read_clock(ledger(COUNTING, (at("2026-10-05T10:00"), RUNS, 40)), at("2026-10-04T10:00"), COUNTING) is None


INSTANTS = st.integers(0, 3 * 365 * 86400).map(
    lambda seconds: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
CHANGES = st.lists(
    st.tuples(
        st.timedeltas(timedelta(0), timedelta(days=30)), st.sampled_from([RUNS, *SUSPENDED]), st.sampled_from([7, 40])
    ),
    min_size=1,
    max_size=12,
)


@given(
    INSTANTS,
    CHANGES,
    st.timedeltas(timedelta(0), timedelta(days=90)),
    st.sampled_from([COUNTING, BY_WORKING_DAYS]),
)
def test_elapsed_suspended_and_remaining_always_add_up(
    starts: datetime,
    changes: list[tuple[timedelta, ClockState, int]],
    later: timedelta,
    counting: Counting,
) -> None:
    steps, when = [], starts
    for wait, state, term in changes:
        when += wait
        steps.append((when, state, term))
    first, instant = steps[0][0], when + later
    reading = read_clock(ledger(counting, *steps), instant, counting)
    assert reading is not None
    lived = counting.between(counting.day(first), counting.day(instant))
    assert reading.elapsed + reading.suspended_administration + reading.suspended_documents == lived
    assert reading.elapsed + reading.remaining == reading.term == steps[-1][2]


@given(
    INSTANTS,
    st.lists(st.integers(0, 20), min_size=2, max_size=9),
)
def test_what_was_due_moves_by_exactly_the_days_of_suspension(starts: datetime, days: list[int]) -> None:
    steps, when, suspended = [(starts, RUNS, COMPLEX)], starts, 0
    for number, wait in enumerate(days):
        when += timedelta(days=wait)
        pauses = number % 2 == 0
        steps.append((when, SUSPENDED[0] if pauses else RUNS, COMPLEX))
        suspended += 0 if pauses else (COUNTING.day(when) - COUNTING.day(steps[-2][0])).days
    last = ledger(COUNTING, *steps)[-1]
    if last.state is RUNS:
        assert last.due_on == due_on(COUNTING.day(starts), COMPLEX + suspended)
    else:
        assert last.due_on is None
