"""Content and the rows that refer to it: no row ever loses its content to a clean-up, however many processes work at once."""

from __future__ import annotations

import asyncio

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.database import Database
from ticket_core import locks
from ticket_core.attachments.ports import BlobStore
from ticket_core.attachments.store import AttachmentRow


async def hold(session: AsyncSession, sha256: str) -> None:
    """Until the transaction ends, nobody else binds a row to this content or removes it."""
    await locks.hold(session, locks.Lock.CONTENT, sha256)


async def release(database: Database, blobs: BlobStore, sha256: str) -> bool:
    """Remove content that no row refers to; tells whether it was. Raises `BlobError`."""
    async with database.session() as session:
        await hold(session, sha256)
        referred_to = exists().where(AttachmentRow.sha256 == sha256, AttachmentRow.erased_at.is_(None))
        if (await session.execute(select(referred_to))).scalar_one():
            return False
        await asyncio.to_thread(blobs.remove, sha256)
        return True
