"""What state machines on a real PostgreSQL are run with: one database and one loop for all examples, within seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, settings
from structlog.testing import capture_logs

from foundation.database import Database, DatabaseSettings

T = TypeVar("T")

BOUNDED = settings(
    max_examples=20,
    stateful_step_count=25,
    deadline=None,
    # Making a failure shorter takes minutes here: it is shown as it was found.
    phases=[Phase.reuse, Phase.generate],
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@dataclass
class World:
    """One database and one loop for all examples; each example looks at its own practices only."""

    runner: asyncio.Runner
    database: Database

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)


@contextmanager
def a_world(database_url: str) -> Iterator[World]:
    """A world for one test."""
    with asyncio.Runner() as runner, capture_logs():
        database = Database(DatabaseSettings(url=database_url, pool_size=2))
        yield World(runner, database)
        runner.run(database.close())


async def awaited(act: Awaitable[T]) -> T:
    """Any awaitable as the coroutine that a runner takes."""
    return await act
