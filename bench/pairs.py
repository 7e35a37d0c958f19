"""Ours and the peer in turns, A B A B, so that whatever else the machine does meets both alike."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping

from bench.model import CouldNotMeasure

# Measures one call to a number: what was measured -> milliseconds.
Measure = Callable[[str], Awaitable[Mapping[str, float]]]
Samples = dict[str, list[float]]
WARM_UP = 2


async def in_turns(measure: Measure, ours: str, peer: str, pairs: int, lanes: int = 1) -> tuple[Samples, Samples]:
    """The samples of `pairs` calls to each of the two numbers, `lanes` at a time; the first calls of each lane do not count.

    Raises `CouldNotMeasure` for the first call that could not be measured: a list without it would flatter.
    """
    sides: dict[str, Samples] = {ours: defaultdict(list), peer: defaultdict(list)}
    left = iter(range(pairs))

    async def lane() -> None:
        for _ in range(WARM_UP):
            for number in sides:
                await measure(number)
        for _ in left:
            for number, samples in sides.items():
                for name, value in (await measure(number)).items():
                    samples[name].append(value)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(lanes):
                group.create_task(lane())
    except* CouldNotMeasure as several:
        raise several.exceptions[0] from None
    return sides[ours], sides[peer]
