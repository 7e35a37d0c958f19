"""Every advisory lock of PostgreSQL that this software takes: its name, its number, and what it guards.

All have two keys: the number says which lock, the second of which thing (0, or a hash: two things that share one wait for each other).
"""

from __future__ import annotations

from enum import IntEnum, unique

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession


@unique
class Lock(IntEnum):
    """A lock that is added here gets the next number."""

    TABLES = 840_840
    """The tables' own shape: one process at a time runs migrations."""

    CONTENT = 840_841
    """A document's content, by its digest: no row is bound to it while it is removed."""

    SEAT = 840_842
    """The clock's seat: one instance does the duties. Its holder is the session, not the transaction."""

    PEOPLE = 840_843
    """Who may do what: rules that look at several members of staff hold only if they stand still."""

    LIST = 840_844
    """A list that comes with a version, by its name: one process writes it."""

    PRACTICE = 840_845
    """A practice that is not there yet, by its id: who opens the same one at once waits, and finds it."""


async def hold(session: AsyncSession, lock: Lock, of: str) -> None:
    """Wait for whoever has this lock of the same thing, and have it until the transaction ends."""
    await session.execute(select(func.pg_advisory_xact_lock(lock.value, func.hashtext(of))))
