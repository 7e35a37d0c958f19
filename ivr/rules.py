"""Pure decisions of the phone script: which prompts tell a thing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from ivr.model import Hours, Why
from ledger.model import Step, StepKind
from phone.spoken import spoken_code, spoken_date, spoken_hours, spoken_opening
from ticket_core.model import PracticeState, PracticeStatus

RESUMED = ("resumed", "not-a-rescue-number", "pause-short")
"""What a caller hears in place of the greeting when the menu is taken up again: its warning is said to everybody, whole."""

QUEUE_FLOW = "queue"
"""The flow in the ledger of a caller who was handed on."""
TAKEN_WITHIN = timedelta(seconds=60)
"""Whoever hangs up on their way to the queue is never there: so long its word is waited for."""

OTHER_LANGUAGE = {"it": "en", "en": "it"}


def greeting(bulletin: bool) -> tuple[str, ...]:
    """Rows 1 to 3 of the script."""
    first = ("bulletin",) if bulletin else ()
    return (
        *first,
        "welcome",
        "not-a-rescue-number",
        "pause-short",
        "language-offer",
        "pause-short",
        "privacy",
        "pause-short",
    )


def told_hours(hours: Hours) -> tuple[str, ...]:
    """The weekly hours, and when the line opens again where it is closed."""
    weekly = (
        "service-is-open",
        *spoken_hours(hours.first_day, hours.last_day, hours.opens, hours.closes),
        "pause-short",
    )
    if hours.is_open or hours.next_opening is None:
        return weekly
    return (*weekly, "reopens", *spoken_opening(hours.next_opening, hours.now), "pause-short")


def menu_prompts(hours: Hours) -> tuple[str, ...]:
    """Row 4 or 5."""
    return ("menu-open",) if hours.is_open else ("closed", *told_hours(hours), "menu-closed")


def told_why(why: Why, hours: Hours) -> tuple[str, ...]:
    """Row 7: what is said to a caller whom no operator answers."""
    match why:
        case Why.CHOSEN:
            return ()
        case Why.NO_OPERATOR:
            return ("no-operator",)
        case Why.CLOSED:
            return "closed", *told_hours(hours)
        case _:
            return ("operators-busy",)


def is_with_the_queue(steps: Iterable[Step], now: datetime) -> bool:
    """Whether a call that has not ended is the queue's to end: the queue has said so, or was handed the caller a moment ago.

    The two write on their own, so that the queue's word may stand before ours.
    """
    queues = False
    for step in steps:
        if step.kind is StepKind.QUEUED:
            queues = True
        elif step.kind is StepKind.LEFT_QUEUE:
            queues = now - step.at < TAKEN_WITHIN  # on their way back to us
        elif step.kind is StepKind.FLOW and step.detail.get("flow") == QUEUE_FLOW:
            queues = queues or now - step.at < TAKEN_WITHIN
        elif step.kind in (StepKind.FLOW, StepKind.FALLBACK):
            queues = False
    return queues


def told_status(status: PracticeStatus) -> tuple[str, ...]:
    """Row 15: code, state with its date, term. A date that is not known is not said: a suspended clock has no term."""
    state = status.state
    told: tuple[str, ...] = ("status-practice", *spoken_code(status.code), "pause-short")
    if state is PracticeState.AWAITING_DOCUMENTS and status.documents_by:
        told += ("status-awaiting-documents", *spoken_date(status.documents_by))
    elif state in (PracticeState.ANSWERED, PracticeState.CLOSED) and status.answered_on:
        told += ("status-answered", *spoken_date(status.answered_on))
    else:
        told += (_STATE_PROMPTS[state],)
    if status.due_on:
        told += ("pause-short", "status-term", *spoken_date(status.due_on))
    return (*told, "pause-long")


_STATE_PROMPTS = {
    PracticeState.RECEIVED: "status-received",
    PracticeState.IN_PROGRESS: "status-in-progress",
    PracticeState.AWAITING_ADMINISTRATION: "status-awaiting-administration",
    PracticeState.AWAITING_DOCUMENTS: "status-awaiting-documents-undated",
    PracticeState.ANSWERED: "status-closed",
    PracticeState.CLOSED: "status-closed",
}


def told_code(code: str, added: bool) -> tuple[str, ...]:
    """Row 11: the code twice, in groups."""
    first = "message-added" if added else "code-is"
    spoken = spoken_code(code)
    return (first, *spoken, "pause-long", "code-again", *spoken, "pause-long", "code-use")


def slowing_s(caller_failures: int, service_failures: int) -> float:
    """Seconds to hold back the answer to a code, by failures of the last hour: guessing gets slow, nobody is shut out."""
    by_caller = max(0, caller_failures - 3) * 0.5
    by_service = max(0, service_failures - 100) * 0.05
    return min(5.0, by_caller + by_service)
