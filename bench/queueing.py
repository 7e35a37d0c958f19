"""The queue beside app_queue: how soon a free operator's phone rings again, and what a caller who waits costs.

Callers are SIPp's and send no sound. Neither side greets them or tells them their place; both play the same music.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.bed import Bed
from bench.dispatch import dispatch, most_at_once, read_notes, rung_twice
from bench.load import Load, Sipp
from bench.machine import busy_seconds, cpu_seconds
from bench.model import CouldNotMeasure, Figure, Quantity
from bench.queue_side import Side, app_queue, ours
from bench.rules import percentile, quartiles
from bench.scenario import Stay

PEER = "app_queue"
REPETITIONS = 3


@dataclass(frozen=True)
class Rush:
    """So many operators with so many callers, who come so many a second; each talks between `talk_s`, drawn evenly."""

    name: str
    operators: int
    callers: int
    rate: float
    talk_s: tuple[float, float]


ONE = Rush("queue.dispatch_one", 1, 20, 100.0, (1.0, 1.0))
ALL = Rush("queue.dispatch", 20, 200, 100.0, (1.0, 1.0))
# app_queue looks once a second: talks of just a second end when it does, which flatters it.
VARIED = Rush("queue.dispatch_varied", 20, 200, 100.0, (0.5, 1.5))
STAY_MS = 50_000

WAITING, WAITING_RATE, WAITING_SETTLE_S, WAITING_MEASURED_S, WAITING_MS = 300, 30.0, 3.0, 15.0, 30_000
CROWD, CROWD_RATE, CROWD_MS = 500, 25.0, 30_000
LONG_TALK_S = 3600.0


@dataclass
class Taken:
    """What one side came to, over all repetitions."""

    gaps_ms: dict[str, list[float]] = field(default_factory=dict)
    cpu_ms: list[float] = field(default_factory=list)
    crowd: list[float] = field(default_factory=list)


async def queueing(bed: Bed) -> list[Figure]:
    """Each side in turns, `REPETITIONS` times. Raises `CouldNotMeasure`."""
    async with ours(bed) as mine, app_queue(bed) as peer:
        taken = {side.name: Taken() for side in (mine, peer)}
        for _ in range(REPETITIONS):
            for rush in (ONE, ALL, VARIED):
                for side in (mine, peer):
                    await _rush(bed, side, rush, taken[side.name])
            for side in (mine, peer):
                await _wait(bed, side, taken[side.name])
        for side in (mine, peer):
            await _crowd(bed, side, taken[side.name])
    return _figures(taken[mine.name], taken[peer.name])


async def _rush(bed: Bed, side: Side, rush: Rush, taken: Taken) -> None:
    await side.on_duty(rush.operators)
    side.team.begin(*rush.talk_s)
    load = Load(side.number(rush.operators), [Stay(STAY_MS)], rush.rate, rush.callers, rush.callers, 70)
    begun, busy_before = time.monotonic(), busy_seconds()
    sipp = await Sipp.start(bed, load, side.pbx)
    try:
        await sipp.finished()
    finally:
        await sipp.stop()
    busy = (busy_seconds() - busy_before) / (time.monotonic() - begun)
    gaps = _gaps(side, rush, sipp)
    taken.gaps_ms.setdefault(rush.name, []).extend(gaps)
    bed.say(
        f"{rush.name}, {side.name}: rung again after {percentile(gaps, 50):.1f} ms (median), {percentile(gaps, 99):.1f} (99th percentile)"
        f" of {len(gaps)}; {rung_twice(side.team.offers())} rings in a call; {busy:.2f} cores of this machine were busy"
    )


def _gaps(side: Side, rush: Rush, sipp: Sipp) -> Sequence[float]:
    """Raises `CouldNotMeasure` where a caller or an operator was forgotten."""
    callers, offers = read_notes(sipp.notes()), side.team.offers()
    served = sum(len(calls) for calls in offers.values())
    if sipp.told().succeeded < rush.callers or len(callers) < rush.callers or served != rush.callers:
        raise CouldNotMeasure(
            f"{side.name}: of {rush.callers} callers {len(callers)} came to an end, and {served} rang at operators: {sipp.words()}"
        )
    found = dispatch(offers, callers.values(), rush.operators)
    if not found.gaps_ms or found.never:
        raise CouldNotMeasure(f"{side.name}: {found.never} operators were not rung again, {len(found.gaps_ms)} were")
    return found.gaps_ms


async def _wait(bed: Bed, side: Side, taken: Taken) -> None:
    """Processor time while `WAITING` callers hear music and the only operator talks."""
    await side.on_duty(1)
    side.team.begin(LONG_TALK_S, LONG_TALK_S)
    sipp = await _held(bed, side, WAITING + 1, WAITING_RATE, WAITING_MS)
    try:
        await asyncio.sleep((WAITING + 1) / WAITING_RATE + WAITING_SETTLE_S)
        before = {name: cpu_seconds(pid) for name, pid in side.roots.items()}
        sipp_before = cpu_seconds(sipp.pid)
        await asyncio.sleep(WAITING_MEASURED_S)
        used = {name: (cpu_seconds(pid) - before[name]) / WAITING_MEASURED_S for name, pid in side.roots.items()}
        sipp_share = (cpu_seconds(sipp.pid) - sipp_before) / WAITING_MEASURED_S
        most = await _came_through(side, sipp, WAITING + 1)
    finally:
        await sipp.stop()
    taken.cpu_ms.append(sum(used.values()) * 1000 / WAITING)
    each = ", ".join(f"{name} {share:.1%}" for name, share in used.items())
    bed.say(f"{side.name}, {most - 1} callers waiting: {each} of a core; SIPp {sipp_share:.1%}")


async def _crowd(bed: Bed, side: Side, taken: Taken) -> None:
    await side.on_duty(1)
    side.team.begin(LONG_TALK_S, LONG_TALK_S)
    sipp = await _held(bed, side, CROWD + 1, CROWD_RATE, CROWD_MS)
    try:
        most = await _came_through(side, sipp, CROWD + 1)
    finally:
        await sipp.stop()
    taken.crowd.append(most - 1)
    bed.say(f"{side.name}: {most - 1} callers waited at once")


async def _held(bed: Bed, side: Side, calls: int, rate: float, most_ms: int) -> Sipp:
    load = Load(side.number(1), [Stay(most_ms)], rate, calls, calls, most_ms / 1000 + calls / rate + 20)
    return await Sipp.start(bed, load, side.pbx)


async def _came_through(side: Side, sipp: Sipp, calls: int) -> int:
    """How many were up at once, once all have hung up. Raises `CouldNotMeasure` when one was lost, or rang twice."""
    told = await sipp.finished()
    callers = read_notes(sipp.notes()).values()
    if told.succeeded < calls or len(callers) < calls:
        raise CouldNotMeasure(f"{side.name}: {told.succeeded} of {calls} callers stayed: {sipp.words()}")
    rung = sum(len(offers) for offers in side.team.offers().values())
    if rung < 1:
        raise CouldNotMeasure(f"{side.name}: the operator was not rung")
    return most_at_once(callers)


def _figures(mine: Taken, peer: Taken) -> list[Figure]:
    figures = []
    for rush in (ALL, VARIED, ONE):
        figures += _of(rush.name, mine.gaps_ms[rush.name], peer.gaps_ms[rush.name])
    cpu = Quantity("queue.cpu_per_waiting_caller", "ms/s", less_is_better=True, peer_name=PEER)
    crowd = Quantity("queue.waiting_at_once", "callers", less_is_better=False, peer_name=PEER)
    return [*figures, _spread(cpu, mine.cpu_ms, peer.cpu_ms), _spread(crowd, mine.crowd, peer.crowd)]


def _of(name: str, mine: Sequence[float], peer: Sequence[float]) -> list[Figure]:
    median, p99 = (Quantity(f"{name}.{what}", "ms", less_is_better=True, peer_name=PEER) for what in ("median", "p99"))
    return [_spread(median, mine, peer), Figure(p99, percentile(mine, 99), percentile(peer, 99), len(mine))]


def _spread(quantity: Quantity, mine: Sequence[float], peer: Sequence[float]) -> Figure:
    (low, mid, high), (peer_low, peer_mid, peer_high) = quartiles(mine), quartiles(peer)
    return Figure(quantity, mid, peer_mid, len(mine), (low, high), (peer_low, peer_high))
