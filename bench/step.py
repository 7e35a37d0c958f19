"""One step of the load: so many calls a second, held for a while, and what came of them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from bench.bed import Bed
from bench.caller import calling
from bench.load import Load, Sipp, Told
from bench.machine import cpu_seconds
from bench.meter import Meter
from bench.model import CouldNotMeasure
from bench.proof import hear
from bench.rules import percentile
from bench.scenario import Press, Wait
from foundation.clock import SystemClock
from foundation.database import Database, DatabaseSettings
from ledger.model import Outcome
from ledger.store import CallRow

HOLD_S = 20.0
PROBE_EVERY_S = 1.0
SETTLE_S = 5.0  # for the last writes of a call that has ended
FIRST_AUDIO_LIMIT_MS = 300.0


@dataclass(frozen=True)
class Script:
    """One side of the comparison: the number that the load dials, the one that the probes dial, whether the ledger has its calls."""

    name: str
    number: str
    probed: str
    in_ledger: bool


@dataclass(frozen=True)
class Step:
    """What one rate came to. `first_audio_ms` is the probes' 95th percentile; processor times are milliseconds a call.

    Shares are of one core; what others use on this machine is taken from what is measured.
    """

    rate: float
    told: Told
    probes: int
    lost_probes: int
    first_audio_ms: float
    unended: int
    cpu_ms: Mapping[str, float]
    sipp_share: float
    others_share: float
    complaint: str = ""

    @property
    def why_not(self) -> str | None:
        """Why this rate was not sustained; None when it was."""
        if self.told.failed or self.lost_probes:
            return f"{self.told.failed} calls and {self.lost_probes} probes failed ({self.complaint or 'SIPp says no more'})"
        if self.unended:
            return f"{self.unended} calls have not come to their end in the ledger"
        if self.first_audio_ms > FIRST_AUDIO_LIMIT_MS:
            return f"first sound after {self.first_audio_ms:.0f} ms (95th percentile)"
        return None


def whole_call(code: str) -> list[Wait | Press]:
    """Greeting, key 2, the code, the beginning of the answer, BYE: seven seconds of a caller who knows the way.

    No prompt is shortened: the keys cut them.
    """
    return [Wait(2000), Press("2"), Wait(1200), Press(f"{code}#"), Wait(1700)]


async def run_step(bed: Bed, script: Script, rate: float, code: str) -> Step:
    """Hold `rate` for `HOLD_S` seconds and wait for the last call's end. Raises `CouldNotMeasure` when SIPp itself went wrong."""
    calls, begun = round(rate * HOLD_S), SystemClock().now()
    meter = Meter(bed)
    sipp = await Sipp.start(bed, Load(script.number, whole_call(code), rate, calls, at_once=calls, most_s=HOLD_S + 60))
    probing = asyncio.create_task(_probe(bed, script.probed))
    watching = asyncio.create_task(_share(sipp.pid, HOLD_S))
    try:
        told = await sipp.finished()
        samples, lost = await probing
        share = await watching
    finally:
        probing.cancel()
        await sipp.stop()
    used = meter.read()
    if told.made < calls:
        raise CouldNotMeasure(f"SIPp made {told.made} of {calls} calls: {sipp.words()}")
    unended = await _unended(bed, script.number, begun, told.succeeded) if script.in_ledger else 0
    return Step(
        rate, told, len(samples), lost,
        first_audio_ms=percentile(samples, 95) if samples else float("inf"),
        unended=unended,
        cpu_ms={name: seconds * 1000 / (calls + len(samples)) for name, seconds in used.by.items()},
        sipp_share=share,
        others_share=max(0.0, used.others / used.seconds - share),
        complaint=sipp.words(),
    )  # fmt: skip


async def _probe(bed: Bed, number: str) -> tuple[list[float], int]:
    """Milliseconds to the first sound of a call every second, and how many calls heard none."""
    samples: list[float] = []
    lost = 0
    for _ in range(int(HOLD_S / PROBE_EVERY_S)):
        try:
            async with calling(number, bed.a_number(), bed.pbx) as call:
                samples.append((await hear(bed, call, "welcome", call.answered_at) - call.answered_at) * 1000)
        except CouldNotMeasure:
            lost += 1
        await asyncio.sleep(PROBE_EVERY_S)
    return samples, lost


async def _share(pid: int, seconds: float) -> float:
    """Share of one core that a process uses, from now on."""
    before = cpu_seconds(pid)
    await asyncio.sleep(seconds)
    return (cpu_seconds(pid) - before) / seconds


async def _unended(bed: Bed, number: str, since: datetime, expected: int) -> int:
    """How many of the calls to a number since then are not in the ledger with the status heard, once it has settled."""
    database = Database(DatabaseSettings(url=bed.platform.database_url, pool_size=1))
    ended = select(func.count()).where(
        CallRow.dialled == number, CallRow.started_at >= since, CallRow.outcome == Outcome.STATUS_HEARD
    )
    try:
        for _ in range(int(SETTLE_S / 0.5)):
            async with database.session() as session:
                found = int((await session.execute(ended)).scalar_one())
            if found >= expected:
                return 0
            await asyncio.sleep(0.5)
        return expected - found
    finally:
        await database.close()
