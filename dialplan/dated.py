"""The days whose hours are not the week's, as the dialplan wants them in its AstDB: it must know them when nothing of ours runs."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from math import ceil

from dialplan.calendar import Calendar
from dialplan.model import MINUTES_A_DAY, minute_of_day

FAMILY = "hours"
CLOSED = "closed"
AHEAD_DAYS = 366
"""How long the dialplan keeps agreeing with the calendar after the last of our processes has gone."""

Interval = tuple[int, int]
"""From (included) to (not included), Unix seconds."""


def dated_hours(calendar: Calendar, today: date, days: int = AHEAD_DAYS) -> dict[str, str]:
    """Key YYYYMMDD, a local day, to `closed` or its open intervals `from-to,from-to`; only the days that differ from the week."""
    dated = {}
    for day in (today + timedelta(days=n) for n in range(days)):
        intervals = open_intervals(calendar, day)
        if intervals != weekly_intervals(calendar, day):
            dated[key(day)] = written(intervals)
    return dated


def key(day: date) -> str:
    """The key of a day."""
    return f"{day:%Y%m%d}"


def written(intervals: list[Interval]) -> str:
    """A day's value."""
    return ",".join(f"{begins}-{ends}" for begins, ends in intervals) or CLOSED


def open_intervals(calendar: Calendar, day: date) -> list[Interval]:
    """When the calendar is open on a local day, at each of its whole seconds; no interval touches the next."""
    begins, ends = midnight(calendar, day), midnight(calendar, day + timedelta(days=1))
    # Asterisk asks at whole seconds, and "from now on" begins within one. The first second after an edge is the first that
    # the edge has changed; at the second before it the calendar still says what was, which the whole interval would take over.
    inside = {ceil(edge.timestamp()) for edge in calendar.edges(day)}
    edges = sorted({begins, ends, *(edge for edge in inside if begins < edge < ends)})
    intervals: list[Interval] = []
    for start, end in pairwise(edges):
        if not calendar.is_open(datetime.fromtimestamp(start, UTC)):
            continue
        if intervals and intervals[-1][1] == start:
            start = intervals.pop()[0]
        intervals.append((start, end))
    return intervals


def weekly_intervals(calendar: Calendar, day: date) -> list[Interval] | None:
    """What `hours.conf` makes of a day that has no key; None in a night in which the clocks change, which always has one."""
    begins, ends = midnight(calendar, day), midnight(calendar, day + timedelta(days=1))
    if ends - begins != timedelta(days=1).total_seconds():
        return None
    week = calendar.weekly
    if day.weekday() not in week.days:
        return []
    return [(begins + 60 * minute_of_day(week.opens), begins + 60 * (minute_of_day(week.closes) or MINUTES_A_DAY))]


def midnight(calendar: Calendar, day: date) -> int:
    """The first second of a local day."""
    return int(datetime.combine(day, time(0), calendar.zone).timestamp())
