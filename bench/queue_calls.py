"""Whole calls through the real number: greeting, menu, key 1, the line, an operator, the end; held against the ledger call by call."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from bench.bed import Bed
from bench.dispatch import Caller, read_notes, ring_after_key_ms
from bench.load import Load, Sipp
from bench.machine import cpu_seconds
from bench.model import CouldNotMeasure, Figure, Quantity
from bench.queue_side import OPERATORS, Side, ours
from bench.rules import next_rate, percentile, quartiles
from bench.scenario import Does, Press, Stay, Wait
from bench.sustained import LOAD_NUMBER
from foundation.clock import SystemClock
from foundation.database import Database, DatabaseSettings
from ledger.model import Outcome, StepKind
from ledger.store import CallRow, StepRow

TALK_S = 0.5, 1.5
HOLD_S, STAY_MS, SETTLE_S = 40.0, 60_000, 60.0
FIRST_RATE, FACTOR, LEAST, MOST = 10.0, 1.3, 1.0, 17.0  # twenty operators who talk for a second take no more
RING_LIMIT_MS = 2000.0
PROMISED_AN_HOUR = 100
WHOLE_CALL: Sequence[Does] = [Wait(2000), Press("1"), Stay(STAY_MS)]
"""Key 1 cuts the greeting; the operator hangs up."""


@dataclass(frozen=True)
class Page:
    """What the ledger says of one call."""

    outcome: Outcome | None
    was_put_through: bool


@dataclass(frozen=True)
class Step:
    """What one rate came to; `lost` are callers whose phone or ledger does not say that they spoke to an operator.

    `ring_ms` is from a caller's key to the ring at an operator's phone.
    """

    rate: float
    calls: int
    lost: Mapping[str, str]
    ring_ms: Sequence[float]

    @property
    def why_not(self) -> str | None:
        """Why this rate was not held; None when it was."""
        if self.lost:
            return f"{len(self.lost)} of {self.calls} calls were lost, the first one {next(iter(self.lost.values()))}"
        if (late := percentile(self.ring_ms, 95)) > RING_LIMIT_MS:
            return f"an operator's phone rang {late:.0f} ms after the key (95th percentile)"
        return None


async def queue_calls(bed: Bed) -> list[Figure]:
    """The highest rate at which no call is lost, and how soon a key brings a ring at `FIRST_RATE`. Raises `CouldNotMeasure`."""
    steps: list[Step] = []
    async with ours(bed) as side:
        await side.on_duty(len(OPERATORS))
        while rate := next_rate({step.rate: step.why_not is None for step in steps}, FIRST_RATE, FACTOR, LEAST, MOST):
            steps.append(await _hold(bed, side, rate))
    held = [step for step in steps if step.why_not is None]
    if not held:
        raise CouldNotMeasure(f"not even {min(step.rate for step in steps):g} calls/s are held: {steps[-1].why_not}")
    best = max(held, key=lambda step: step.rate)
    bed.say(f"{best.rate:g} calls/s are {best.rate * 3600 / PROMISED_AN_HOUR:.0f} times what the charter promises")
    sustained = Quantity("queue.sustained", "calls/s", less_is_better=False, peer_name=None)
    median, p95 = (
        Quantity(f"queue.key_to_ring.{what}", "ms", less_is_better=True, peer_name=None) for what in ("median", "p95")
    )
    asked = min(held, key=lambda step: abs(step.rate - FIRST_RATE))
    low, middle, high = quartiles(asked.ring_ms)
    return [
        Figure(sustained, best.rate, None, best.calls),
        Figure(median, middle, None, len(asked.ring_ms), (low, high)),
        Figure(p95, percentile(asked.ring_ms, 95), None, len(asked.ring_ms)),
    ]


async def _hold(bed: Bed, side: Side, rate: float) -> Step:
    calls, begun = round(rate * HOLD_S), SystemClock().now()
    side.team.begin(*TALK_S)
    roots = {**side.roots, "ivr": bed.platform.supervisor.running["ivr"].pid}
    before = {name: cpu_seconds(pid) for name, pid in roots.items()}
    sipp = await Sipp.start(bed, Load(LOAD_NUMBER, WHOLE_CALL, rate, calls, calls, HOLD_S + STAY_MS / 1000 + 20))
    try:
        told = await sipp.finished()
    finally:
        await sipp.stop()
    used = {name: (cpu_seconds(pid) - before[name]) * 1000 / calls for name, pid in roots.items()}
    if told.made < calls:
        raise CouldNotMeasure(f"SIPp made {told.made} of {calls} calls: {sipp.words()}")
    ended, callers = time.monotonic(), read_notes(sipp.notes())
    pages = await _settled(bed, begun, calls)
    behind_s = time.monotonic() - ended
    rings = ring_after_key_ms(callers, side.team.offers().values())
    if not rings:
        raise CouldNotMeasure(f"no operator's phone rang at {rate:g} calls/s")
    step = Step(rate, calls, lost_calls(callers, pages, calls), rings)
    each = ", ".join(f"{name} {ms:.1f}" for name, ms in used.items())
    bed.say(
        f"{rate:g} calls/s through greeting, menu, line and operator: {step.why_not or 'held'}; {calls} calls, key to ring"
        f" {percentile(rings, 50):.1f} ms (median), {percentile(rings, 95):.1f} (95th percentile);"
        f" ledger complete {behind_s:.0f} s after the last call; processor ms a call: {each}"
    )
    return step


def lost_calls(callers: Mapping[str, Caller], pages: Mapping[str, Page], calls: int) -> dict[str, str]:
    """The callers that phone and ledger do not both say were served, each with why; one without a name for each that is in neither."""
    lost = {f"nobody {n}": "has no end in SIPp's log" for n in range(calls - len(callers))}
    for number, caller in callers.items():
        page = pages.get(number)
        if not caller.served:
            lost[number] = "hung up after a minute"
        elif page is None:
            lost[number] = "is not in the ledger"
        elif page.outcome is not Outcome.ANSWERED or not page.was_put_through:
            lost[number] = f"ended in the ledger as {page.outcome.value if page.outcome else 'still up after a minute'}"
    return lost


async def _settled(bed: Bed, since: datetime, calls: int) -> dict[str, Page]:
    """The ledger's pages by caller, once all have ended, or as they are after `SETTLE_S`."""
    database = Database(DatabaseSettings(url=bed.platform.database_url, pool_size=1))
    try:
        for _ in range(int(SETTLE_S)):
            pages = await _pages(database, since)
            if sum(page.outcome is not None for page in pages.values()) >= calls:
                break
            await asyncio.sleep(1.0)
        return pages
    finally:
        await database.close()


async def _pages(database: Database, since: datetime) -> dict[str, Page]:
    bridged = (StepRow.call_id == CallRow.call_id) & (StepRow.kind == StepKind.BRIDGED)
    query = select(CallRow.caller, CallRow.outcome, StepRow.call_id).outerjoin(StepRow, bridged)
    async with database.session() as session:
        found = await session.execute(query.where(CallRow.dialled == LOAD_NUMBER, CallRow.started_at >= since))
        rows = [(str(caller), Page(outcome, call_id is not None)) for caller, outcome, call_id in found]
    pages = dict(rows)
    if len(pages) < len(rows):
        raise CouldNotMeasure(f"the ledger has {len(rows) - len(pages)} calls, or talks, more than callers")
    return pages
