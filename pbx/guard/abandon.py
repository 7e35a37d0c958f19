"""Blocking work that can be walked away from: what it waits for may be frozen for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

Result = TypeVar("Result")


async def within(timeout_s: float, work: Callable[[], Result]) -> Result:
    """Do `work` in a thread of its own. Raises what it raises, or TimeoutError; then the thread is left to itself."""
    done: Future[Result] = Future()
    done.set_running_or_notify_cancel()

    def run() -> None:
        try:
            done.set_result(work())
        except Exception as error:
            done.set_exception(error)

    Thread(target=run, daemon=True).start()
    return await asyncio.wait_for(asyncio.wrap_future(done), timeout_s)
