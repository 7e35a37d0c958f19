"""Processes as the kernel shows them: for what cannot answer for itself."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

PROC = Path("/proc")
STATES = {"T": "stopped by a signal", "D": "waiting for the disk", "Z": "dead and not collected", "R": "running", "S": "idle"}  # fmt: skip


def holder_of(lock: Path) -> int | None:
    """The process that holds the flock on a file; None when nobody does."""
    try:
        wanted = lock.stat()
    except OSError:
        return None
    place = f"{os.major(wanted.st_dev):02x}:{os.minor(wanted.st_dev):02x}:{wanted.st_ino}"
    for line in (PROC / "locks").read_text(encoding="ascii").splitlines():
        words = line.split()
        if words[1] == "FLOCK" and words[5] == place:
            return int(words[4])
    return None


def process_of(module: str, monitor_address: str) -> int | None:
    """The process that was started as `python -m MODULE` to be monitored at this address, in our own network."""
    network = (PROC / "self" / "ns" / "net").readlink()
    mark = f"CENTRALINO_MONITOR__ADDRESS={monitor_address}".encode()
    for entry in PROC.iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
            if words[1:3] != [b"-m", module.encode()] or (entry / "ns" / "net").readlink() != network:
                continue
            if mark in (entry / "environ").read_bytes().split(b"\0"):
                return int(entry.name)
        except OSError:  # gone meanwhile, or another account's
            continue
    return None


def standing_of(pid: int) -> str:
    """What the kernel says the process does."""
    stat = _stat(pid)
    return STATES.get(stat[0], f"in state {stat[0]}") if stat else "gone meanwhile"


def started_at(pid: int) -> datetime | None:
    """When the process was started; None when it is gone."""
    stat = _stat(pid)
    if not stat:
        return None
    [booted] = [line.split()[1] for line in (PROC / "stat").read_text(encoding="ascii").splitlines() if "btime" in line]
    return datetime.fromtimestamp(int(booted) + int(stat[19]) / os.sysconf("SC_CLK_TCK"), UTC)


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the program's name (proc(5)), the state first."""
    try:
        return (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return []
