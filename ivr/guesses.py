"""Failed codes of the last hour, by caller and in all. Kept in memory: a restart forgets them (see docs/known-limits.md)."""

from __future__ import annotations

from collections import deque

from foundation.clock import Clock

HOUR_S = 3600.0
MOST_KEPT = 10_000


class Guesses:
    """Counts failures within an hour. A withheld number is one caller: all of them share its count."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures: deque[tuple[float, str | None]] = deque(maxlen=MOST_KEPT)

    def failed(self, caller: str | None) -> None:
        """A code was wrong or unknown."""
        self._failures.append((self._clock.monotonic(), caller))

    def count(self, caller: str | None) -> tuple[int, int]:
        """Failures of this caller and of everybody, in the last hour."""
        since = self._clock.monotonic() - HOUR_S
        while self._failures and self._failures[0][0] < since:
            self._failures.popleft()
        return sum(who == caller for _, who in self._failures), len(self._failures)
