"""Waiting for somebody who may be frozen."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from foundation import logs

log = logs.get(__name__)

Result = TypeVar("Result")

_left: set[asyncio.Task[Any]] = set()


async def within(work: Coroutine[Any, Any, Result], seconds: float) -> Result:
    """The result of `work`, or TimeoutError after `seconds`.

    The work itself is not cancelled: to cancel a request to a frozen server waits for that server. It ends when its own limits do.
    """
    task = asyncio.create_task(work)
    _left.add(task)
    task.add_done_callback(_note_late_failure)
    done, _ = await asyncio.wait({task}, timeout=seconds)
    if not done:
        raise TimeoutError
    return task.result()


def _note_late_failure(task: asyncio.Task[Any]) -> None:
    _left.discard(task)
    if not task.cancelled() and (error := task.exception()):
        log.debug("ended_with_a_fault", **logs.fault(error))
