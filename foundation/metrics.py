"""What a process counts, for Prometheus. A room declares its metrics in one place, its `metrics.py`, with these helpers.

Each name begins with `centralino_`. A label's name is one of `LABELS`, whose values are words out of our own code: no metric can carry
a caller's number, a practice's code, a call's id or a transcript.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

PREFIX = "centralino_"
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

LABELS = frozenset(
    {"action", "application", "check", "engine", "flow", "language", "outcome", "probe", "process", "reason", "service", "state"}
)  # fmt: skip
"""What a label may be called: each has a few values, all of them known when the code is written."""

SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 180.0)

REGISTRY = CollectorRegistry()
"""The one registry of this process."""


class LabelRefused(ValueError):
    """A metric asks for a label that is not in `foundation.metrics.LABELS`: it could carry a caller's data."""


def counter(name: str, what: str, *labels: str) -> Counter:
    """Something that only grows; its sample's name ends in `_total`. Raises `LabelRefused`."""
    return Counter(PREFIX + name, what, _allowed(name, labels), registry=REGISTRY)


def gauge(name: str, what: str, *labels: str) -> Gauge:
    """Something that goes up and down; its name ends in its unit. Raises `LabelRefused`."""
    return Gauge(PREFIX + name, what, _allowed(name, labels), registry=REGISTRY)


def histogram(name: str, what: str, *labels: str, buckets: Sequence[float] = SECONDS) -> Histogram:
    """How long or how much, counted in buckets. Raises `LabelRefused`."""
    return Histogram(PREFIX + name, what, _allowed(name, labels), registry=REGISTRY, buckets=tuple(buckets))


def begin(counted: Counter, **values: Iterable[str]) -> None:
    """Show a counter at 0 for every combination of its labels' values: one that first appears at 1 is no increase to Prometheus."""
    for combination in product(*values.values()):
        counted.labels(**dict(zip(values, combination, strict=True)))


def page() -> bytes:
    """Every metric of this process, in Prometheus' text format 0.0.4."""
    return generate_latest(REGISTRY)


def _allowed(name: str, labels: Sequence[str]) -> Sequence[str]:
    refused = sorted(set(labels) - LABELS)
    if refused:
        raise LabelRefused(
            f"the metric {name} may not have the label {', '.join(refused)}: foundation.metrics.LABELS lists those that "
            "cannot carry a caller's data"
        )
    return labels


def _threads() -> float:
    # The kernel's count: libraries (PostgreSQL's, the speech engines') start threads that Python does not know.
    for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("Threads:"):
            return float(line.split()[1])
    raise AssertionError("Linux names the threads of every process")


ProcessCollector(registry=REGISTRY)
Gauge("process_threads", "Threads of this process, as the kernel counts them.", registry=REGISTRY).set_function(
    _threads
)
