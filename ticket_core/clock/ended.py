"""Conditions over practices that came to their end, for searches."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, func, or_
from sqlalchemy.orm import aliased
from sqlalchemy.sql.elements import ColumnElement

from ticket_core.rules import REOPENABLE
from ticket_core.store import PracticeRow

AUTHOR = "clock"
OVER = "the term of keeping is over"


@dataclass(frozen=True)
class Thing:
    """Something of a practice, or the practice itself."""

    id: UUID
    practice_id: UUID | None


def ended_before(of: type[PracticeRow], instant: datetime) -> ColumnElement[bool]:
    """Whether it came to its end before this instant: an answered one, which is closed later, when it was answered."""
    return of.state.in_(REOPENABLE) & (func.coalesce(of.answered_at, of.state_since) < instant)


def kept_by_another(instant: datetime) -> ColumnElement[bool]:
    """Whether the practice that it was merged into goes on, or ended later than that: the other one shows what this one holds."""
    other = aliased(PracticeRow)
    return exists().where(other.id == PracticeRow.merged_into, other.erased_at.is_(None), ~ended_before(other, instant))


def is_over(instant: datetime) -> ColumnElement[bool]:
    """Whether nothing of the practice is kept that goes with what ended before this instant; erased ones keep nothing."""
    return or_(PracticeRow.erased_at.is_not(None), ended_before(PracticeRow, instant) & ~kept_by_another(instant))
