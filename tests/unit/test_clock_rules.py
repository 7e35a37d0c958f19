"""Whenever the clock runs, however long it stood still: a practice is reminded once, closed once, and never before its last day is over."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dialplan.calendar import Calendar
from tests.practices import COUNTING
from ticket_core.clock.model import AlarmKind, DocumentsDuty, Warnings
from ticket_core.clock.rules import asked_before, begins, documents_duty, kept_since, term_alarm
from ticket_core.clock.settings import RetentionSettings
from ticket_core.terms import Counting

ROME = ZoneInfo("Europe/Rome")
WARNINGS = Warnings(reminder_days=10, warn_days=5, same_day_hours=2)
SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)
REMIND, CLOSE, LOOK = DocumentsDuty.REMIND, DocumentsDuty.CLOSE, DocumentsDuty.LOOK


def rome(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ROME).astimezone(UTC)


def around(day: date) -> st.SearchStrategy[datetime]:
    """Any minute of the days around one, as UTC: also of an hour that comes twice, and near one that never comes."""
    first = datetime.combine(day, time(0), UTC) - timedelta(days=2)
    return st.integers(0, 4 * 24 * 60).map(lambda minutes: first + timedelta(minutes=minutes))


# Documents asked for in either of those nights, forty days before them, or at any other time.
NIGHTS = [SPRING, AUTUMN, SPRING - timedelta(days=40), AUTUMN - timedelta(days=40)]
ANY_TIME = st.integers(0, 730 * 24 * 60).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
ASKED = st.one_of(*map(around, NIGHTS), ANY_TIME)
RUNS = st.lists(st.integers(0, 60 * 24 * 60), max_size=40).map(sorted)
REMINDER_DAYS = st.integers(1, 60)


def live(
    asked: datetime, runs: list[datetime], reminder_days: int, came: datetime | None = None
) -> list[tuple[DocumentsDuty, datetime]]:
    """What a clock that runs at these instants does to one practice: as the service, it remembers what it did and no more."""
    done: list[tuple[DocumentsDuty, datetime]] = []
    for now in runs:
        kinds = {kind for kind, _ in done}
        has_come = came is not None and came <= now
        duty = documents_duty(asked, now, reminder_days, COUNTING, reminded=REMIND in kinds, came=has_come)
        if duty is not None and CLOSE not in kinds and not (duty is LOOK and LOOK in kinds):
            done.append((duty, now))
    return done


@given(ASKED, RUNS, REMINDER_DAYS)
@example(rome("2026-09-15T23:30"), [40 * 24 * 60 + 89, 40 * 24 * 60 + 91], 10)
def test_each_practice_is_reminded_at_most_once_and_closed_once_after_its_last_day(
    asked: datetime, runs: list[int], reminder_days: int
) -> None:
    instants = [asked + timedelta(minutes=minutes) for minutes in runs]
    done = live(asked, instants, reminder_days)
    last_day = asked.astimezone(ROME).date() + timedelta(days=40)
    days = [now.astimezone(ROME).date() for now in instants]
    first_day = max(last_day - timedelta(days=reminder_days), asked.astimezone(ROME).date() + timedelta(days=1))
    reminded, closed = ([now.astimezone(ROME).date() for kind, now in done if kind is one] for one in (REMIND, CLOSE))
    assert len(reminded) == any(first_day <= day <= last_day for day in days)
    assert len(closed) == any(day > last_day for day in days)
    assert all(first_day <= day <= last_day for day in reminded)
    assert all(day > last_day for day in closed)
    assert all(before <= after for before, after in pairwise(now for _, now in done))


@given(ASKED, RUNS, REMINDER_DAYS, st.integers(0, 50 * 24 * 60))
def test_where_something_came_a_person_looks_and_nobody_is_closed(
    asked: datetime, runs: list[int], reminder_days: int, came: int
) -> None:
    instants = [asked + timedelta(minutes=minutes) for minutes in runs]
    arrives = asked + timedelta(minutes=came)
    done = live(asked, instants, reminder_days, arrives)
    assert all(now < arrives for kind, now in done if kind is not LOOK)
    assert all(now >= arrives for kind, now in done if kind is LOOK)


@given(ASKED, st.integers(0, 60 * 24 * 60), REMINDER_DAYS)
def test_the_search_finds_what_the_rule_says(asked: datetime, minutes: int, reminder_days: int) -> None:
    now = asked + timedelta(minutes=minutes)
    found = {duty for duty in DocumentsDuty if asked < asked_before(duty, now, reminder_days, COUNTING)}
    duty = documents_duty(asked, now, reminder_days, COUNTING)
    assert (CLOSE in found) == (duty is CLOSE)
    assert (REMIND in found) == (duty is not None)
    assert (LOOK in found) == (documents_duty(asked, now, reminder_days, COUNTING, came=True) is LOOK)


@pytest.mark.parametrize(
    ("asked", "open_still", "closed"),
    [
        ("2026-10-05T10:00", "2026-11-14T23:59", "2026-11-15T00:00"),
        # The night in which an hour comes twice lies in between: forty days are not 960 hours.
        ("2026-09-20T23:59", "2026-10-30T23:59", "2026-10-31T00:00"),
        # The last day has 23 hours, or 25.
        ("2026-02-17T00:00", "2026-03-29T23:59", "2026-03-30T00:00"),
        ("2026-09-15T00:00", "2026-10-25T23:59", "2026-10-26T00:00"),
    ],
)
def test_the_last_day_counts_whole_and_the_next_one_closes(asked: str, open_still: str, closed: str) -> None:
    assert documents_duty(rome(asked), rome(open_still), 10, COUNTING, reminded=True) is None
    assert documents_duty(rome(asked), rome(closed), 10, COUNTING, reminded=True) is CLOSE


DUE = date(2026, 10, 16)


@pytest.mark.parametrize(
    ("now", "days", "alarm"),
    [
        ("2026-10-10T23:59", 40, None),
        ("2026-10-11T00:00", 40, AlarmKind.DUE_SOON),
        ("2026-10-15T23:59", 7, AlarmKind.DUE_SOON),
        ("2026-10-16T00:00", 7, AlarmKind.DUE_TODAY),
        ("2026-10-16T23:59", 7, AlarmKind.DUE_TODAY),
        ("2026-10-17T00:00", 7, AlarmKind.OVERDUE),
        ("2026-10-15T12:00", 0, None),
        ("2026-10-16T15:59", 0, None),
        ("2026-10-16T16:00", 0, AlarmKind.SAME_DAY),
        ("2026-10-16T23:59", 0, AlarmKind.SAME_DAY),
        ("2026-10-17T00:00", 0, AlarmKind.OVERDUE),
    ],
)
def test_a_term_is_announced_then_due_then_overdue_and_the_same_day_s_only_before_closing(
    now: str, days: int, alarm: AlarmKind | None
) -> None:
    assert term_alarm(DUE, days, rome(now), WARNINGS, COUNTING) is alarm


def test_a_service_that_closes_at_midnight_warns_in_the_last_hours_of_the_day() -> None:
    late = Counting(Calendar().is_working_day, closes=time(0))
    assert term_alarm(DUE, 0, rome("2026-10-16T21:59"), WARNINGS, late) is None
    assert term_alarm(DUE, 0, rome("2026-10-16T22:00"), WARNINGS, late) is AlarmKind.SAME_DAY


@given(st.dates(date(2026, 1, 1), date(2027, 12, 31)), st.integers(0, 400))
def test_what_ended_on_a_day_is_kept_for_so_many_whole_days(day: date, days: int) -> None:
    ended = begins(day, COUNTING) + timedelta(hours=12)
    over = begins(day + timedelta(days=days + 1), COUNTING)
    assert ended < kept_since(over, days, COUNTING)
    assert not ended < kept_since(over - timedelta(seconds=1), days, COUNTING)


def test_a_practice_is_kept_as_long_as_its_code_tells_of_it() -> None:
    short = RetentionSettings(practices_days=100, attachments_days=50, transcripts_days=50, audio_days=50)
    assert short.keeping(status_days=730).practices == 730


def test_nothing_of_a_practice_is_kept_longer_than_the_practice() -> None:
    with pytest.raises(ValueError, match="raise practices_days"):
        RetentionSettings(practices_days=100)
