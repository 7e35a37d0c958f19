"""Figures as tables: a row for each hour, day, queue or operator. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from ledger.accessibility import LineState
from ledger.figures import Facts, OperatorFigures, QueueFigures, Target, figures, operator_figures
from ledger.span import Span

Cell = str | int | float | datetime | None


class By(StrEnum):
    """What a row is of."""

    TOTAL = "total"
    HOUR = "hour"
    DAY = "day"
    QUEUE = "queue"
    OPERATOR = "operator"


@dataclass(frozen=True)
class Row:
    """One row: a stretch of time; a queue's name, or "" for all; and its figures."""

    span: Span
    figures: QueueFigures | OperatorFigures
    queue: str = ""

    def cells(self) -> Mapping[str, Cell]:
        """The row's values by their names, which the dictionary explains."""
        own: dict[str, Cell] = {field.name: getattr(self.figures, field.name) for field in fields(self.figures)}
        return {"since": self.span.since, "until": self.span.until, "queue": self.queue, **own}


def rows(facts: Facts, span: Span, by: By, zone: ZoneInfo, target: Target, line: LineState) -> list[Row]:
    """The table of a stretch. Hours begin with the stretch, days at midnight in `zone`; those to come have no row."""
    return list(_TABLES[by](facts, span, zone, target, line))


def days(span: Span, zone: ZoneInfo) -> list[Span]:
    """The parts of a stretch that lie in one local day each."""
    parts, since = [], span.since
    while since < span.until:
        midnight = datetime.combine(since.astimezone(zone).date() + timedelta(days=1), time(0), zone).astimezone(UTC)
        parts.append(Span(since, min(midnight, span.until)))
        since = midnight
    return parts


Table = Callable[[Facts, Span, ZoneInfo, Target, LineState], Iterator[Row]]


def _each(parts: Callable[[Span, ZoneInfo], Sequence[Span]]) -> Table:
    def table(facts: Facts, span: Span, zone: ZoneInfo, target: Target, line: LineState) -> Iterator[Row]:
        # Nobody knows in which of the parts the trunk refused calls.
        of_part = line if parts(span, zone) == [span] else LineState(line.open, line.unreached)
        begun = (part for part in parts(span, zone) if part.since <= facts.now)
        return (Row(part, figures(facts, part, target, of_part)) for part in begun)

    return table


def _by_queue(facts: Facts, span: Span, zone: ZoneInfo, target: Target, line: LineState) -> Iterator[Row]:
    for queue in sorted({way.queue for way in facts.within(span)}):
        yield Row(span, figures(facts.of_queue(queue), span, target), queue or "(none)")


def _by_operator(facts: Facts, span: Span, zone: ZoneInfo, target: Target, line: LineState) -> Iterator[Row]:
    return (Row(span, one) for one in operator_figures(facts, span))


_TABLES: dict[By, Table] = {
    By.TOTAL: _each(lambda span, zone: [span]),
    By.HOUR: _each(lambda span, zone: span.hours()),
    By.DAY: _each(days),
    By.QUEUE: _by_queue,
    By.OPERATOR: _by_operator,
}
