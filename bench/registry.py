"""The benches by name. To add one: a module with an async function to figures, and its line here: `on_a_platform` where it makes calls."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from bench.bed import Bed, a_bed
from bench.greeting import greeting
from bench.model import Figure
from bench.practice import practice
from bench.queue_calls import queue_calls
from bench.queue_side import LINE, OPERATORS
from bench.queueing import queueing
from bench.status import status
from bench.sustained import sustained
from pbx.ari.probe import probe
from queue_manager.settings import QueueSettings

Say = Callable[[str], None]


@dataclass(frozen=True)
class Taken:
    """What a bench yields, and the version of the Asterisk that it ran on, "" where none was needed."""

    figures: list[Figure]
    asterisk: str = ""


# From how many samples to take of each side, and whom to tell of the progress.
Bench = Callable[[int, Say], Awaitable[Taken]]


def on_a_platform(
    measure: Callable[[Bed], Awaitable[list[Figure]]],
    operators: Sequence[str] = (),
    queue: QueueSettings = QueueSettings(),  # noqa: B008 (frozen)
) -> Bench:
    """A bench on a whole platform of its own."""

    async def bench(calls: int, say: Say) -> Taken:
        async with a_bed(calls, say, operators=operators, queue=queue) as bed:
            version = (await probe(bed.platform.pbx_settings())).version
            return Taken(await measure(bed), version)

    return bench


async def _practice(_calls: int, say: Say) -> Taken:
    return Taken(await practice(say))


BENCHES: Mapping[str, Bench] = {
    "greeting": on_a_platform(greeting),
    "status": on_a_platform(status),
    "calls": on_a_platform(sustained),
    "practice": _practice,
    "queue": on_a_platform(queueing, OPERATORS, LINE),
    "queue-calls": on_a_platform(queue_calls, OPERATORS, QueueSettings(wrap_up_s=0)),
}


class UnknownBench(Exception):
    """There is no bench of this name: the text names those that there are."""


def chosen(name: str) -> Mapping[str, Bench]:
    """The bench of this name, or all of them for "". Raises `UnknownBench`."""
    if not name:
        return BENCHES
    if name not in BENCHES:
        raise UnknownBench(f"no bench is called '{name}': there are {', '.join(sorted(BENCHES))}")
    return {name: BENCHES[name]}
