"""How much of everything each process holds: memory, open descriptors, threads; and the PBX's channels and bridges."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from centralino.platform import Platform
from tests.chaos.faults import tree_of


@dataclass(frozen=True)
class Level:
    """Of one service with all its children: proportional memory in MB, open descriptors, threads."""

    memory_mb: float
    descriptors: int
    threads: int


def levels(platform: Platform) -> dict[str, Level]:
    """Every service's level now."""
    return {name: _level(running.pid) for name, running in platform.supervisor.running.items() if name != "robot"}


def _level(pid: int) -> Level:
    memory_kb = descriptors = threads = 0
    for one in tree_of(pid):
        folder = Path(f"/proc/{one}")
        with suppress(OSError):  # gone meanwhile
            memory_kb += _number(folder / "smaps_rollup", "Pss:")
            threads += _number(folder / "status", "Threads:")
            descriptors += len(os.listdir(folder / "fd"))
    return Level(round(memory_kb / 1024, 1), descriptors, threads)


def _number(file: Path, name: str) -> int:
    found = [line.split()[1] for line in file.read_text(encoding="utf-8").splitlines() if line.startswith(name)]
    return int(found[0])


def above(
    before: Mapping[str, Level], after: Mapping[str, Level], memory_mb: Mapping[str, float], more_mb: float
) -> Iterable[str]:
    """What grew beyond tolerance, in sentences. `more_mb` is for services that `memory_mb` does not name."""
    for name, was in before.items():
        now, may_grow = after[name], memory_mb.get(name, more_mb)
        if now.memory_mb > was.memory_mb + may_grow:
            yield f"{name} holds {now.memory_mb} MB, it held {was.memory_mb} MB (may grow by {may_grow:g})"
        if now.descriptors > was.descriptors + SPARE[name].descriptors:
            yield f"{name} has {now.descriptors} descriptors open, it had {was.descriptors}"
        if now.threads > was.threads + SPARE[name].threads:
            yield f"{name} has {now.threads} threads, it had {was.threads}"


@dataclass(frozen=True)
class Spare:
    """What a service may hold more than at the start without leaking."""

    descriptors: int
    threads: int


# Pools fill up to their limits under load and stay: ten database connections for a process of ours, each a server process of
# PostgreSQL with some forty files; asyncio's own pool of helper threads (CPU count + 4); Asterisk's pools of workers.
SPARE: Mapping[str, Spare] = {
    "redis": Spare(10, 0),
    "postgres": Spare(1600, 40),
    "asterisk": Spare(30, 40),
    "ivr": Spare(30, 6),
    "voicemail": Spare(40, 12),
    "queue": Spare(20, 6),
    "guard": Spare(20, 6),
    "channels": Spare(20, 6),
    "clock": Spare(20, 6),
}
