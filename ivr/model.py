"""The values a flow works with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum
from uuid import UUID

from ledger.model import Outcome
from ledger.rules import weightier
from phone.call import Recorded


class RecordsAway(Exception):
    """The practices cannot be looked up now: the caller is told so, because nothing else would be true."""


@dataclass(frozen=True)
class Place:
    """Where a call is in the script: the flow it is in, and the language it is in."""

    flow: str
    language: str


class Why(StrEnum):
    """Why the queue gives a caller back."""

    CHOSEN = "chosen"
    NO_OPERATOR = "no_operator"
    ALL_BUSY = "all_busy"
    FULL = "full"
    WAITED_LONG = "waited_long"
    CLOSED = "closed"


@dataclass(frozen=True)
class GivenBack:
    """A caller who comes back from the queue: where their script goes on, and why."""

    place: Place
    why: Why


@dataclass
class Visit:
    """What one call has come to so far, and what the caller has already answered: a restart finds it again.

    `code` is one that was keyed and found.
    """

    outcome: Outcome = Outcome.ABANDONED
    failed_codes: int = 0
    code: str | None = None
    resumed: bool = False

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
    """A message is kept for good. `code` is None when none could be leased; `added` when its practice was there before."""

    code: str | None
    added: bool


@dataclass
class Draft:
    """A message being left. `unfinished_take` is one that a process which died was recording; `given_up`: too little was said."""

    message_id: UUID
    takes: int = 0
    unfinished_take: str | None = None
    filed: Filed | None = None
    best: Recorded | None = None
    given_up: bool = False

    def next_take(self) -> str:
        """The name of the next recording."""
        self.takes += 1
        return take_name(self.message_id, self.takes)


def take_name(message_id: UUID, number: int) -> str:
    """How a message's takes are called, from 1."""
    return f"{message_id}-{number}"
