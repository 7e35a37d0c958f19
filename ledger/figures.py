"""The figures of a stretch of time, by the formulas of `domain.md` ("Ledger and figures"). Pure: the live view and every report call these.

A call's figures belong to the stretch in which it entered the line, whatever happened when: the hours of a day add up to the day,
and the figures of a stretch change after its end only by what was still going on. What a call counts as is decided in
`ledger.journey`; an operator's time in `ledger.occupancy`, where it is cut at the edges of the stretch.
All times are seconds; a figure with nothing to divide by is None.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ledger.accessibility import LineState, accessibility
from ledger.journey import CALLBACK, OFFERED, SATURATED, Fate, Handling, Journey, journeys
from ledger.model import Call, OperatorState, OperatorStep
from ledger.occupancy import OperatorTime, Spells, occupancy, spells, times
from ledger.span import Span

PROMISED_PER_HOUR = 100
"""Charter: "il numero verde può gestire fino a 100 chiamate l'ora"."""


@dataclass(frozen=True)
class Target:
    """The service level is the share answered within `within_s`; who hangs up before `short_s` is a short one. (`domain.md`: 20 s, 5 s.)"""

    within_s: float = 20.0
    short_s: float = 5.0


@dataclass(frozen=True)
class Facts:
    """What figures are computed from, as of `now`: read once, asked for many stretches.

    `arrivals` are in order. A part of the line has neither arrivals nor operators of its own: None, and nothing.
    """

    now: datetime
    journeys: tuple[Journey, ...]
    arrivals: tuple[datetime, ...] | None = None
    operators: Spells = field(default_factory=dict)

    @classmethod
    def of(cls, calls: Sequence[Call], operators: Iterable[OperatorStep], now: datetime) -> Facts:
        """Those of calls with their steps and of operators' steps; simulated calls are left out, and what is later than `now`."""
        came = sorted(call.started_at for call in calls if not call.simulated and call.started_at <= now)
        return cls(now, tuple(journeys(calls, now)), tuple(came), spells(operators, now))

    def of_queue(self, queue: str) -> Facts:
        """Those of one queue; "" is of the callers who were refused, whom no queue had."""
        return Facts(self.now, tuple(journey for journey in self.journeys if journey.queue == queue))

    def within(self, span: Span) -> list[Journey]:
        """The ways of the calls that entered the line, or were refused, in `span`."""
        return [journey for journey in self.journeys if journey.at in span]


@dataclass(frozen=True, kw_only=True)
class QueueFigures:
    """One stretch's figures, named as `domain.md` names them; counts are of calls. O = A + B + E + waiting.

    `abandoned` B holds `abandoned_short` and `sent_on`; E is `chose_message` and `chose_callback`. `busiest_hour` is the most calls that
    arrived within any 60 minutes of the stretch, `of_promised` that number against the charter's 100; all three, and
    `occupancy`, are None of one queue alone.
    """

    offered: int
    answered: int
    abandoned: int
    abandoned_short: int
    sent_on: int
    chose_message: int
    chose_callback: int
    waiting: int
    callbacks: int
    service_level: float | None
    answer_speed_s: float | None
    abandonment: float | None
    longest_wait_s: float | None
    handled: int
    handling_s: float | None
    occupancy: float | None
    saturated: int
    unstaffed: int
    blocked: int | None
    accessibility: float | None
    arrived: int | None
    busiest_hour: int | None
    of_promised: float | None


@dataclass(frozen=True, kw_only=True)
class OperatorFigures:
    """One operator's figures of a stretch. `missed` are the offers that came to nothing; seconds of pause and of duty are their own."""

    number: str
    answered: int
    missed: int
    handled: int
    talk_s: float
    hold_s: float
    wrap_up_s: float
    handling_s: float | None
    occupancy: float | None
    idle_s: float
    paused_s: float
    unreachable_s: float


def figures(facts: Facts, span: Span, target: Target | None = None, line: LineState | None = None) -> QueueFigures:
    """The figures of one stretch, up to the instant of `facts`."""
    target, line = target or Target(), line or LineState()
    all_ways = facts.within(span)
    ways = [one for one in all_ways if one.fate in OFFERED]
    answered = [one.waited_s for one in ways if one.fate is Fate.ANSWERED]
    chose = [one for one in ways if one.fate is Fate.CHOSE]
    short, abandoned = _short(ways, target), _abandoned(ways)
    handled = [_sum(one.handled.values()) for one in all_ways if one.handled]
    turned_away = [one for one in all_ways if one.fate in (Fate.SENT_ON, Fate.REFUSED)]
    arrived, busiest = _arrivals(facts.arrivals, span)
    called_back = sum(one.why == CALLBACK for one in chose)
    saturated = sum(one.why in SATURATED for one in turned_away)
    return QueueFigures(
        offered=len(ways),
        answered=len(answered),
        abandoned=abandoned,
        abandoned_short=short,
        sent_on=sum(one.fate is Fate.SENT_ON for one in ways),
        chose_message=len(chose) - called_back,
        chose_callback=called_back,
        waiting=sum(one.fate is Fate.WAITING for one in ways),
        callbacks=sum(one.fate is Fate.CALLBACK for one in all_ways),
        service_level=service_level(ways, target),
        answer_speed_s=_mean(answered),
        abandonment=_share(abandoned - short, len(answered) + abandoned - short),
        longest_wait_s=max((one.waited_s for one in ways), default=None),
        handled=len(handled),
        handling_s=_mean([one.total_s for one in handled]),
        occupancy=occupancy(times(facts.operators, span).values()),
        saturated=saturated,
        unstaffed=len(turned_away) - saturated,
        blocked=line.blocked,
        accessibility=accessibility(Span(span.since, min(span.until, facts.now)), line),
        arrived=arrived,
        busiest_hour=busiest,
        of_promised=None if busiest is None else busiest / PROMISED_PER_HOUR,
    )


def service_level(ways: Iterable[Journey], target: Target) -> float | None:
    """A(wait <= y) / (O - Bs - E that left before y - still waiting less than y)."""
    y, good, all_counted = target.within_s, 0, 0
    for way in ways:
        good += way.fate is Fate.ANSWERED and way.waited_s <= y
        undecided = way.fate in (Fate.CHOSE, Fate.WAITING) and way.waited_s < y
        all_counted += not undecided and not _is_short(way, target)
    return _share(good, all_counted)


def operator_figures(facts: Facts, span: Span) -> list[OperatorFigures]:
    """Each operator's figures of one stretch, by number: of those who were there, were rung or talked."""
    ways, spent = facts.within(span), times(facts.operators, span)
    seen = {number for number, time in spent.items() if time.seconds} | {way.operator for way in ways}
    seen |= {number for way in ways for number in (*way.handled, *way.missed)}
    return [_operator(number, ways, spent.get(number, OperatorTime())) for number in sorted(seen - {""})]


def _operator(number: str, ways: Sequence[Journey], spent: OperatorTime) -> OperatorFigures:
    mine = [way.handled[number] for way in ways if number in way.handled]
    total = _sum(mine)
    return OperatorFigures(
        number=number,
        answered=sum(way.operator == number for way in ways),
        missed=sum(way.missed.get(number, 0) for way in ways),
        handled=len(mine),
        talk_s=total.talk_s,
        hold_s=total.hold_s,
        wrap_up_s=total.wrap_up_s,
        handling_s=_mean([one.total_s for one in mine]),
        occupancy=occupancy([spent]),
        idle_s=spent.of(OperatorState.IDLE, OperatorState.RINGING),
        paused_s=spent.of(OperatorState.PAUSED),
        unreachable_s=spent.of(OperatorState.UNREACHABLE),
    )


def _is_short(way: Journey, target: Target) -> bool:
    return way.fate is Fate.ABANDONED and way.waited_s < target.short_s


def _short(ways: Iterable[Journey], target: Target) -> int:
    return sum(_is_short(way, target) for way in ways)


def _abandoned(ways: Iterable[Journey]) -> int:
    return sum(way.fate in (Fate.ABANDONED, Fate.SENT_ON) for way in ways)


def _arrivals(came: Sequence[datetime] | None, span: Span) -> tuple[int, int] | tuple[None, None]:
    """How many came in the span, and the most within any hour of it."""
    if came is None:
        return None, None
    first, last = bisect_left(came, span.since), bisect_left(came, span.until)
    hour = timedelta(hours=1)
    most = (bisect_left(came, came[n] + hour, n, last) - n for n in range(first, last))
    return last - first, max(most, default=0)


def _sum(handling: Iterable[Handling]) -> Handling:
    return sum(handling, Handling())


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
