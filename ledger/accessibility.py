"""Whether the line could be reached while it was open. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.span import Span


@dataclass(frozen=True)
class LineState:
    """What the ledger cannot know of the line: when it was `open` by the calendar, and when it could not be reached.

    `unreached` and `blocked`, the calls that trunk or PBX refused, are None where nobody measured them. The spans of `open` do not overlap.
    """

    open: tuple[Span, ...] = ()
    unreached: tuple[Span, ...] | None = None
    blocked: int | None = None


def accessibility(span: Span, line: LineState) -> float | None:
    """Seconds the line could be reached / seconds open; None where nobody measured, or the line was closed throughout."""
    if line.unreached is None:
        return None
    open_parts = [Span(max(span.since, one.since), min(span.until, one.until)) for one in line.open]
    open_s = span.seconds_of_all(open_parts)
    lost_s = sum(part.seconds_of_all(line.unreached) for part in open_parts)
    return (open_s - lost_s) / open_s if open_s else None
