"""Processes are kept up, stopped in order, and a failed start says why."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from centralino.supervisor import Service, StartFailed, Supervisor, until
from foundation.process import EXIT_SETTINGS
from tests.polling import until as comes_true


async def at_once() -> None:
    return None


def python(name: str, program: str, ready: Callable[[], Awaitable[None]] = at_once, **options: float) -> Service:
    return Service(name, [sys.executable, "-c", program], ready, **options)  # type: ignore[arg-type]


def when_there(path: Path, written: bool = False) -> Callable[[], Awaitable[None]]:
    """Ready when the file is there; `written`: when there is something in it."""

    async def ready() -> None:
        async def is_there() -> bool:
            return path.exists() and (path.stat().st_size > 0 or not written)

        await until(is_there, 0.01)

    return ready


@pytest.fixture
async def supervisor(tmp_path: Path) -> AsyncIterator[Supervisor]:
    supervisor = Supervisor(tmp_path / "logs")
    yield supervisor
    await supervisor.stop()


async def test_a_process_that_dies_while_starting_is_named_with_its_last_words(supervisor: Supervisor) -> None:
    service = python("sick", "raise SystemExit('the disk is on fire')", lambda: asyncio.sleep(10))
    with pytest.raises(StartFailed, match=r"sick ended with code 1\. the disk is on fire\nIts log: .*sick\.log"):
        await supervisor.start(service)


async def test_a_process_that_is_never_ready_is_named(supervisor: Supervisor) -> None:
    service = python("slow", "import time; time.sleep(60)", lambda: asyncio.sleep(60), ready_within_s=0.3)
    with pytest.raises(StartFailed, match=r"slow was not ready in 0\.3 s"):
        await supervisor.start(service)


async def test_a_process_that_is_killed_is_started_again(supervisor: Supervisor, tmp_path: Path) -> None:
    mark = tmp_path / "starts"
    program = f"import os, time; open({str(mark)!r}, 'a').write('x'); time.sleep(60)"
    running = await supervisor.start(python("steady", program, when_there(mark, written=True)))
    os.kill(running.pid, signal.SIGKILL)
    await comes_true(lambda: mark.read_text() == "xx", what="the second start")
    assert running.restarts == 1


async def test_a_process_held_down_stays_down_until_it_is_released(supervisor: Supervisor, tmp_path: Path) -> None:
    mark = tmp_path / "starts"
    program = f"import os, time; open({str(mark)!r}, 'a').write('x'); time.sleep(60)"
    running = await supervisor.start(python("steady", program, when_there(mark, written=True)))
    running.hold()
    os.kill(running.pid, signal.SIGKILL)
    await asyncio.sleep(1.0)
    assert mark.read_text() == "x"
    running.release()
    await comes_true(lambda: mark.read_text() == "xx", what="the second start")


async def test_a_process_that_refuses_its_settings_is_not_started_over_and_over(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    """It started with good settings, died, and found bad ones."""
    mark = tmp_path / "starts"
    program = (
        f"import time; mark = open({str(mark)!r}, 'a+'); mark.write('x'); mark.seek(0)\n"
        f"if mark.read() == 'xx': raise SystemExit({EXIT_SETTINGS})\n"
        "time.sleep(60)"
    )
    running = await supervisor.start(python("wrong", program, when_there(mark, written=True)))
    await comes_true(lambda: mark.read_text() == "x", what="the first start")
    os.kill(running.pid, signal.SIGKILL)
    await comes_true(lambda: mark.read_text() == "xx", what="the second start")
    await asyncio.sleep(1.5)
    assert (mark.read_text(), running.restarts) == ("xx", 1)


async def test_everything_is_stopped_last_started_first(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path / "logs")
    order = tmp_path / "order"
    for name in ("first", "second"):
        program = (
            "import signal, sys, time\n"
            f"def bye(*_): open({str(order)!r}, 'a').write('{name} '); sys.exit(0)\n"
            f"signal.signal(signal.SIGTERM, bye); open({str(tmp_path / name)!r}, 'w').close(); time.sleep(60)"
        )
        await supervisor.start(python(name, program, when_there(tmp_path / name)))
    await supervisor.stop()
    assert order.read_text() == "second first "


async def test_a_process_that_does_not_stop_is_killed(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path / "logs")
    mark = tmp_path / "up"
    program = f"import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); open({str(mark)!r}, 'w').close(); time.sleep(60)"
    running = await supervisor.start(python("deaf", program, when_there(mark), stop_within_s=0.3))
    pid = running.pid
    await supervisor.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
