"""Processor time during a step: of each process of the platform, of SIPp, and of all others on this machine."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from bench.bed import Bed
from bench.machine import busy_seconds, cpu_seconds

PROCESSES = ("asterisk", "ivr", "postgres", "redis")


@dataclass(frozen=True)
class Used:
    """Processor seconds: `by` process, `others` all else but this bench, in `seconds` of time."""

    by: Mapping[str, float]
    others: float
    seconds: float


class Meter:
    """Runs from its making."""

    def __init__(self, bed: Bed) -> None:
        self._roots = {name: bed.platform.supervisor.running[name].pid for name in PROCESSES}
        self._before = self._now()
        self._started = time.monotonic()

    def _now(self) -> tuple[dict[str, float], float]:
        by = {name: cpu_seconds(pid) for name, pid in self._roots.items()}
        return by, busy_seconds() - time.process_time() - sum(by.values())

    def read(self) -> Used:
        """What was used since."""
        (by_before, others_before), (by, others) = self._before, self._now()
        used = {name: by[name] - by_before[name] for name in by}
        return Used(used, others - others_before, time.monotonic() - self._started)
