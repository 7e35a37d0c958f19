"""When the service is open: override over holiday over week. Pure: an instant in, an answer out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import holidays
from opening_hours import OpeningHours

from dialplan.model import EXAMPLE, Override, OverrideKind, WeeklyHours, parse_weekly

ROME = ZoneInfo("Europe/Rome")
COUNTRY = "IT"
HORIZON = timedelta(days=366)


class Calendar:
    """Opening hours of one service.

    `weekly` is `DAY-DAY HH:MM-HH:MM` or `24/7`, which has no holidays; `overrides` come in the order in which they were
    made, and the latest that covers an instant decides. Every instant given must be aware; instants returned are in `zone`.
    """

    def __init__(
        self,
        weekly: str = EXAMPLE,
        overrides: Sequence[Override] = (),
        zone: ZoneInfo = ROME,
        holiday_subdivision: str | None = "RM",
    ) -> None:
        self.weekly: WeeklyHours = parse_weekly(weekly)
        self.overrides = tuple(overrides)
        self.zone = zone
        # The seat's patron saint is known to this library only; the national holidays to both, which a test compares.
        try:
            self._holidays = holidays.country_holidays(COUNTRY, subdiv=holiday_subdivision)
        except NotImplementedError:
            raise ValueError(
                f"{holiday_subdivision!r} is no Italian province whose patron saint is known. Example: RM"
            ) from None
        rules = weekly if self.weekly.is_always else f"{weekly}; PH off"
        self._week = OpeningHours(rules, timezone=zone, country=COUNTRY)

    def is_open(self, at: datetime) -> bool:
        """Tell whether the service is open at `at`."""
        local = self._local(at)
        for override in reversed(self.overrides):
            if override.covers(at):
                return override.kind is OverrideKind.OPEN
        if not self.weekly.is_always and self.is_holiday(local.date()):
            return False
        return self._week.is_open(local)

    def is_holiday(self, day: date) -> bool:
        """Tell whether it is a national holiday or the seat's patron saint."""
        return day in self._holidays

    def is_working_day(self, day: date) -> bool:
        """Tell whether a term may end on it: a day of the week with opening hours, and no holiday. Overrides do not count."""
        return day.weekday() in self.weekly.days and not self.is_holiday(day)

    def next_change(self, at: datetime) -> datetime | None:
        """The first instant after `at` when open turns closed or closed open; None when there is none within a year."""
        now_open = self.is_open(at)
        return next((edge for edge in self._edges(at) if self.is_open(edge) != now_open), None)

    def next_opening(self, at: datetime) -> datetime | None:
        """The first instant after `at` when closed turns open; None when there is none within a year."""
        change = self.next_change(at)
        if change is None or self.is_open(change):
            return change
        return self.next_change(change)

    def _local(self, at: datetime) -> datetime:
        if at.tzinfo is None:
            raise ValueError(f"{at} has no time zone: the calendar takes aware instants only")
        return at.astimezone(self.zone)

    def _edges(self, at: datetime) -> Iterator[datetime]:
        """Every instant after `at`, within a year, at which something may change, in order."""
        limit = at + HORIZON
        day = self._local(at).date()
        while datetime.combine(day, time(0), self.zone) <= limit:
            following = day + timedelta(days=1)
            yield from (self._local(edge) for edge in self.edges(day) if at < edge <= limit)
            day = following

    def edges(self, day: date) -> list[datetime]:
        """Every instant of a local day, in UTC and in order, at which something may change."""
        begins, ends = (datetime.combine(d, time(0), self.zone).astimezone(UTC) for d in (day, day + timedelta(days=1)))
        marks = (edge for one in self.overrides for edge in (one.starts, one.ends))
        edges = {edge.astimezone(UTC) for edge in (*self._edges_of(day), *marks)}
        return sorted(edge for edge in edges if begins <= edge < ends)

    def _edges_of(self, day: date) -> Iterator[datetime]:
        begins, ends = (datetime.combine(d, time(0), self.zone) for d in (day, day + timedelta(days=1)))
        yield begins
        for moment in (self.weekly.opens, self.weekly.closes):
            yield from (datetime.combine(day, moment, self.zone).replace(fold=fold) for fold in (0, 1))
        if begins.utcoffset() != ends.utcoffset():
            # In the night the clocks change, an hour of the day comes twice or never: look every quarter of an hour.
            for quarter in range(25 * 4):
                yield (begins.astimezone(UTC) + timedelta(minutes=15 * quarter)).astimezone(self.zone)
