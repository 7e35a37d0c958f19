"""Blocking work off the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, asynccontextmanager
from typing import TypeVar

Value = TypeVar("Value")


@asynccontextmanager
async def entered(block: AbstractContextManager[Value]) -> AsyncIterator[Value]:
    """A blocking `with`, whose beginning and end run in a thread."""
    value = await asyncio.to_thread(block.__enter__)
    try:
        yield value
    except BaseException as error:
        if not await asyncio.to_thread(block.__exit__, type(error), error, error.__traceback__):
            raise
    else:
        await asyncio.to_thread(block.__exit__, None, None, None)


async def drawn(values: Iterator[Value]) -> AsyncIterator[Value]:
    """A blocking iterator, each step of which runs in a thread."""
    while (step := await asyncio.to_thread(_next, values)) is not None:
        yield step[0]


def _next(values: Iterator[Value]) -> tuple[Value] | None:
    # StopIteration cannot leave a thread.
    for value in values:
        return (value,)
    return None
