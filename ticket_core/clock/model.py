"""What the clock finds due, and what it did: frozen values, no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID


class DocumentsDuty(StrEnum):
    """What is due of a practice that waits for documents."""

    REMIND = "remind"
    CLOSE = "close"
    LOOK = "look"


class AlarmKind(StrEnum):
    """Why a person must look at a practice.

    `due_soon`, `due_today`, `overdue`: of its term. `same_day`: promised within the day, and the day's service ends soon.
    `documents_came`: documents were asked for, something came since, and nobody has looked at it.
    """

    DUE_SOON = "due_soon"
    DUE_TODAY = "due_today"
    SAME_DAY = "same_day"
    OVERDUE = "overdue"
    DOCUMENTS_CAME = "documents_came"


@dataclass(frozen=True)
class Alarm:
    """One alarm, raised once. `day` is the last day of the term that it is about; another last day is another alarm."""

    practice_id: UUID
    kind: AlarmKind
    day: date
    raised_at: datetime


@dataclass(frozen=True)
class Warnings:
    """When reminders and alarms come: days before the last day, and hours before the end of that day's service."""

    reminder_days: int
    warn_days: int
    same_day_hours: float


@dataclass(frozen=True)
class Keeping:
    """For how many days each class of data is kept after its practice came to its end; `callers`: after the call."""

    audio: int
    transcripts: int
    attachments: int
    practices: int
    callers: int


@dataclass(frozen=True)
class Tally:
    """What one run of a duty came to: how much was done, and how many practices could not be dealt with."""

    done: int = 0
    broken: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.done + other.done, self.broken + other.broken)


@dataclass(frozen=True)
class DueCounts:
    """How many practices are due today, and overdue; exercises left out."""

    today: int
    overdue: int
