"""Every line a process of ours writes is JSON, and no error's text is in it: that could be a caller's."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

PROGRAM = """
import asyncio, logging
from foundation import logs, process

log = logs.get("trial")

async def fails():
    raise ValueError("+39CALLER said something")

async def serve(stop, health):
    log.info("begun", call_id="one")
    logging.getLogger("library").error("INSERT %s", "+39CALLER", exc_info=ValueError("+39CALLER"))
    forgotten = asyncio.create_task(fails())
    await asyncio.sleep(0.05)
    del forgotten
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(fails())

process.run("trial", serve)
"""


@pytest.fixture(scope="module")
def lines() -> list[dict[str, Any]]:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "CALLER" not in done.stderr
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_each_line_names_process_time_level_and_event(lines: list[dict[str, Any]]) -> None:
    assert lines
    for line in lines:
        assert line["process"] == "trial"
        assert line["timestamp"].endswith("Z")
        assert line["level"]
        assert line["event"]


def test_a_library_that_complains_is_named_with_the_place_of_the_error(lines: list[dict[str, Any]]) -> None:
    complaints = {line["library"]: line for line in lines if line["event"] == "library_complains"}
    assert complaints["library"]["error"] == "ValueError"
    assert complaints["asyncio"]["at"]


def test_a_process_that_dies_of_a_fault_says_which_and_where(lines: list[dict[str, Any]]) -> None:
    last = lines[-1]
    assert (last["event"], last["level"], last["error"]) == ("process_died", "critical", "ValueError")
    assert last["at"]
