"""What a bench yields: frozen values, no I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.rules import percentile, quartiles, times_better


class CouldNotMeasure(Exception):
    """A figure could not be had in this run: the text says which and why. Nothing is put in its place."""


@dataclass(frozen=True)
class Quantity:
    """What is measured: its unit, which direction is better, and what it is measured beside (None: nothing)."""

    name: str
    unit: str
    less_is_better: bool
    peer_name: str | None


@dataclass(frozen=True)
class Figure:
    """One line of the report. `n` counts the samples of ours; a spread is the lower and the upper quartile."""

    quantity: Quantity
    ours: float
    peer: float | None
    n: int
    ours_spread: tuple[float, float] | None = None
    peer_spread: tuple[float, float] | None = None

    @property
    def ratio(self) -> float | None:
        """How many times better than the peer ours is: above 1 is better, whichever direction the unit has."""
        if self.peer is None:
            return None
        return times_better(self.ours, self.peer, self.quantity.less_is_better)


@dataclass(frozen=True)
class Machine:
    """Where the run took place. `memory_gb` is 10^9 bytes; `load_average` that of the minute before the start."""

    cpu: str
    cores: int
    memory_gb: float
    kernel: str
    asterisk: str
    python: str
    load_average: float


def of_samples(name: str, ours: Sequence[float], peer: Sequence[float], peer_name: str) -> list[Figure]:
    """`NAME.median`, with its quartiles, and `NAME.p95` of two lists of milliseconds. Raises `CouldNotMeasure` for an empty one."""
    if not ours or not peer:
        raise CouldNotMeasure(f"{name}: no sample of {'ours' if not ours else peer_name}")
    median = Quantity(f"{name}.median", "ms", less_is_better=True, peer_name=peer_name)
    p95 = Quantity(f"{name}.p95", "ms", less_is_better=True, peer_name=peer_name)
    (ours_low, ours_mid, ours_high), (peer_low, peer_mid, peer_high) = quartiles(ours), quartiles(peer)
    return [
        Figure(median, ours_mid, peer_mid, len(ours), (ours_low, ours_high), (peer_low, peer_high)),
        Figure(p95, percentile(ours, 95), percentile(peer, 95), len(ours)),
    ]
