"""Disk and clock, as the guard looks at them."""

from __future__ import annotations

import ctypes
import os
import sys
import time
from pathlib import Path

import pytest

from pbx.guard import watch

STA_UNSYNC = 0x40


def test_free_bytes_are_what_may_still_be_written(tmp_path: Path) -> None:
    disk = os.statvfs(tmp_path)
    free = watch.free_bytes(tmp_path)
    assert free is not None
    assert free == pytest.approx(disk.f_bavail * disk.f_frsize, rel=0.1)
    assert watch.free_bytes(tmp_path / "nowhere") is None


def test_a_clock_that_only_runs_has_not_jumped() -> None:
    assert watch.WallClock().jump_s() == pytest.approx(0, abs=0.1)


@pytest.mark.parametrize("by_s", [3600.0, -2.0])
def test_a_jump_of_the_wall_clock_is_seen_once(monkeypatch: pytest.MonkeyPatch, by_s: float) -> None:
    clock, real = watch.WallClock(), time.time
    monkeypatch.setattr(time, "time", lambda: real() + by_s)
    assert clock.jump_s() == pytest.approx(by_s, abs=0.1)
    assert clock.jump_s() == pytest.approx(0, abs=0.1)


def test_the_kernel_says_whether_its_clock_is_kept_right() -> None:
    state = ctypes.create_string_buffer(512)  # struct timex, read in another way than by the code under test
    if ctypes.CDLL(None).adjtimex(state) < 0:
        pytest.skip("the kernel may not be asked here")
    status = int.from_bytes(state.raw[40:44], sys.byteorder)
    assert watch.clock_synchronised() is not bool(status & STA_UNSYNC)
