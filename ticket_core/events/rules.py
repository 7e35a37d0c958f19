"""Pure decisions about events: whether one may be declared, closed or reopened, and which one a request may belong to."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from ticket_core.events.model import Event, EventKind
from ticket_core.events.names import one_line


class IllegalEvent(Exception):
    """An event cannot be declared, changed or closed in this way: the text says why. Nothing was changed."""


def tidy(text: str, what: str) -> str:
    """The text as one line. Raises `IllegalEvent` when nothing is left."""
    kept = one_line(text)
    if not kept:
        raise IllegalEvent(f"an event needs its {what}")
    return kept


def check_times(starts: datetime, ends: datetime | None) -> None:
    """Raise `IllegalEvent` when an event would end before it starts."""
    if ends is not None and ends <= starts:
        raise IllegalEvent(
            f"an event that starts at {starts:%Y-%m-%d %H:%M %Z} cannot have ended at {ends:%Y-%m-%d %H:%M %Z}"
        )


def bulletin(text_it: str | None, text_en: str | None) -> tuple[str | None, str | None]:
    """What the public is told, in both languages or in none. Raises `IllegalEvent` for one alone."""
    told = tuple("\n".join(map(one_line, (text or "").splitlines())).strip() or None for text in (text_it, text_en))
    if (told[0] is None) != (told[1] is None):
        raise IllegalEvent("a bulletin is published in Italian and in English, or not at all")
    return told[0], told[1]


def check_open(event: Event) -> None:
    """Raise `IllegalEvent` for an event that is closed: nothing is put into it, and it is not closed again."""
    if event.closed_at is not None:
        raise IllegalEvent(f"the event '{event.name}' was closed by {event.closed_by}: reopen it first")


def suggested(events: Iterable[Event], at: datetime, municipality: str | None) -> list[Event]:
    """The open events that a request of this instant and municipality (ISTAT, None: not known) may belong to, likeliest first.

    A person decides. One with the municipality in a small area comes before one with a large area, then those without a place;
    one that goes on before one that has ended, and the youngest first. An exercise is never suggested: a real request put there
    by mistake would leave every statistic.
    """
    fitting = [
        event
        for event in events
        if event.closed_at is None
        and event.kind is not EventKind.EXERCISE
        and event.starts <= at
        and (municipality is None or not event.area or municipality in event.area)
    ]
    return sorted(fitting, key=lambda event: _distance(event, at, municipality))


def _distance(event: Event, at: datetime, municipality: str | None) -> tuple[bool, bool, int, float, str]:
    placed = municipality is not None and municipality in event.area
    ended = event.ends is not None and event.ends < at
    return (not placed, ended, len(event.area), -event.starts.timestamp(), str(event.id))
