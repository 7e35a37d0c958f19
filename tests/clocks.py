"""A clock that stands still until a test moves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class HeldClock:
    """`foundation.clock.Clock`, moved by hand."""

    def __init__(self, at: datetime = datetime(2026, 10, 5, 8, 0, tzinfo=UTC)) -> None:
        self._at = at
        self._seconds = 0.0

    def now(self) -> datetime:
        return self._at

    def monotonic(self) -> float:
        return self._seconds

    def move(self, **by: float) -> None:
        """Let time pass: the keywords of `timedelta`."""
        step = timedelta(**by)
        self._at += step
        self._seconds += step.total_seconds()
