"""Many callers at once: SIPp, in the background, bounded in calls and in time."""

from __future__ import annotations

import asyncio
import csv
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from bench.bed import NUMBER, Bed
from bench.model import CouldNotMeasure
from bench.scenario import Does, Wait, answerer, caller
from pbx.robot.g711 import SILENCE

FIRST_SOUND_PORT = 40000
SILENT_SOUND_S = 10
STAY_S = 30
NOTES = "notes.log"
UP_WITHIN_S = 10.0


@dataclass(frozen=True)
class Load:
    """What is asked of SIPp: `calls` calls to `number`, `rate` a second, never more than `at_once` up; it ends within `most_s`."""

    number: str
    steps: Sequence[Does]
    rate: float
    calls: int
    at_once: int
    most_s: float


@dataclass(frozen=True)
class Told:
    """What SIPp says came of it."""

    made: int
    succeeded: int
    failed: int


class Sipp:
    """One SIPp that makes calls."""

    def __init__(self, process: asyncio.subprocess.Process, figures: Path) -> None:
        self._process = process
        self._figures = figures

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @classmethod
    async def start(cls, bed: Bed, load: Load, target: tuple[str, int] | None = None) -> Self:
        """Begin. Raises `CouldNotMeasure` when SIPp is not installed."""
        folder = bed.scratch()
        sound, scenario, callers = folder / "silence.al", folder / "caller.xml", folder / "callers.csv"
        sound.write_bytes(bytes([SILENCE]) * 8000 * SILENT_SOUND_S)
        scenario.write_text(caller(load.steps, str(sound)), encoding="utf-8")
        callers.write_text(
            "SEQUENTIAL\n" + "".join(f"{bed.a_number()};\n" for _ in range(load.calls)), encoding="utf-8"
        )
        host, port = target or bed.pbx
        figures = folder / "figures.csv"
        process = await run_sipp(
            folder, "-sf", str(scenario), "-inf", str(callers), "-s", load.number, "-mp", str(FIRST_SOUND_PORT),
            "-r", f"{load.rate * 10:.0f}", "-rp", "10000", "-m", str(load.calls), "-l", str(load.at_once),
            "-timeout", f"{load.most_s:.0f}s", "-trace_logs", "-log_file", str(folder / NOTES),
            "-trace_stat", "-stf", str(figures), "-fd", "1", f"{host}:{port}",
        )  # fmt: skip
        return cls(process, figures)

    async def finished(self) -> Told:
        """Wait for the last call's end."""
        await self._process.wait()
        return self.told()

    def told(self) -> Told:
        """What it has said so far."""
        try:
            rows = list(csv.DictReader(self._figures.read_text(encoding="utf-8").splitlines(), delimiter=";"))
        except OSError:
            rows = []
        if not rows:
            return Told(0, 0, 0)
        last = rows[-1]
        return Told(int(last["TotalCallCreated"]), int(last["SuccessfulCall(C)"]), int(last["FailedCall(C)"]))

    def notes(self) -> str:
        """What its callers have written so far of their calls, see `bench.scenario.Stay`."""
        try:
            return (self._figures.parent / NOTES).read_text(encoding="ascii")
        except OSError:
            return ""

    def words(self) -> str:
        """The first thing it complained of, "" when there was none."""
        errors = sorted(self._figures.parent.glob("*_errors.log"))
        lines = errors[0].read_text(encoding="utf-8", errors="replace").splitlines() if errors else []
        return next((line.split("\t")[-1].strip()[:200] for line in lines[1:] if line.strip()), "")

    async def stop(self) -> None:
        """End it, whatever it is doing."""
        await _kill(self._process)


async def run_sipp(folder: Path, *arguments: str) -> asyncio.subprocess.Process:
    """Start SIPp on loopback, its words in `folder`. Raises `CouldNotMeasure` when it is not installed."""
    program = shutil.which("sipp")
    if program is None:
        raise CouldNotMeasure("SIPp is not installed: install Debian's package sip-tester")
    with (folder / "sipp.log").open("ab") as words:
        return await asyncio.create_subprocess_exec(
            "setpriv", "--pdeathsig", "TERM", "--", program, "-nostdin", "-i", "127.0.0.1", "-mi", "127.0.0.1", "-trace_err", *arguments,
            stdin=asyncio.subprocess.DEVNULL, stdout=words, stderr=words, cwd=folder, start_new_session=True,
        )  # fmt: skip


@asynccontextmanager
async def others_up(bed: Bed, number: int) -> AsyncIterator[None]:
    """So many other callers listen to the greeting and the menu, each for half a minute, the next in its place."""
    load = Load(NUMBER, [Wait(STAY_S * 1000)], rate=number, calls=1000, at_once=number, most_s=300)
    sipp = await Sipp.start(bed, load)
    try:
        await _until_made(sipp, number)
        yield
        if sipp.told().failed:
            raise CouldNotMeasure("the other calls did not stay up")
    finally:
        await sipp.stop()


async def _until_made(sipp: Sipp, number: int) -> None:
    try:
        async with asyncio.timeout(UP_WITHIN_S):
            while sipp.told().made < number:  # noqa: ASYNC110 (what is waited for is another process)
                await asyncio.sleep(0.2)
    except TimeoutError:
        raise CouldNotMeasure(
            f"{number} other calls did not come up within {UP_WITHIN_S:g} s: {sipp.words()}"
        ) from None


@asynccontextmanager
async def answering(bed: Bed) -> AsyncIterator[tuple[str, int]]:
    """Another SIPp that answers calls and does nothing else; yields its address."""
    folder = bed.scratch()
    scenario = folder / "answerer.xml"
    scenario.write_text(answerer(), encoding="utf-8")
    host, port = "127.0.0.1", bed.platform.ports.first + 5
    process = await run_sipp(folder, "-sf", str(scenario), "-p", str(port), "-mp", str(FIRST_SOUND_PORT - 100))
    try:
        yield host, port
    finally:
        await _kill(process)


async def _kill(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()
    await process.wait()
