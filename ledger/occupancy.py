"""How operators spent their time, read out of their steps. Pure.

Ringing is available time: the operator could take a call, and is not talking yet. Pauses, an unreachable phone and being off
duty are neither work nor availability. Hold is part of the state `talking`. A state lasts until the next step of the same
operator, whatever process wrote it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter

from ledger.model import OperatorState, OperatorStep
from ledger.span import Span

WORK = frozenset({OperatorState.TALKING, OperatorState.WRAP_UP})
AVAILABLE = frozenset({OperatorState.IDLE, OperatorState.RINGING})


@dataclass(frozen=True)
class OperatorTime:
    """Seconds that one operator spent in each state; a state that is not there took none."""

    seconds: Mapping[OperatorState, float] = field(default_factory=dict)

    def of(self, *states: OperatorState) -> float:
        """Seconds in any of these states."""
        return sum(self.seconds.get(state, 0.0) for state in states)


@dataclass(frozen=True)
class Spell:
    """An operator in one state, from the step that says so to the next one, or till now."""

    state: OperatorState
    span: Span


Spells = Mapping[str, Sequence[Spell]]
"""Each operator's spells in order, by number."""


def spells(steps: Iterable[OperatorStep], now: datetime) -> Spells:
    """What operators did, up to `now`. Before an operator's first step nothing is known, and nothing counted."""
    of_each: dict[str, list[OperatorStep]] = {}
    for step in sorted(steps, key=attrgetter("at", "mono")):
        if step.at <= now:
            of_each.setdefault(step.number, []).append(step)
    return {number: _spells(mine, now) for number, mine in sorted(of_each.items())}


def _spells(steps: Sequence[OperatorStep], now: datetime) -> list[Spell]:
    ends = [*(following.at for following in steps[1:]), now]
    return [Spell(step.state, Span(step.at, until)) for step, until in zip(steps, ends, strict=True)]


def times(of_each: Spells, span: Span) -> dict[str, OperatorTime]:
    """Each operator's time within `span`."""
    return {number: _time(mine, span) for number, mine in of_each.items()}


def _time(mine: Sequence[Spell], span: Span) -> OperatorTime:
    first = bisect_right(mine, span.since, key=lambda spell: spell.span.until)
    last = bisect_left(mine, span.until, key=lambda spell: spell.span.since)
    seconds: dict[OperatorState, float] = {}
    for spell in mine[first:last]:
        seconds[spell.state] = seconds.get(spell.state, 0.0) + span.seconds_of(spell.span)
    return OperatorTime(seconds)


def occupancy(spent: Iterable[OperatorTime]) -> float | None:
    """(talk + hold + wrap-up) / (the same + available idle) of these operators; None when nobody was there."""
    spent = list(spent)
    work = sum(one.of(*WORK) for one in spent)
    present = work + sum(one.of(*AVAILABLE) for one in spent)
    return work / present if present else None
