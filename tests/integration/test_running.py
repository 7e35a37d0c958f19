"""Processes as the kernel shows them."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from centralino.running import holder_of, process_of, standing_of, started_at
from tests.polling import until

ADDRESS = "127.0.0.1:1"


def test_whoever_holds_a_lock_is_found_and_nobody_when_it_is_free(tmp_path: Path) -> None:
    path = tmp_path / "up.lock"
    assert holder_of(path) is None
    with path.open("w") as lock:
        assert holder_of(path) is None
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert holder_of(path) == os.getpid()
    assert holder_of(path) is None


async def test_a_process_of_ours_is_found_by_module_and_address_and_seen_to_be_stopped() -> None:
    environ = os.environ | {"CENTRALINO_MONITOR__ADDRESS": ADDRESS}
    command = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "0"]
    with subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            await until(lambda: process_of("http.server", ADDRESS) == process.pid, what="the process")
            assert process_of("http.server", "127.0.0.1:2") is None
            process.send_signal(signal.SIGSTOP)
            await until(lambda: standing_of(process.pid) == "stopped by a signal", what="its standing")
        finally:
            process.kill()
    assert standing_of(process.pid) == "gone meanwhile"
    assert started_at(process.pid) is None


def test_a_process_is_known_to_have_started_when_it_did() -> None:
    before = time.time()
    with subprocess.Popen(["sleep", "60"]) as process:
        started = started_at(process.pid)
        process.kill()
    assert started is not None
    assert abs((started - datetime.fromtimestamp(before, UTC)).total_seconds()) < 3
