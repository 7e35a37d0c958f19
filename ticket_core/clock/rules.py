"""Which practice is due for what at an instant. Pure; a duty belongs to a day of the service's time zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from ticket_core.clock.model import AlarmKind, DocumentsDuty, Warnings
from ticket_core.terms import ONE_DAY, SAME_DAY, Counting


def begins(day: date, counting: Counting) -> datetime:
    """The first instant of a day, UTC."""
    return datetime.combine(day, time(0), counting.zone).astimezone(UTC)


def documents_duty(
    asked: datetime,
    now: datetime,
    reminder_days: int,
    counting: Counting,
    *,
    reminded: bool = False,
    came: bool = False,
) -> DocumentsDuty | None:
    """What is due of a practice whose documents were asked for at `asked`; None when nothing is.

    "Se il cittadino entro 40 giorni non invia i documenti necessari a trattare la sua richiesta, questa viene chiusa": on the day
    after the last day, and after a reminder. Where something `came` since, a person looks: it may be the documents.
    """
    today, last = counting.day(now), counting.documents_by(asked)
    if today < counting.day(asked) + _quiet(reminder_days, counting):
        return None
    if came:
        return DocumentsDuty.LOOK
    if today > last:
        return DocumentsDuty.CLOSE
    return None if reminded else DocumentsDuty.REMIND


def asked_before(duty: DocumentsDuty, now: datetime, reminder_days: int, counting: Counting) -> datetime:
    """The instant before which documents were asked for where this duty may be due now: the same rule, for a search."""
    waited = timedelta(days=counting.documents_days + 1)
    if duty is not DocumentsDuty.CLOSE:
        waited = _quiet(reminder_days, counting)
    return begins(counting.day(now) - waited + ONE_DAY, counting)


def _quiet(reminder_days: int, counting: Counting) -> timedelta:
    """How long nothing is said after documents were asked for: nobody is reminded on the day itself."""
    return timedelta(days=max(1, counting.documents_days - reminder_days))


def term_alarm(due_on: date, term_days: int, now: datetime, warnings: Warnings, counting: Counting) -> AlarmKind | None:
    """The alarm of a practice whose clock runs: at most one is true at an instant. What was promised within the day is not announced."""
    today = counting.day(now)
    if today > due_on:
        return AlarmKind.OVERDUE
    if today == due_on:
        if term_days > SAME_DAY:
            return AlarmKind.DUE_TODAY
        return AlarmKind.SAME_DAY if now >= _last_hours(today, warnings, counting) else None
    announced = term_days > SAME_DAY and (due_on - today).days <= warnings.warn_days
    return AlarmKind.DUE_SOON if announced else None


def _last_hours(day: date, warnings: Warnings, counting: Counting) -> datetime:
    """When the last hours of a day's service begin, UTC."""
    # Midnight as the end of the service is the day's own end.
    ends_on = day if counting.closes > time(0) else day + ONE_DAY
    ends = datetime.combine(ends_on, counting.closes, counting.zone).astimezone(UTC)
    return ends - timedelta(hours=warnings.same_day_hours)


def kept_since(now: datetime, days: int, counting: Counting) -> datetime:
    """What came to its end before this instant has been kept for `days` whole days: its keeping is over."""
    return begins(counting.day(now) - timedelta(days=days), counting)
