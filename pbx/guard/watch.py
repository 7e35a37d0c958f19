"""What is looked at besides the PBX itself: the clock, and how much room disks have."""

from __future__ import annotations

import ctypes
import shutil
import time
from pathlib import Path

TIME_ERROR = 5  # adjtimex(2): the kernel's clock is not synchronised


def free_bytes(folder: Path) -> int | None:
    """Bytes that may still be written there; None when the folder is not there."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None


class WallClock:
    """Sees the wall clock jump, by holding it against a clock that cannot."""

    def __init__(self) -> None:
        self._offset_s = self._offset()

    def _offset(self) -> float:
        # CLOCK_BOOTTIME goes on while a machine sleeps, so that waking up is no jump.
        return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)

    def jump_s(self) -> float:
        """Seconds by which wall time has moved by itself since the last look; negative when it went back."""
        before, self._offset_s = self._offset_s, self._offset()
        return self._offset_s - before


class _Timex(ctypes.Structure):
    # `modes` 0 only reads. The kernel writes the whole of its struct timex, 208 bytes: the rest is room for it.
    _fields_ = (("modes", ctypes.c_uint), ("rest", ctypes.c_long * 64))


def clock_synchronised() -> bool | None:
    """Whether the kernel says that something (NTP, PTP) keeps its clock right; None where it may not be asked."""
    state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(_Timex()))
    return None if state < 0 else state != TIME_ERROR
