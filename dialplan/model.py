"""The values that opening hours are made of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time
from enum import StrEnum

DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
ALWAYS = "24/7"
EXAMPLE = "Mo-Fr 09:00-18:00"
MINUTES_A_DAY = 24 * 60

_DAY = "(" + "|".join(DAYS) + ")"
_WEEKLY = re.compile(rf"{_DAY}(?:-{_DAY})? (\d\d:\d\d)-(\d\d:\d\d)")


class OverrideKind(StrEnum):
    """What an override does to the hours."""

    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True)
class Override:
    """Open or closed from `starts` (included) to `ends` (not included), whatever week and holidays say.

    Source: "Su necessità del Dipartimento (es. emergenza) il servizio può essere esteso fino a h24".
    """

    kind: OverrideKind
    starts: datetime
    ends: datetime
    reason: str
    author: str

    def __post_init__(self) -> None:
        if self.starts.tzinfo is None or self.ends.tzinfo is None:
            raise ValueError("an override needs aware instants: give both with their UTC offset")
        if self.ends.astimezone(UTC) <= self.starts.astimezone(UTC):
            raise ValueError(f"an override must end after it starts; this one runs from {self.starts} to {self.ends}")

    def covers(self, at: datetime) -> bool:
        """Tell whether it is in force at `at`."""
        # Instants of one zone are compared by the wall clock, which is wrong in the hour that comes twice.
        return self.starts.astimezone(UTC) <= at.astimezone(UTC) < self.ends.astimezone(UTC)


@dataclass(frozen=True)
class WeeklyHours:
    """One interval a day from `first_day` to `last_day` (0 is Monday). `closes` is 00:00 when it means midnight at the day's end."""

    first_day: int
    last_day: int
    opens: time
    closes: time

    @property
    def days(self) -> frozenset[int]:
        """The days of the week that have opening hours."""
        return frozenset((self.first_day + n) % 7 for n in range((self.last_day - self.first_day) % 7 + 1))

    @property
    def is_always(self) -> bool:
        """Tell whether it never closes."""
        return len(self.days) == 7 and self.opens == self.closes == time(0)


def parse_weekly(expression: str) -> WeeklyHours:
    """Read `DAY-DAY HH:MM-HH:MM` or `24/7`. Raises `ValueError` naming the fault and an example."""
    if expression.strip() == ALWAYS:
        return WeeklyHours(0, 6, time(0), time(0))
    found = _WEEKLY.fullmatch(expression.strip())
    if found is None:
        raise _wrong(expression, f"it is not DAY-DAY HH:MM-HH:MM with days {', '.join(DAYS)}, nor {ALWAYS}")
    first, last, opens, closes = found.groups()
    hours = WeeklyHours(
        DAYS.index(first), DAYS.index(last or first), _time(expression, opens), _time(expression, closes)
    )
    if hours.closes <= hours.opens and hours.closes != time(0):
        raise _wrong(expression, f"it closes at {closes}, not after it opens at {opens}")
    return hours


def minute_of_day(at: time) -> int:
    """Minutes since midnight by the wall clock."""
    return at.hour * 60 + at.minute


def _time(expression: str, text: str) -> time:
    if text == "24:00":
        return time(0)
    try:
        return time.fromisoformat(text)
    except ValueError:
        raise _wrong(expression, f"{text} is not an hour of the day") from None


def _wrong(expression: str, fault: str) -> ValueError:
    return ValueError(f"the weekly hours {expression!r} are wrong: {fault}. Example: {EXAMPLE}")
