"""Counts per hour of local time, through the days that have 23 and 25 hours, and whether they rise or fall. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from math import sqrt

from ticket_core.events.model import Direction, Hour, Trend

Counted = Iterable[tuple[datetime, int]]

HOUR = timedelta(hours=1)
COMPARED_HOURS = 3

# What comes by chance varies with the square root of its mean: twice that is rarely chance.
CHANCE = 2.0


def trend(calls: Counted, practices: Counted, starts: datetime, until: datetime, zone: tzinfo) -> Trend:
    """Count calls and practices (instants, and how many came at each) into the hours of `zone` from `starts` to `until`.

    What came before `starts` or after `until` stretches the hours, so that they always add up to everything. `until` is now for
    an event that goes on: the hour it lies in still lasts.
    """
    by_kind = [_by_hour(counted, zone) for counted in (calls, practices)]
    came = [hour for counted in by_kind for hour in counted]
    first = min([hour_of(starts, zone), *came])
    last = max([hour_of(until, zone), *came])
    hours: list[Hour] = []
    for at in _each_hour(first, last):
        here = [counted[at] for counted in by_kind]
        whole = at + HOUR <= until
        before = _before(hours)
        local = at.astimezone(zone)
        hours.append(Hour(local, here[0], here[1], before, direction(sum(here), before, whole), whole))
    return Trend(by_kind[0].total(), by_kind[1].total(), tuple(hours))


def hour_of(at: datetime, zone: tzinfo) -> datetime:
    """The instant at which the local hour of `at` begins, in UTC: two different ones for the hour that comes twice."""
    return at.astimezone(zone).replace(minute=0, second=0, microsecond=0).astimezone(UTC)


def direction(count: int, before: float | None, whole: bool) -> Direction:
    """Tell whether `count` is more, or less, than the hours before let expect; an hour that still lasts may rise and not fall."""
    if before is None:
        return Direction.STEADY
    chance = CHANCE * sqrt(max(before, 1.0))
    if count > before + chance:
        return Direction.RISING
    return Direction.FALLING if whole and count < before - chance else Direction.STEADY


def _by_hour(counted: Counted, zone: tzinfo) -> Counter[datetime]:
    hours: Counter[datetime] = Counter()
    for at, count in counted:
        hours[hour_of(at, zone)] += count
    return hours


def _each_hour(first: datetime, last: datetime) -> Iterable[datetime]:
    return (first + n * HOUR for n in range((last - first) // HOUR + 1))


def _before(hours: Sequence[Hour]) -> float | None:
    compared = [hour.calls + hour.practices for hour in hours[-COMPARED_HOURS:]]
    return sum(compared) / len(compared) if compared else None
