"""The pages of a real process: while its loop is stuck, while it is frozen, while its port is taken."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from foundation.monitor import Fetched, fetch
from foundation.process import EXIT_SETTINGS
from tests.places import first_port
from tests.polling import until

PROGRAM = """
import asyncio, signal, time
from foundation import process

async def serve(stop, health):
    check = health.check("work", "beginning")
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, time.sleep, 60)
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR2, check.well, "at work")
    await stop.wait()
    await asyncio.sleep(LINGER)

process.run("trial", serve)
"""


@pytest.fixture
def address() -> str:
    return f"127.0.0.1:{first_port(2) + 10}"


@contextmanager
def started(address: str, log: Path, linger_s: float = 0.0) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-c", PROGRAM.replace("LINGER", str(linger_s))]
    environ = {"CENTRALINO_MONITOR__ADDRESS": address, "PYTHONPATH": ":".join(sys.path)}
    with log.open("wb") as output, subprocess.Popen(command, env=environ, stderr=output) as process:
        try:
            yield process
        finally:
            process.kill()


async def asked(address: str, page: str) -> Fetched | None:
    try:
        return await fetch(address, page, 2.0)
    except OSError:
        return None


async def comes_to(address: str, page: str, status: int) -> dict[str, Any]:
    """The page, once it answers with this status."""
    last: Fetched | None = None

    async def is_so() -> bool:
        nonlocal last
        last = await asked(address, page)
        return last is not None and last.status == status

    await until(is_so, what=f"{page} with {status}")
    assert last is not None
    return dict(json.loads(last.text))


async def test_a_process_is_ready_when_its_checks_are_and_no_longer_when_it_stops(address: str, tmp_path: Path) -> None:
    with started(address, tmp_path / "log", linger_s=30) as process:
        report = await comes_to(address, "/ready", 503)
        assert report["checks"]["work"]["says"] == "beginning"
        assert (report["process"], report["pid"]) == ("trial", process.pid)
        process.send_signal(signal.SIGUSR2)
        await comes_to(address, "/ready", 200)
        process.terminate()
        assert "stopping" in (await comes_to(address, "/ready", 503))["checks"]["life"]["says"]
        assert (await fetch(address, "/health", 2.0)).status == 200


async def test_a_process_whose_loop_is_stuck_says_so_itself(address: str, tmp_path: Path) -> None:
    with started(address, tmp_path / "log") as process:
        await comes_to(address, "/health", 200)
        process.send_signal(signal.SIGUSR1)
        report = await comes_to(address, "/health", 503)
    assert "the event loop has not turned for" in report["checks"]["loop"]["says"]


async def test_a_frozen_process_is_given_up_within_the_time_limit(address: str, tmp_path: Path) -> None:
    with started(address, tmp_path / "log") as process:
        await comes_to(address, "/health", 200)
        process.send_signal(signal.SIGSTOP)
        await asyncio.to_thread(os.waitid, os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
        with pytest.raises(TimeoutError):
            await fetch(address, "/health", 0.5)


async def test_while_its_port_is_taken_a_process_works_and_says_so_once_and_serves_when_it_is_free(
    address: str, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    host, _, port = address.partition(":")
    with socket.create_server((host, int(port))) as taken, started(address, log) as process:
        await until(lambda: "monitor_not_served" in log.read_text(), what="the sentence")
        assert process.poll() is None
        taken.close()
        await comes_to(address, "/health", 200)
    [line] = [line for line in log.read_text().splitlines() if "monitor_not_served" in line]
    assert json.loads(line)["why"] == (
        f"health and metrics cannot be served on {address}: Address already in use. "
        "Stop what uses that port, or set another one in CENTRALINO_MONITOR__ADDRESS"
    )


def test_an_address_that_is_none_stops_the_start_with_an_example(tmp_path: Path) -> None:
    with started("everywhere", tmp_path / "log") as process:
        assert process.wait(20) == EXIT_SETTINGS
    assert "CENTRALINO_MONITOR__ADDRESS=127.0.0.1:28010" in (tmp_path / "log").read_text()


def test_what_is_loaded_before_a_process_serves_is_looked_over_by_no_collection_again() -> None:
    program = """
import gc
from foundation import process

async def serve(stop, health):
    print(gc.get_freeze_count(), sum(len(gc.get_objects(generation)) for generation in range(3)))

process.run("trial", serve)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    settled, left = map(int, done.stdout.split())
    assert settled > 10 * left
