"""Advisory locks: one thing of one kind keeps others out, and nothing else does."""

from __future__ import annotations

from sqlalchemy import text

from foundation.database import Database
from ticket_core.locks import Lock, hold

TRY = text("SELECT pg_try_advisory_xact_lock(:lock, hashtext(:of))")


async def test_a_lock_keeps_out_who_wants_the_same_thing_of_the_same_kind_until_the_transaction_ends(
    database: Database,
) -> None:
    async def is_free(lock: Lock, of: str) -> bool:
        async with database.session() as session:
            return bool((await session.execute(TRY, {"lock": lock.value, "of": of})).scalar_one())

    async with database.session() as session:
        await hold(session, Lock.CONTENT, "a digest")
        assert not await is_free(Lock.CONTENT, "a digest")
        assert await is_free(Lock.CONTENT, "another digest")
        assert [await is_free(lock, "a digest") for lock in set(Lock) - {Lock.CONTENT}] == [True] * (len(Lock) - 1)
    assert await is_free(Lock.CONTENT, "a digest")
