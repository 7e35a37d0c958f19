"""Small jobs that run beside a process's main work, each at its own pace."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from foundation import logs

log = logs.get(__name__)


@dataclass(frozen=True)
class Periodic:
    """Await `job()` every `every_s` seconds, first at once. `name` stands in the logs."""

    name: str
    every_s: float
    job: Callable[[], Awaitable[object]]


async def repeat(periodic: Periodic, stop: asyncio.Event) -> None:
    """Run the job until `stop`. A job that fails is logged and runs again at its next turn."""
    while not stop.is_set():
        try:
            await periodic.job()
        except Exception as error:
            log.error("periodic_failed", job=periodic.name, **logs.fault(error))
        await wait(stop, periodic.every_s)


async def wait(stop: asyncio.Event, seconds: float) -> None:
    """Return after `seconds`, or at once when `stop` is set."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
