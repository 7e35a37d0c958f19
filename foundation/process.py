"""The life of a process: logs, its monitor, one coroutine, a clean stop on SIGTERM or SIGINT."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import Any

from foundation import logs, settings
from foundation.health import Health
from foundation.monitor import Monitor, MonitorTree
from foundation.settings import SettingsError

log = logs.get(__name__)

EXIT_SETTINGS = 78  # EX_CONFIG of sysexits.h: a supervisor must not restart on it


class CannotStart(Exception):
    """Something that must be there before the first call is missing: the text names it and the way out."""


@asynccontextmanager
async def running(*work: Coroutine[Any, Any, None]) -> AsyncIterator[list[asyncio.Task[None]]]:
    """Coroutines that run for the length of the block, and are cancelled at its end."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until_one_ends(stop: asyncio.Event, tasks: Iterable[asyncio.Task[None]]) -> None:
    """Return on `stop`. A task that ends by itself before has failed, and what it raised is raised here."""
    stopping = asyncio.create_task(stop.wait())
    done, _ = await asyncio.wait({stopping, *tasks}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    for task in done - {stopping}:
        task.result()


def settle() -> None:
    """Take what is loaded by now for staying: full collections look only over what comes later.

    One that looked over all modules took 60 to 70 ms each time, in which nothing else ran: no answer, no sound, no heartbeat.
    """
    gc.collect()
    gc.freeze()


def run(process: str, serve: Callable[[asyncio.Event, Health], Awaitable[None]]) -> None:
    """Run `serve(stop, health)` until it returns; SIGTERM and SIGINT set `stop`. Exits 78 with a plain sentence on a wrong setting.

    `serve` names what the process depends on with `health.check(...)` before it awaits anything, and tells each check how it is.
    """
    logs.configure(process)
    settle()
    try:
        asyncio.run(_life(Health(process), serve))
    except (SettingsError, CannotStart) as error:
        print(f"{process}: {error}", file=sys.stderr)
        raise SystemExit(EXIT_SETTINGS) from None
    except Exception as error:
        # Python's own last words would tell the error's text, which may be a caller's.
        log.critical("process_died", **logs.fault(error))
        raise SystemExit(1) from None


async def _life(health: Health, serve: Callable[[asyncio.Event, Health], Awaitable[None]]) -> None:
    stop = asyncio.Event()

    def stopping() -> None:
        health.life.waiting("stopping: what is in progress is let finish")
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping)
    monitor = Monitor(health, settings.load(MonitorTree).monitor)
    beating = asyncio.create_task(monitor.beat())
    serving = asyncio.ensure_future(serve(stop, health))
    # One turn, in which `serve` names its checks: a process that has not said what it waits for is not ready.
    await asyncio.sleep(0)
    if not stop.is_set():
        health.life.well("running")
    monitor.start()
    log.info("process_runs")
    try:
        await serving
    finally:
        beating.cancel()
        monitor.stop()
