"""The private cluster: stopped cleanly, killed without loss, never started twice."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from centralino.postgres import Cluster, find_postmaster, stop
from foundation.process import CannotStart


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cluster")


@pytest.fixture(scope="module")
def cluster(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    one = Cluster(folder / "data", tmp_path_factory.mktemp("s"))
    one.initialise()
    return one


@contextmanager
def served(cluster: Cluster, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(cluster.command(), stdout=log, stderr=log)
    try:
        cluster.wait_ready(30)
        yield server
    finally:
        subprocess.run(cluster.stop_command(), check=False)
        server.wait(20)


def log_of(folder: Path) -> str:
    return (folder / "log").read_text(encoding="utf-8")


def ask(cluster: Cluster, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(cluster.url().replace("+psycopg", "")) as connection:
        cursor = connection.execute(statement)
        return list(cursor.fetchall()) if cursor.description else []


def test_a_cluster_is_made_once_and_stops_cleanly(cluster: Cluster, folder: Path) -> None:
    cluster.initialise()
    with served(cluster, folder) as server:
        cluster.create_database()
        cluster.create_database()
        assert ask(cluster, "SHOW fsync") == [("on",)]
        assert ask(cluster, "SHOW listen_addresses") == [("",)]
        assert ask(cluster, "SELECT pg_encoding_to_char(encoding), datcollate FROM pg_database LIMIT 1") == [
            ("UTF8", "C.UTF-8")
        ]
        subprocess.run(cluster.stop_command(), check=True)
        assert server.wait(20) == 0
    assert "database system is shut down" in log_of(folder)
    assert not stop(folder / "data")


def test_a_killed_server_comes_back_with_what_was_committed(cluster: Cluster, folder: Path) -> None:
    with served(cluster, folder) as server:
        cluster.create_database()
        ask(cluster, "CREATE TABLE IF NOT EXISTS kept (n int)")
        ask(cluster, "INSERT INTO kept VALUES (1)")
        server.kill()
        server.wait(20)
    with served(cluster, folder):
        assert ask(cluster, "SELECT count(*) FROM kept") == [(1,)]


def test_a_second_server_on_the_same_data_is_refused(cluster: Cluster, folder: Path) -> None:
    with served(cluster, folder):
        second = subprocess.run(cluster.command(), capture_output=True, timeout=20, check=False)
        assert second.returncode != 0
        assert find_postmaster(folder / "data") is not None
        cluster.wait_ready(1)


def test_a_socket_path_that_is_too_long_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match=r"longer than 107 bytes.*shorter path"):
        Cluster(tmp_path / "data", tmp_path / ("s" * 100)).initialise()


def test_a_server_that_does_not_come_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(CannotStart, match=r"not ready after 0\.1 s"):
        Cluster(tmp_path / "data", tmp_path / "nobody").wait_ready(0.1)
