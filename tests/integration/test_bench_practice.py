"""The bench of practices, small: what it measures is there, and what it says of plans is true of enough rows for the planner to choose."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from sqlalchemy import text

from bench.model import CouldNotMeasure
from bench.plans import taken_down, whole_table_reads
from bench.practice import SIZE, practice, size
from bench.practice_asked import searches
from bench.practice_load import load
from bench.practice_rows import code
from foundation.clock import SystemClock
from foundation.database import Database
from tests.practices import CODES, COUNTING
from ticket_core.codes import is_well_formed
from ticket_core.histories import Histories
from ticket_core.search.model import NOBODY, Query, Sort
from ticket_core.search.service import Search
from ticket_core.service import Practices
from ticket_core.terms import ROME

ENOUGH = 12_000


async def test_a_small_bench_measures_every_figure_beside_its_peer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SIZE, "1500")
    figures = {figure.quantity.name: figure for figure in await practice(lambda told: None)}
    assert figures.pop("practice.import").ours > 0
    assert set(figures) == {
        f"practice.{what}.{which}" for what in ("look_up", "due_today", "search") for which in ("median", "p95", "p99")
    }
    for figure in figures.values():
        assert figure.ours > 0
        assert figure.ratio is not None


@pytest.mark.parametrize("said", ["0", "-1", "many", ""])
def test_a_size_that_is_no_number_of_practices_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setenv(SIZE, said)
    with pytest.raises(CouldNotMeasure, match=SIZE):
        size()


def test_the_codes_of_the_bench_are_codes_and_all_differ() -> None:
    codes = {code(number) for number in range(5_000)}
    assert len(codes) == 5_000
    assert all(map(is_well_formed, codes))


async def test_no_path_reads_a_whole_table_and_one_that_does_is_seen(database: Database, database_url: str) -> None:
    conninfo = database_url.replace("+psycopg", "")
    loaded = load(conninfo, ENOUGH)
    assert loaded.entries == 5 * ENOUGH
    clock = SystemClock()
    search, desk = Search(database, clock), Practices(database, clock, COUNTING, CODES)
    today = clock.now().astimezone(ROME).date()
    with taken_down() as asked:
        status = await desk.status(code(ENOUGH - 1))
        await search.due(today)
        for one in searches(30, random.Random(5)):
            await search.find(one.query)
            await search.find(replace(one.query, sort=Sort.RELEVANCE))
        for query in (
            Query(sort=Sort.DUE),
            Query(words="frana", sort=Sort.DUE),
            Query(number="06 1234567"),
            Query(email="persona1@example.org"),
            Query(code=code(1)),
            Query(operator=NOBODY, overdue=True),
        ):
            await search.find(query)
        assert status is not None
        await search.suggest_duplicates(status.practice_id)
    assert len(asked) > 100
    assert whole_table_reads(conninfo, asked) == []
    with taken_down() as asked:
        async with database.session() as session:
            await session.execute(text("SELECT count(*) FROM practice WHERE text LIKE '%frana%'"))
    [found] = whole_table_reads(conninfo, asked)
    assert found.startswith("practice: SELECT count")


async def test_loaded_histories_hold(database: Database, database_url: str) -> None:
    load(database_url.replace("+psycopg", ""), 300)
    verdict = await Histories(database, SystemClock()).verify()
    assert (verdict.practices, verdict.entries, verdict.faults) == (300, 1_500, ())
