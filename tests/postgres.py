"""A throw-away PostgreSQL for tests: one cluster a test process, one database a test, copied from a migrated template."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from centralino import migrate, postgres
from centralino.postgres import Cluster

TEMPLATE = "migrated"


class Throwaway:
    """A running cluster that does not wait for the disk."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self.cluster = cluster
        self.folder = folder
        self._numbers = count(1)

    @contextmanager
    def empty_database(self) -> Iterator[str]:
        """The address of a database without tables."""
        yield from self._database("template1")

    @contextmanager
    def database(self) -> Iterator[str]:
        """The address of a database with this version's tables and nothing in them."""
        yield from self._database(TEMPLATE)

    def _database(self, template: str) -> Iterator[str]:
        name = f"test_{next(self._numbers)}"
        self.cluster.create_database(name, template)
        try:
            yield self.cluster.url(name)
        finally:
            self.cluster.drop_database(name)


@contextmanager
def throwaway_cluster() -> Iterator[Throwaway]:
    """Make, start, migrate a template, and remove everything at the end."""
    folder = Path(tempfile.mkdtemp(prefix="centralino-pg-"))
    cluster = Cluster(folder / "data", folder / "run", durable=False)
    cluster.initialise()
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(cluster.command(), stdout=log, stderr=log)
        try:
            cluster.wait_ready(30)
            cluster.create_database(TEMPLATE)
            migrate.upgrade(cluster.url(TEMPLATE))
            yield Throwaway(cluster, folder)
        finally:
            postgres.stop(folder / "data")
            server.wait(20)
            shutil.rmtree(folder)
