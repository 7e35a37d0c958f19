"""Waiting for something to come true, without a fixed sleep."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic


async def until(
    check: Callable[[], Awaitable[bool] | bool], within_s: float = 20.0, what: str = "the condition"
) -> None:
    """Poll until `check` is true. Raises AssertionError that names `what` was waited for."""
    deadline = monotonic() + within_s
    while True:
        answer = check()
        if answer if isinstance(answer, bool) else await answer:
            return
        assert monotonic() < deadline, f"{what} did not come true within {within_s:g} s"
        await asyncio.sleep(0.05)
