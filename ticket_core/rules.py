"""Pure decisions about terms, closing and content."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta, tzinfo

from ticket_core.model import (
    ClockInterval,
    ClockState,
    Closure,
    Message,
    MessageState,
    Practice,
    PracticeClass,
    PracticeState,
    PracticeStatus,
)

WorkingDay = Callable[[date], bool]

# "Risposta entro 40 giorni: quando si tratta di richieste complesse". The other classes of the phone count in
# opening hours and need an operator's classification first.
TERM_DAYS = {PracticeClass.COMPLEX: 40}

# "Se il cittadino entro 40 giorni non invia i documenti necessari a trattare la sua richiesta, questa viene chiusa."
DOCUMENTS_DAYS = 40

_LONGEST_HOLIDAY_DAYS = 366

EMPTY = frozenset({MessageState.NO_SPEECH, MessageState.ABANDONED, MessageState.RECORDING})
REOPENABLE = frozenset({PracticeState.ANSWERED, PracticeState.CLOSED})


def due_on(starts: date, days: int, working_day: WorkingDay) -> date:
    """Last day of a term of `days` calendar days: the first does not count, and a last day that is no working day moves on."""
    due = starts + timedelta(days=days)
    for _ in range(_LONGEST_HOLIDAY_DAYS):
        if working_day(due):
            return due
        due += timedelta(days=1)
    raise ValueError("the calendar has no working day within a year of the term's end: mend the weekly hours")


def documents_by(asked_on: date) -> date:
    """Last day on which the documents asked for on `asked_on` keep the practice open."""
    return asked_on + timedelta(days=DOCUMENTS_DAYS)


def days_used(intervals: Sequence[ClockInterval], zone: tzinfo) -> int:
    """Calendar days that the clock ran since it last started from zero (a clock that stopped starts from zero)."""
    used = 0
    for interval in intervals:
        if interval.state is ClockState.STOPPED:
            used = 0
        elif interval.state is ClockState.RUNS and interval.ends is not None:
            used += (interval.ends.astimezone(zone).date() - interval.starts.astimezone(zone).date()).days
    return used


def next_interval(
    past: Sequence[ClockInterval], state: ClockState, at: datetime, reason: str, zone: tzinfo, working_day: WorkingDay
) -> ClockInterval:
    """The interval that opens at `at`; where the clock runs on, the days it ran before are not given again."""
    due = None
    if state is ClockState.RUNS:
        left = max(0, TERM_DAYS[PracticeClass.COMPLEX] - days_used(past, zone))
        due = due_on(at.astimezone(zone).date(), left, working_day)
    return ClockInterval(state, at, None, reason, due)


def check_closure(to: PracticeState, closure: Closure | None) -> None:
    """Raise `ValueError` when a closing has no reason, or another step has one."""
    if (to is PracticeState.CLOSED) != (closure is not None):
        reasons = ", ".join(Closure)
        raise ValueError(f"a closing, and nothing else, carries one of the closing reasons ({reasons}); got {closure}")


def closes_as_no_content(practice: Practice, messages: Sequence[Message]) -> bool:
    """Tell whether nothing was said: nobody has taken the practice, it is a voice message's, and no message has speech."""
    untouched = practice.state is PracticeState.RECEIVED and practice.channel.value == "voice_message"
    return untouched and all(message.state in EMPTY for message in messages)


def status_of(practice: Practice, zone: tzinfo) -> PracticeStatus:
    """What may be told to whoever holds the code."""
    asked = practice.state is PracticeState.AWAITING_DOCUMENTS
    return PracticeStatus(
        code=practice.code,
        practice_id=practice.id,
        state=practice.state,
        closure=practice.closure,
        since=practice.state_since,
        due_on=practice.due_on,
        documents_by=documents_by(practice.state_since.astimezone(zone).date()) if asked else None,
        answered_on=practice.answered_at.astimezone(zone).date() if practice.answered_at else None,
    )
