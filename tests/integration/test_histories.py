"""The history on a real PostgreSQL: rows are only added, every tampering is found, and many writers at once make whole chains."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from foundation.database import Database
from tests.clocks import HeldClock
from tests.practices import CODES, COUNTING
from ticket_core.casework import Casework
from ticket_core.edits import Edit
from ticket_core.histories import Histories
from ticket_core.model import Channel, Practice, Request
from ticket_core.replies.service import Replies

WRITERS, STEPS = 8, 12


@pytest.fixture
def casework(database: Database, clock: HeldClock) -> Casework:
    return Casework(database, clock, COUNTING, CODES, Replies(database, clock))


@pytest.fixture
def histories(database: Database, clock: HeldClock) -> Histories:
    return Histories(database, clock)


async def worked_on(casework: Casework) -> Practice:
    practice = await casework.open(Request(channel=Channel.LETTER), "post")
    await casework.take(practice.id, "anna")
    return await casework.ask_documents(practice.id, "una fotografia", "anna")


async def run(database: Database, statement: str, tampering: bool = False) -> None:
    async with database.session() as session:
        if tampering:
            # As somebody with the keys to the database would.
            await session.execute(text("ALTER TABLE practice_history DISABLE TRIGGER ALL"))
        await session.execute(text(statement))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE practice_history SET reason = 'another'",
        "UPDATE practice_history SET author = NULL, reason = NULL, salt = NULL, what = 'another'",
        "DELETE FROM practice_history",
        "TRUNCATE practice_history",
    ],
)
async def test_the_database_itself_refuses_to_change_the_history(
    casework: Casework, database: Database, statement: str
) -> None:
    await worked_on(casework)
    with pytest.raises(DBAPIError, match="only ever added to"):
        await run(database, statement)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE practice_history SET reason = reason || '!' WHERE seq = 2",
        "UPDATE practice_history SET author = 'eve' WHERE seq = 1",
        "UPDATE practice_history SET at = at - interval '1 day' WHERE seq = 3",
        "UPDATE practice_history SET digest = set_byte(digest, 7, get_byte(digest, 7) # 1) WHERE seq = 2",
        "UPDATE practice_history SET salt = set_byte(salt, 0, get_byte(salt, 0) # 128) WHERE seq = 2",
        "UPDATE practice_history SET author = NULL, reason = NULL, salt = NULL WHERE seq = 2",
        "DELETE FROM practice_history WHERE seq = 2",
        "DELETE FROM practice_history WHERE seq = 3",
    ],
)
@pytest.mark.promise("The history verifies, and one flipped byte in it is found")
async def test_who_changes_the_history_with_the_keys_to_the_database_is_found(
    casework: Casework, histories: Histories, database: Database, statement: str
) -> None:
    practice = await worked_on(casework)
    await worked_on(casework)
    assert (await histories.verify()).faults == ()
    await run(database, statement.replace("WHERE", f"WHERE practice_id = '{practice.id}' AND"), tampering=True)
    verdict = await histories.verify()
    assert [str(practice.id) in fault for fault in verdict.faults] == [True]


async def test_a_practice_that_vanishes_as_a_whole_is_found_by_its_seal(
    casework: Casework, histories: Histories, database: Database
) -> None:
    practice = await worked_on(casework)
    kept = await worked_on(casework)
    assert await histories.seal() == 6
    assert await histories.seal() == 0
    await casework.resume(kept.id, "here", "anna")
    assert await histories.seal() == 1
    assert await histories.verify() == type(await histories.verify())(2, 7, 2, ())
    for table in ("practice_clock", "practice_history", "practice"):
        column = "id" if table == "practice" else "practice_id"
        await run(database, f"DELETE FROM {table} WHERE {column} = '{practice.id}'", tampering=True)
    assert [fault.startswith("seal 1 of") for fault in (await histories.verify()).faults] == [True]


@pytest.mark.promise("Eight writers at once lose nothing")
async def test_eight_writers_at_once_on_few_practices_lose_nothing(casework: Casework, histories: Histories) -> None:
    practices = [await casework.open(Request(channel=Channel.LETTER), "post") for _ in range(3)]

    async def write(who: int) -> None:
        for step in range(STEPS):
            practice = practices[(who + step) % len(practices)]
            await casework.correct(practice.id, Edit(subject=f"{who} {step}"), f"writer-{who}", "busy")

    async def seal() -> None:
        for _ in range(5):
            await histories.seal()

    work: list[Callable[[], Awaitable[None]]] = [seal]
    await asyncio.gather(*(write(who) for who in range(WRITERS)), *(one() for one in work))
    after = [await casework.take(practice.id, "anna") for practice in practices]
    corrections = [entry for practice in after for entry in practice.history if entry.what == "corrected"]
    assert len(corrections) == WRITERS * STEPS
    await histories.seal()
    verdict = await histories.verify()
    assert verdict.faults == ()
    assert verdict.entries == sum(len(practice.history) for practice in after)
