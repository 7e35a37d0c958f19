"""Codes leased in advance: given out once, over restarts, and also while the database is away."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from foundation.database import Database
from tests.clocks import HeldClock
from tests.practices import CODES, COUNTING
from ticket_core.code_stock import CodeStock
from ticket_core.codes import is_well_formed
from ticket_core.service import Practices


@pytest.fixture
def practices(database: Database, clock: HeldClock) -> Practices:
    return Practices(database, clock, COUNTING, CODES)


def stock(folder: Path, practices: Practices, holder: str = "ivr") -> CodeStock:
    return CodeStock(folder, partial(practices.lease_codes, holder), block=10)


async def away(count: int) -> list[str]:
    raise ConnectionRefusedError


async def test_a_code_is_never_given_out_twice_by_any_process(practices: Practices, tmp_path: Path) -> None:
    given = []
    for start in range(3):
        for holder in ("ivr", "other"):
            codes = stock(tmp_path / holder, practices, holder)
            await codes.refill()
            given += [await codes.take() for _ in range(4 + start)]
    assert len(set(given)) == len(given) == 30
    assert all(code is not None and is_well_formed(code) for code in given)


async def test_the_stock_outlives_a_kill_and_a_database_that_is_away(practices: Practices, tmp_path: Path) -> None:
    first = stock(tmp_path, practices)
    await first.refill()
    given = [await first.take() for _ in range(3)]
    killed = CodeStock(tmp_path, away)
    await killed.refill()
    assert len(killed) == 7
    given += [await killed.take() for _ in range(8)]
    assert given.pop() is None
    assert len(set(given)) == 10


async def test_a_mark_that_was_cut_short_by_a_crash_frees_no_other_code(practices: Practices, tmp_path: Path) -> None:
    codes = stock(tmp_path, practices)
    await codes.refill()
    first = await codes.take()
    with (tmp_path / "codes.given").open("a") as given:
        given.write("\n123")
    again = CodeStock(tmp_path, away)
    second = await again.take()
    third = await CodeStock(tmp_path, away).take()
    assert len({first, second, third}) == 3
