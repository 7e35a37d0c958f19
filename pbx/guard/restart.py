"""Ends a hung Asterisk. Starting it again is for whoever keeps it up: the supervisor, or a container's restart policy."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

PROC = Path("/proc")


def find_asterisk(conf: Path) -> int | None:
    """The process id, as seen from here, of the Asterisk that was started with `-C conf`; its command line (`-rx`) is not it."""
    for entry in PROC.iterdir():
        if entry.name.isdigit() and _is_asterisk(entry, os.fsencode(conf)):
            return int(entry.name)
    return None


def _is_asterisk(entry: Path, conf: bytes) -> bool:
    try:
        words = (entry / "cmdline").read_bytes().split(b"\0")
    except OSError:  # it has just ended, or is nobody's we may look at
        return False
    if Path(os.fsdecode(words[0])).name != "asterisk" or any(word[:2] in (b"-r", b"-R", b"-x") for word in words):
        return False
    return any(pair == (b"-C", conf) for pair in pairwise(words))


def age_s(pid: int) -> float | None:
    """Seconds since a process started; None when there is none."""
    try:
        stat = (PROC / str(pid) / "stat").read_text()
    except OSError:
        return None
    # The name, in brackets, may hold anything; field 22 of proc(5), counted from after it.
    started_ticks = int(stat.rpartition(")")[2].split()[19])
    return time.clock_gettime(time.CLOCK_BOOTTIME) - started_ticks / os.sysconf("SC_CLK_TCK")


def kill(pid: int, conf: Path) -> bool:
    """SIGKILL, which also ends a process that is stopped. False when that Asterisk is gone, or is not ours to kill."""
    try:
        handle = os.pidfd_open(pid)
    except OSError:
        return False
    try:
        # The number may have come to mean another process; the handle cannot.
        if not _is_asterisk(PROC / str(pid), os.fsencode(conf)):
            return False
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(handle, signal.SIGKILL)
    except PermissionError:
        return False
    finally:
        os.close(handle)
    return True
