"""A real PostgreSQL for each test process, and a database of its own for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from centralino.settings import Folders
from foundation.database import Database, DatabaseSettings
from tests.clocks import HeldClock
from tests.postgres import TEMPLATE, Throwaway, throwaway_cluster
from tests.practices import CODES, COUNTING
from tests.processes import Run, runner
from ticket_core.casework import Casework
from ticket_core.events.model import Event, EventKind
from ticket_core.events.service import Events
from ticket_core.replies.service import Replies
from ticket_core.service import Practices


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
def run(tmp_path: Path) -> Run:
    """Starts processes of ours; what they log is in the file `log` of the test's folder."""
    return runner(tmp_path / "log")


@pytest.fixture
def clock() -> HeldClock:
    """Monday 5 October 2026, 10:00 in Rome, until the test moves it."""
    return HeldClock()


@pytest.fixture
def platform(
    postgres: Throwaway, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """A data folder whose database answers where the platform's would."""
    data = tmp_path_factory.mktemp("a")
    folders = Folders(data, data)
    folders.postgres_socket.parent.mkdir(parents=True)
    folders.postgres_socket.symlink_to(postgres.folder / "run")
    monkeypatch.chdir(data)
    monkeypatch.setenv("CENTRALINO_UP__DATA", str(data))
    postgres.cluster.create_database(template=TEMPLATE)
    with capture_logs():  # the program's own logs go to standard error, from a warning on
        yield data
    postgres.cluster.drop_database("centralino")


@pytest.fixture
def replies(database: Database, clock: HeldClock) -> Replies:
    """Letters, by the held clock."""
    return Replies(database, clock)


@pytest.fixture
def casework(database: Database, clock: HeldClock, replies: Replies) -> Casework:
    """What people do with practices, by the held clock."""
    return Casework(database, clock, COUNTING, CODES, replies)


@pytest.fixture
def practices(database: Database, clock: HeldClock) -> Practices:
    """Practices and their messages, by the held clock."""
    return Practices(database, clock, COUNTING, CODES)


@pytest.fixture
async def event(database: Database, clock: HeldClock) -> Event:
    """An earthquake that is declared, by the held clock."""
    return await Events(database, clock).declare("Terremoto", EventKind.EARTHQUAKE, clock.now(), "felt widely", "rossi")
