"""Which version of a list stands in its table, so that a start reads the list again only when another version is there."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from ticket_core import locks
from ticket_core.events.store import LoadedRow


async def is_loaded(session: AsyncSession, name: str, version: str) -> bool:
    """Whether this version was written. When not, no other process writes the list until this transaction ends."""
    if await _version(session, name) == version:
        return True
    await locks.hold(session, locks.Lock.LIST, name)
    return await _version(session, name) == version


async def note_loaded(session: AsyncSession, name: str, version: str, at: datetime) -> None:
    """This version stands in the table once the transaction ends."""
    query = insert(LoadedRow).values(name=name, version=version, at=at)
    changed = {"version": query.excluded.version, "at": query.excluded.at}
    await session.execute(query.on_conflict_do_update(index_elements=["name"], set_=changed))


async def _version(session: AsyncSession, name: str) -> str | None:
    query = select(LoadedRow.version).where(LoadedRow.name == name)
    return (await session.execute(query)).scalar_one_or_none()
