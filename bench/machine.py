"""What this machine is, and what its processes used."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path

from bench.model import Machine

PROC = Path("/proc")


def this_machine(asterisk: str, load_average: float) -> Machine:
    """Described from /proc."""
    cpu = _value_of(PROC / "cpuinfo", "model name") or platform.machine()
    memory_kib = int((_value_of(PROC / "meminfo", "MemTotal") or "0 kB").split()[0])
    return Machine(
        cpu, len(os.sched_getaffinity(0)), round(memory_kib * 1024 / 1e9, 1), platform.release(), asterisk,
        platform.python_version(), round(load_average, 2),
    )  # fmt: skip


def _value_of(path: Path, name: str) -> str | None:
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith(name):
            return line.partition(":")[2].strip()
    return None


@dataclass(frozen=True)
class _Process:
    pid: int
    parent: int
    cpu_s: float


def cpu_seconds(root: int) -> float:
    """Processor seconds used by a process, all that live below it, and those of them that have ended; 0 when it is gone."""
    every = {process.pid: process for process in _processes()}
    total, waiting = 0.0, [root]
    while waiting:
        pid = waiting.pop()
        if pid in every:
            total += every[pid].cpu_s
            waiting += [process.pid for process in every.values() if process.parent == pid]
    return total


def busy_seconds() -> float:
    """Processor seconds that all of this machine has been busy since it started."""
    fields = (PROC / "stat").read_text(encoding="utf-8").split("\n", 1)[0].split()
    user, nice, system, _idle, _wait, irq, soft_irq = (int(field) for field in fields[1:8])
    return (user + nice + system + irq + soft_irq) / os.sysconf("SC_CLK_TCK")


def _processes() -> list[_Process]:
    found = []
    for path in PROC.glob("[0-9]*/stat"):
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue  # it ended while we looked
        # The name stands in brackets and may hold blanks: the fields are counted from behind it.
        fields = text.rpartition(")")[2].split()
        ticks = sum(int(fields[n]) for n in (11, 12, 13, 14))  # its own and its ended children's, user and system
        found.append(_Process(int(path.parent.name), int(fields[1]), ticks / os.sysconf("SC_CLK_TCK")))
    return found
