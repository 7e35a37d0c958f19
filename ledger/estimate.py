"""How long a caller in line will wait. Pure: the queue calls it while they wait, and reports call it afterwards."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

LEAST_SAMPLES = 10
MARGIN = 0.25


@dataclass(frozen=True)
class EstimatedWait:
    """Seconds until a caller talks, and the range of whole minutes that is told of it."""

    seconds: float

    @property
    def minutes(self) -> tuple[int, int]:
        """From and to, a quarter to each side at least; the second is 1 or more, since "0 to 0 minutes" says nothing."""
        low, high = self.seconds * (1 - MARGIN) / 60, self.seconds * (1 + MARGIN) / 60
        return math.floor(low), max(1, math.ceil(high))


def estimated_wait(handled_s: Collection[float], active: int, place: int) -> EstimatedWait | None:
    """Mean handling time of the last hour / active operators * place in line; None where the data are poor.

    `handled_s` are the handling times (talk, hold and wrap-up) of the calls whose handling ended within the last hour,
    `active` the operators who are on duty and not paused, `place` the position from 1. Poor are fewer than 10 samples,
    or nobody active. (`domain.md`, "estimated wait".)
    """
    if len(handled_s) < LEAST_SAMPLES or active < 1:
        return None
    return EstimatedWait(sum(handled_s) / len(handled_s) / active * place)
