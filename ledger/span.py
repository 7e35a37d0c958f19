"""A stretch of time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import attrgetter


@dataclass(frozen=True)
class Span:
    """From `since`, which belongs to it, to `until`, which does not. Both are aware."""

    since: datetime
    until: datetime

    def __contains__(self, at: datetime) -> bool:
        return self.since <= at < self.until

    def seconds_of(self, other: Span) -> float:
        """How many seconds of `other` lie in this span."""
        return max(0.0, (min(self.until, other.until) - max(self.since, other.since)).total_seconds())

    def seconds_of_all(self, others: Iterable[Span]) -> float:
        """How many seconds of this span lie in any of `others`, which may overlap."""
        total, covered = 0.0, self.since
        for other in sorted(others, key=attrgetter("since")):
            total += self.seconds_of(Span(max(other.since, covered), other.until))
            covered = max(covered, other.until)
        return total

    def hours(self) -> list[Span]:
        """Its parts of an hour, from its beginning on; the last may be shorter."""
        parts, since = [], self.since.astimezone(UTC)  # an hour added to local time can be two, or none
        while since < self.until:
            until = min(since + timedelta(hours=1), self.until)
            parts.append(Span(since, until))
            since = until
        return parts
