"""How many operators a number of calls needs. Pure.

Erlang C (M/M/n) when callers wait for ever, Erlang A (M/M/n+M) when they lose patience; both assume that calls come at random at a
steady pace, and that handling times vary as a random decay does. Sources: A. K. Erlang 1917; C. Palm 1946; for the waiting time in
Erlang A, which is a sum of exponential stages with rates in arithmetic progression: A. Mandelbaum, S. Zeltyn, "Service Engineering in
Action: The Palm/Erlang-A Queue", 2007.

Everything is computed relative to the probability that all operators are busy and nobody waits, the right side in logarithms: nothing
overflows with thousands of operators or in overload.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NEGLIGIBLE = 50.0
"""A term whose logarithm is so far below the largest adds nothing to a double."""
MOST_TERMS = 2**22
MOST_OPERATORS = 100_000
LONGEST_S = 3600.0
NODES, WEIGHTS = np.polynomial.legendre.leggauss(16)


@dataclass(frozen=True)
class Load:
    """`calls` that come within `period_s` seconds, each of which takes an operator `handling_s` seconds. Raises `ValueError` for none."""

    calls: float
    period_s: float
    handling_s: float

    def __post_init__(self) -> None:
        for name in ("calls", "period_s", "handling_s"):
            if not (getattr(self, name) > 0 and math.isfinite(getattr(self, name))):
                raise ValueError(f"{name} must be more than nothing: it is {getattr(self, name)}")

    @property
    def per_s(self) -> float:
        """Calls a second."""
        return self.calls / self.period_s

    @property
    def erlangs(self) -> float:
        """Operators that would be busy on average if nobody waited."""
        return self.per_s * self.handling_s


@dataclass(frozen=True)
class Forecast:
    """What `operators` give: the share of callers who wait, are answered in time, leave; and of the operators' time that is work.

    `answer_speed_s` is the mean wait of those who are answered, None where the line would grow without end.
    """

    operators: int
    waits: float
    service_level: float
    answer_speed_s: float | None
    leaves: float
    occupancy: float


def forecast(load: Load, operators: int, within_s: float, patience_s: float | None = None) -> Forecast:
    """What so many operators give; callers wait for ever, or `patience_s` seconds on average. Raises `ValueError`."""
    if operators < 1:
        raise ValueError(f"there must be one operator at least: {operators}")
    if not 0 <= within_s <= LONGEST_S:
        raise ValueError(f"the answer must come within 0 to {LONGEST_S:.0f} seconds: {within_s}")
    if patience_s is not None and not 0 < patience_s < math.inf:
        raise ValueError(f"a patience must be more than 0 seconds: {patience_s}")
    return (
        _erlang_c(load, operators, within_s) if patience_s is None else _erlang_a(load, operators, within_s, patience_s)
    )


def operators_needed(load: Load, share: float, within_s: float, patience_s: float | None = None) -> Forecast:
    """The forecast of the fewest operators with whom `share` (above 0, below 1) of the callers are answered within `within_s` seconds.

    Raises `ValueError` for another share, and for a load that takes more than `MOST_OPERATORS`.
    """
    if not 0 < share < 1:
        raise ValueError(f"the share must lie between 0 and 1: it is {share}")
    few, enough = 0, max(1, math.ceil(load.erlangs))
    while enough <= MOST_OPERATORS and forecast(load, enough, within_s, patience_s).service_level < share:
        few, enough = enough, enough * 2
    if enough > MOST_OPERATORS:
        raise ValueError(f"more than {MOST_OPERATORS} operators would be needed")
    while enough - few > 1:
        middle = (few + enough) // 2
        is_enough = forecast(load, middle, within_s, patience_s).service_level >= share
        few, enough = (few, middle) if is_enough else (middle, enough)
    return forecast(load, enough, within_s, patience_s)


def _inverse_erlang_b(erlangs: float, operators: int) -> float:
    """1 / the share of calls lost by so many operators without a line; infinite where that share is nothing to a double."""
    inverse = 1.0
    for n in range(1, operators + 1):
        inverse = 1.0 + inverse * n / erlangs
    return inverse


def _erlang_c(load: Load, operators: int, within_s: float) -> Forecast:
    erlangs = load.erlangs
    if erlangs >= operators:
        return Forecast(operators, 1.0, 0.0, None, 0.0, 1.0)
    busy = erlangs / operators
    waits = 1.0 / (busy + (1.0 - busy) * _inverse_erlang_b(erlangs, operators))
    spare = (operators - erlangs) / load.handling_s
    return Forecast(operators, waits, 1.0 - waits * math.exp(-spare * within_s), waits / spare, 0.0, busy)


def _erlang_a(load: Load, operators: int, within_s: float, patience_s: float) -> Forecast:
    served_per_s, leaves_per_s = operators / load.handling_s, 1.0 / patience_s
    logs = _waiting_logs(load.per_s, served_per_s, leaves_per_s)
    scale = float(logs.max())
    without_wait = (_inverse_erlang_b(load.erlangs, operators) - 1.0) * math.exp(-scale)
    line = np.exp(logs - scale)
    whole = without_wait + float(line.sum())
    line = line / whole
    # A caller who finds j others waiting gets an operator when j + 1 have gone ahead, if they do not leave before.
    gone = served_per_s + leaves_per_s * np.arange(1, len(line) + 1)
    answered = line * served_per_s / gone
    waited = answered * np.cumsum(1.0 / gone)
    waits, late_or_never = float(line.sum()), float(answered.sum())
    served = 1.0 - waits + late_or_never
    in_time = 1.0 - waits + _answered_within(load.per_s, served_per_s, leaves_per_s, within_s, -scale - math.log(whole))
    busy = min(1.0, served * load.erlangs / operators)
    return Forecast(operators, waits, min(1.0, in_time), float(waited.sum()) / served, 1.0 - served, busy)


def _waiting_logs(per_s: float, served_per_s: float, leaves_per_s: float) -> NDArray[np.float64]:
    """The logarithms of the probabilities that all are busy and 0, 1, 2... callers wait, relative to the first."""
    terms = 1024
    while terms <= MOST_TERMS:
        steps = math.log(per_s) - np.log(served_per_s + leaves_per_s * np.arange(1, terms))
        logs = np.concatenate(([0.0], np.cumsum(steps)))
        if steps[-1] < 0 and logs[-1] < logs.max() - NEGLIGIBLE:
            return logs
        terms *= 2
    raise ValueError("the patience is too long for this load: leave it out, callers wait for ever")


def _answered_within(
    per_s: float, served_per_s: float, leaves_per_s: float, within_s: float, log_all_busy: float
) -> float:
    """The share of callers who wait, for no longer than `within_s`, and are answered.

    A caller's wait, if they had no end of patience, has the density p * nu * exp(-nu x + (lambda / theta)(1 - exp(-theta x))),
    where nu is the rate at which operators become free, and p the probability that all are busy and nobody waits.
    """
    if math.isinf(log_all_busy) or not within_s:
        return 0.0
    pieces = math.ceil(within_s * (per_s + served_per_s + leaves_per_s)) + 1
    width = within_s / pieces
    at = (np.arange(pieces)[:, None] + (NODES + 1) / 2) * width
    crowd = per_s / leaves_per_s * -np.expm1(-leaves_per_s * at)
    density = served_per_s * np.exp(log_all_busy - (served_per_s + leaves_per_s) * at + crowd)
    return float((density * WEIGHTS).sum() * width / 2)
