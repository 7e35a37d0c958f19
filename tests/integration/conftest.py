"""A real PostgreSQL for each test process, and a database of its own for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from foundation.database import Database, DatabaseSettings
from tests.clocks import HeldClock
from tests.postgres import Throwaway, throwaway_cluster


@pytest.fixture(scope="session")
def postgres() -> Iterator[Throwaway]:
    """A throw-away cluster; pytest-xdist gives each worker its own."""
    with throwaway_cluster() as cluster:
        yield cluster


@pytest.fixture
def database_url(postgres: Throwaway) -> Iterator[str]:
    """A database with every table and no row."""
    with postgres.database() as url:
        yield url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """The same, as the rooms use it."""
    database = Database(DatabaseSettings(url=database_url))
    yield database
    await database.close()


@pytest.fixture
def clock() -> HeldClock:
    """Monday 5 October 2026, 10:00 in Rome, until the test moves it."""
    return HeldClock()
