"""The values a flow works with."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, time
from uuid import UUID

from ledger.model import Outcome
from ledger.rules import weightier
from phone.call import Recorded


@dataclass
class Visit:
    """What one call has come to so far."""

    outcome: Outcome = Outcome.ABANDONED
    failed_codes: int = 0

    def reached(self, outcome: Outcome) -> None:
        """Note an outcome; a lesser one changes nothing."""
        self.outcome = weightier(self.outcome, outcome)


@dataclass(frozen=True)
class Hours:
    """The line's hours as a caller is told them. Days count from 0, Monday; times are local."""

    is_open: bool
    first_day: int
    last_day: int
    opens: time
    closes: time
    now: datetime
    next_opening: datetime | None


@dataclass(frozen=True)
class Filed:
    """A message has its practice; `added` when the practice was there before."""

    code: str
    added: bool


@dataclass
class Draft:
    """A message being left. `unfinished_take` is one that a process which died was recording."""

    message_id: UUID
    takes: int = 0
    unfinished_take: str | None = None
    filed: Filed | None = None
    best: Recorded | None = field(default=None)

    def next_take(self) -> str:
        """The name of the next recording."""
        self.takes += 1
        return f"{self.message_id}-{self.takes}"
