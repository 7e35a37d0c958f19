"""Terms for the reply ("Tempi di risposta"): a table, and how days are counted. Pure; a day is a date in the service's time zone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from ticket_core.model import Channel, ClockInterval, ClockState, PracticeClass, Reading

WorkingDay = Callable[[date], bool]
ROME = ZoneInfo("Europe/Rome")
ONE_DAY = timedelta(days=1)
MIDNIGHT = time(0)
_LONGEST_HOLIDAY_DAYS = 366

# "Se il cittadino entro 40 giorni non invia i documenti necessari a trattare la sua richiesta, questa viene chiusa."
DOCUMENTS_DAYS = 40

STATUS_DAYS = 730

PHONE = frozenset({Channel.PHONE_CALL, Channel.VOICE_MESSAGE})
FORM = frozenset({Channel.WEB_FORM})
WRITTEN = frozenset({Channel.EMAIL, Channel.PEC, Channel.FAX, Channel.LETTER})

AT_ONCE = SAME_DAY = 0
"""The term of what is answered in the call, or within the day: it ends on the day of arrival, or of the next opening."""

TERMS: Mapping[PracticeClass, Mapping[frozenset[Channel], int]] = {
    PracticeClass.KNOWN: {PHONE: AT_ONCE, FORM: 7, WRITTEN: 40},
    PracticeClass.QUICK_SEARCH: {PHONE: SAME_DAY, FORM: 7, WRITTEN: 40},
    PracticeClass.COMPLEX: {PHONE: 40, FORM: 40, WRITTEN: 40},
}


def term_days(channel: Channel, practice_class: PracticeClass | None) -> int:
    """Days of the term. What nobody has classified yet is promised as complex: less could turn out untrue."""
    row = TERMS[practice_class or PracticeClass.COMPLEX]
    return next(days for channels, days in row.items() if channel in channels)


@dataclass(frozen=True)
class Counting:
    """How days are counted.

    `only_working`: working days instead of calendar days. `moves`: a last day that is no working day moves on to the next that is.
    `closes`: the local time after which a day's service is over; midnight where it lasts all day.
    `status_days`: for how long after its end a practice's code tells of it.
    """

    working_day: WorkingDay
    zone: tzinfo = ROME
    closes: time = time(18)
    only_working: bool = False
    moves: bool = True
    documents_days: int = DOCUMENTS_DAYS
    status_days: int = STATUS_DAYS

    def day(self, at: datetime) -> date:
        """The local date of an instant."""
        return at.astimezone(self.zone).date()

    def between(self, first: date, last: date) -> int:
        """Counted days after `first`, up to and including `last`; 0 where `last` is not later. The first day does not count."""
        if not self.only_working:
            return max(0, (last - first).days)
        days = (first + timedelta(days=n) for n in range(1, (last - first).days + 1))
        return sum(map(self.working_day, days))

    def after(self, first: date, days: int) -> date:
        """The day that is `days` counted days after `first`, or before it for negative `days`; not moved."""
        if not self.only_working:
            return first + timedelta(days=days)
        step, day = (ONE_DAY if days > 0 else -ONE_DAY), first
        for _ in range(abs(days)):
            day = self._next_working(day + step, step)
        return day

    def due_on(self, first: date, days: int) -> date:
        """The last day of a term of which `days` are left on `first`. Raises `ValueError` for a calendar without working days."""
        due = self.after(first, days)
        return self._next_working(due, ONE_DAY) if self.moves else due

    def opening_day(self, at: datetime) -> date:
        """The day on which what arrives at `at` is served: the same, or the next working day for what arrives when closed."""
        local = at.astimezone(self.zone)
        is_over = self.closes != MIDNIGHT and local.time() >= self.closes
        first = local.date() + (ONE_DAY if is_over else timedelta(0))
        return self._next_working(first, ONE_DAY)

    def documents_by(self, asked: datetime) -> date:
        """The last day on which documents asked for at `asked` keep a practice open; calendar days, not moved."""
        return self.day(asked) + timedelta(days=self.documents_days)

    def _next_working(self, day: date, step: timedelta) -> date:
        for _ in range(_LONGEST_HOLIDAY_DAYS):
            if self.working_day(day):
                return day
            day += step
        raise ValueError("the calendar has no working day within a year of the term's end: mend the weekly hours")


def read_clock(intervals: Sequence[ClockInterval], at: datetime, counting: Counting) -> Reading | None:
    """The clock at any instant; None before it first started. Of a time to come: as if nothing else happened until then."""
    begun = [interval for interval in intervals if interval.starts <= at]
    if not begun:
        return None
    days = dict.fromkeys(ClockState, 0)
    for interval in begun[_last_start(begun) :]:
        ends = at if interval.ends is None else min(at, interval.ends)
        days[interval.state] += counting.between(counting.day(interval.starts), counting.day(ends))
    last = begun[-1]
    return Reading(
        last.state,
        last.term_days,
        days[ClockState.RUNS],
        days[ClockState.SUSPENDED_ADMINISTRATION],
        days[ClockState.SUSPENDED_DOCUMENTS],
        last.due_on,
    )


def next_interval(
    past: Sequence[ClockInterval], state: ClockState, at: datetime, reason: str, term: int, counting: Counting
) -> ClockInterval:
    """The interval that opens at `at`. Where the clock runs on, the days it ran before are not given again."""
    due = None
    if state is ClockState.RUNS:
        due = _due_on(past, at, term, counting)
    return ClockInterval(state, at, None, reason, due, term)


def _due_on(past: Sequence[ClockInterval], at: datetime, term: int, counting: Counting) -> date:
    if not past or past[-1].state is ClockState.STOPPED:
        arrived, used, suspended = at, 0, 0
    else:
        # Another class does not move the day of arrival.
        arrived = past[_last_start(past)].starts
        before = read_clock(past, at, counting)
        used = before.elapsed if before else 0
        suspended = before.suspended_administration + before.suspended_documents if before else 0
    if term == AT_ONCE:
        return counting.due_on(counting.opening_day(arrived), suspended)
    return counting.due_on(counting.day(at), term - used)


def _last_start(intervals: Sequence[ClockInterval]) -> int:
    """The index of the interval that began from zero: the first, or the first after the clock had stopped."""
    for index in range(len(intervals) - 1, 0, -1):
        before, after = intervals[index - 1].state, intervals[index].state
        if before is ClockState.STOPPED and after is not ClockState.STOPPED:
            return index
    return 0
