"""A million practices with five million entries of history: how fast one is looked up, listed as due, and found by its words.

The peer asks the same rows with a bare driver, no pool and no rooms, as a ticket system without a text index does: the whole row and its
history for a code, whole rows for what is due, `ILIKE '%word%'` for words.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import psycopg

from bench.model import CouldNotMeasure, Figure, Quantity, of_samples
from bench.plans import taken_down, whole_table_reads
from bench.practice_asked import searches
from bench.practice_load import Loaded, load
from bench.practice_peer import Peer
from bench.practice_rows import code
from bench.rules import percentile
from centralino import migrate, postgres
from centralino.postgres import Cluster
from dialplan.calendar import Calendar
from foundation import process
from foundation.clock import SystemClock
from foundation.database import Database, DatabaseSettings
from ticket_core.code_book import CodeBook
from ticket_core.search.service import MOST_DUE, Search
from ticket_core.service import Practices
from ticket_core.terms import ROME, Counting

SIZE = "CENTRALINO_BENCH_PRACTICES"
PRACTICES = 1_000_000
LOOK_UPS, DUE_LISTS, SEARCHES, PEER_EVERY = 1_000, 60, 300, 12
PLANNED = 40
BARE, LIKE = "bare driver, whole rows", "ILIKE '%word%'"

Say = Callable[[str], None]
Run = Callable[[], Awaitable[object]]


def size() -> int:
    """How many practices to measure on: a million, or what `CENTRALINO_BENCH_PRACTICES` says. Raises `CouldNotMeasure`."""
    said = os.environ.get(SIZE, str(PRACTICES))
    if not said.isdecimal() or int(said) < 1:
        raise CouldNotMeasure(f"{SIZE} is how many practices to measure on, such as 20000: not '{said}'")
    return int(said)


async def practice(say: Say) -> list[Figure]:
    """Load, measure in turns with the peer, check the plans. Raises `CouldNotMeasure`, also for a plan that reads a whole table."""
    practices = size()
    with _cluster() as cluster:
        url = cluster.url("bench")
        conninfo = url.replace("+psycopg", "")
        say(f"practice: loading {practices} practices")
        loaded = await asyncio.to_thread(load, conninfo, practices)
        say(f"practice: {loaded.rows} rows in {loaded.seconds:.0f} s, {loaded.bytes / 1e9:.1f} GB")
        database = Database(DatabaseSettings(url=url))
        try:
            async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as bare:
                figures = await _measure(database, bare, practices)
            await _check_plans(database, conninfo, practices)
        finally:
            await database.close()
    return [*_import_figures(loaded), *figures]


@contextmanager
def _cluster() -> Iterator[Cluster]:
    """A cluster as `make run` has it, but in a folder that is removed."""
    folder = Path(tempfile.mkdtemp(prefix="centralino-bench-"))
    cluster = Cluster(folder / "data", folder / "run")
    try:
        cluster.initialise()
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(cluster.command(), stdout=log, stderr=log)
            try:
                cluster.wait_ready(30)
                cluster.create_database("bench")
                migrate.upgrade(cluster.url("bench"))
                yield cluster
            finally:
                postgres.stop(folder / "data")
                server.wait(60)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _measure(database: Database, bare: psycopg.AsyncConnection[Any], practices: int) -> list[Figure]:
    process.settle()  # as every process of ours does before it serves
    clock = SystemClock()
    desk = Practices(database, clock, Counting(Calendar().is_working_day), CodeBook(b"bench"))
    search, today, dice = Search(database, clock), clock.now().astimezone(ROME).date(), random.Random(1)

    peer = Peer(bare)
    codes = [code(dice.randrange(practices)) for _ in range(LOOK_UPS)]
    looked_up = await _in_turns(
        [partial(desk.status, one) for one in codes], [partial(peer.by_code, one) for one in codes]
    )
    due = await _in_turns([partial(search.due, today)] * DUE_LISTS, [partial(peer.due, today, MOST_DUE)] * DUE_LISTS)
    asked = searches(SEARCHES, random.Random(2))
    mixed = [partial(search.find, one.query) for one in asked], [partial(peer.like, one) for one in asked]
    found = await _in_turns(*mixed, PEER_EVERY)
    return [
        *_figures("practice.look_up", looked_up, BARE),
        *_figures("practice.due_today", due, BARE),
        *_figures("practice.search", found, LIKE),
    ]


async def _in_turns(ours: Sequence[Run], peer: Sequence[Run], peer_every: int = 1) -> tuple[list[float], list[float]]:
    """Milliseconds of each; the peer in turns with ours, once in `peer_every`. The first tenth warms up and does not count."""
    cold, samples, theirs = len(ours) // 10, list[float](), list[float]()
    for number, (one, other) in enumerate(zip(ours, peer, strict=True)):
        took = await _timed(one)
        if number >= cold:
            samples.append(took)
        if number % peer_every == 0:
            took = await _timed(other)
            theirs += [took] if number >= cold else []
    return samples, theirs


async def _timed(run: Run) -> float:
    begun = time.perf_counter()
    await run()
    return (time.perf_counter() - begun) * 1000


async def _check_plans(database: Database, conninfo: str, practices: int) -> None:
    """Raises `CouldNotMeasure` when one of the paths reads a whole table."""
    clock = SystemClock()
    desk = Practices(database, clock, Counting(Calendar().is_working_day), CodeBook(b"bench"))
    search = Search(database, clock)
    with taken_down() as asked:
        await desk.status(code(practices // 2))
        await search.due(clock.now().astimezone(ROME).date())
        for one in searches(PLANNED, random.Random(3)):
            await search.find(one.query)
    whole = whole_table_reads(conninfo, asked)
    if whole:
        raise CouldNotMeasure(f"practice: {len(whole)} statements read a whole table, the first is {whole[0]}")


def _figures(name: str, samples: tuple[list[float], list[float]], peer_name: str) -> list[Figure]:
    ours, peer = samples
    figures = of_samples(name, ours, peer, peer_name)
    p99 = Quantity(f"{name}.p99", "ms", less_is_better=True, peer_name=peer_name)
    return [*figures, Figure(p99, percentile(ours, 99), percentile(peer, 99), len(ours))]


def _import_figures(loaded: Loaded) -> list[Figure]:
    rate = Quantity("practice.import", "rows/s", less_is_better=False, peer_name=None)
    return [Figure(rate, loaded.rows / loaded.seconds, None, loaded.rows)]
