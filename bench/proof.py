"""That what was timed is what it was taken for."""

from __future__ import annotations

import numpy as np

from bench.bed import Bed
from bench.caller import MeasuringCall
from bench.model import CouldNotMeasure
from pbx.robot.ear import RATE_HZ, correlation
from pbx.robot.g711 import Samples

PART_S = 0.3
LEFT_OVER_S = 0.2
SURE = 0.9


async def hear(bed: Bed, call: MeasuringCall, prompt: str, since: float) -> float:
    """When the first sound after `since` arrived. Raises `CouldNotMeasure` unless it is the beginning of that prompt."""
    at = await call.sound_after(since)
    _check(prompt, await call.sound_from(at, PART_S), bed.prompt(prompt))
    return at


async def meet(bed: Bed, call: MeasuringCall, prompt: str, since: float) -> None:
    """Come to the beginning of that prompt, at most some packets of another one after `since`. Raises `CouldNotMeasure`."""
    _check(prompt, await call.sound_from(since, PART_S + LEFT_OVER_S), bed.prompt(prompt))


def _check(name: str, sound: Samples, prompt: Samples) -> None:
    beginning = prompt[: int(PART_S * RATE_HZ)].astype(np.float64)
    score = float(correlation(sound.astype(np.float64), beginning).max(initial=0.0))
    if score < SURE:
        raise CouldNotMeasure(f"the sound that came is not the beginning of '{name}' (correlation {score:.2f})")
