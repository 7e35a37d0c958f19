"""`python -m bench [NAME] [--calls N]`: measure, print, write `bench/out/report.json`. Exits 1 when a figure could not be had."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Mapping, Sequence

import structlog
from rich.console import Console

from bench.machine import this_machine
from bench.model import CouldNotMeasure, Figure
from bench.registry import BENCHES, Bench, UnknownBench, chosen
from bench.report import REPORT, as_table, write
from centralino.supervisor import StartFailed
from foundation.process import CannotStart

CALLS = 60
TABLE_WIDTH = 160


async def measure(benches: Mapping[str, Bench], calls: int, console: Console) -> tuple[str, list[Figure], list[str]]:
    """Each bench on what it needs. Returns Asterisk's version, the figures, and what could not be measured."""
    version, figures, complaints = "", [], []
    for name, bench in benches.items():
        console.print(f"{name}: measuring")
        try:
            taken = await bench(calls, console.print)
        except (CouldNotMeasure, CannotStart, StartFailed) as error:
            complaints.append(f"{name}: could not measure: {error}")
            console.print(complaints[-1])
        else:
            version = taken.asterisk or version
            figures += taken.figures
    return version, figures, complaints


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benches asked for; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure beside a peer, in one run.")
    parser.add_argument("name", nargs="?", default="", help=f"one of {', '.join(BENCHES)}; all when left out")
    parser.add_argument("--calls", type=int, default=CALLS, help="calls to each side of a latency figure")
    asked = parser.parse_args(arguments)
    console = Console(highlight=False, markup=False, soft_wrap=True, width=None if sys.stdout.isatty() else TABLE_WIDTH)
    try:
        benches = chosen(asked.name)
    except UnknownBench as error:
        console.print(str(error))
        return 2
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    load_average = os.getloadavg()[0]
    version, figures, complaints = asyncio.run(measure(benches, asked.calls, console))
    machine = this_machine(version, load_average)
    write(REPORT, machine, figures)
    console.print(as_table(figures))
    console.print(
        f"{machine.cpu}, {machine.cores} cores, {machine.memory_gb:g} GB, Linux {machine.kernel}, "
        f"Asterisk {machine.asterisk or 'not used'}, "
        f"Python {machine.python}, load average at the start {machine.load_average:g}\nin brackets: the quartiles. {REPORT}"
    )
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
