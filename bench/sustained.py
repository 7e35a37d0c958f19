"""Calls a second through greeting, menu, status and end, sustained, beside a dialplan alone with the same sounds and keys."""

from __future__ import annotations

from dataclasses import dataclass, field

from bench.bed import NUMBER, PEER_SCRIPT, Bed
from bench.load import Load, Sipp, answering
from bench.meter import PROCESSES
from bench.model import CouldNotMeasure, Figure, Quantity
from bench.rules import next_rate
from bench.step import Script, Step, run_step, whole_call

PEER = "dialplan-only script"
LOAD_NUMBER = "800840841"  # the probes' calls have the other one, so that the ledger tells them apart
FIRST_RATE, FACTOR, LEAST, MOST = 10.0, 1.6, 1.0, 90.0
PROOF_TIMES, PROOF_S = 1.5, 10.0


@dataclass
class Climb:
    """One side on its way to the highest rate it holds."""

    script: Script
    steps: list[Step] = field(default_factory=list)

    def next_rate(self) -> float | None:
        """The rate to try next; None when done."""
        tried = {step.rate: step.why_not is None for step in self.steps}
        return next_rate(tried, FIRST_RATE, FACTOR, LEAST, MOST)

    def best(self) -> Step:
        """The step at the highest rate that was held. Raises `CouldNotMeasure` when none was."""
        held = [step for step in self.steps if step.why_not is None]
        if not held:
            lowest = min(self.steps, key=lambda step: step.rate)
            raise CouldNotMeasure(f"{self.script.name} does not hold {lowest.rate:g} calls/s: {lowest.why_not}")
        return max(held, key=lambda step: step.rate)


async def sustained(bed: Bed) -> list[Figure]:
    """The highest rate that each held, in turns, and the processor time of a call there."""
    code = (await bed.a_practice()).code
    ours = Climb(Script("ours", LOAD_NUMBER, NUMBER, in_ledger=True))
    peer = Climb(Script("peer", PEER_SCRIPT, PEER_SCRIPT, in_ledger=False))
    climbing = [ours, peer]
    while climbing:
        for climb in tuple(climbing):
            rate = climb.next_rate()
            if rate is None:
                climbing.remove(climb)
                continue
            climb.steps.append(await run_step(bed, climb.script, rate, code))
            bed.say(_told(climb.script, climb.steps[-1]))
    held = Quantity("calls.sustained", "calls/s", less_is_better=False, peer_name=PEER)
    figure = Figure(held, ours.best().rate, peer.best().rate, sum(step.told.made for step in ours.steps))
    await _show_sipp(bed, max(figure.ours, figure.peer or 0.0) * PROOF_TIMES, code)
    return [figure, _used(ours, peer)]


def _used(ours: Climb, peer: Climb) -> Figure:
    """Processor time of a call, each at the highest rate it held."""
    mine, theirs = ours.best(), peer.best()
    used = Quantity("calls.cpu_per_call", "ms", less_is_better=True, peer_name=PEER)
    return Figure(used, sum(mine.cpu_ms.values()), sum(theirs.cpu_ms.values()), mine.told.made)


def _told(script: Script, step: Step) -> str:
    used = ", ".join(f"{name} {step.cpu_ms[name]:.1f}" for name in PROCESSES)
    return (
        f"{script.name} at {step.rate:g} calls/s: {step.why_not or 'held'}; first sound {step.first_audio_ms:.1f} ms (95th percentile"
        f" of {step.probes}); processor ms a call: {used}; SIPp {step.sipp_share:.0%} of a core,"
        f" others on this machine {step.others_share:.0%}"
    )


async def _show_sipp(bed: Bed, rate: float, code: str) -> None:
    """SIPp against a bare answerer at a multiple of the highest rate: it must not be what gave way. Raises `CouldNotMeasure`."""
    calls = round(rate * PROOF_S)
    async with answering(bed) as target:
        sipp = await Sipp.start(bed, Load(LOAD_NUMBER, whole_call(code), rate, calls, calls, 60), target)
        told = await sipp.finished()
    if told.succeeded < calls:
        raise CouldNotMeasure(f"SIPp itself fails at {rate:g} calls/s: {told.failed} of {calls} ({sipp.words()})")
    bed.say(f"SIPp against a bare answerer: {calls} calls at {rate:g} calls/s, none failed: it is not what gives way")
