"""What nobody refers to goes, what is missing is told: one pass over the store and the rows, both in the order of digests."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from uuid import UUID

from sqlalchemy import select

from foundation import logs
from foundation.clock import Clock
from foundation.database import Database
from ticket_core.attachments.holding import release
from ticket_core.attachments.model import Swept
from ticket_core.attachments.ports import BlobStore, StoredBlob
from ticket_core.attachments.store import AttachmentRow

log = logs.get(__name__)

PAGE = 500


async def sweep(database: Database, clock: Clock, blobs: BlobStore, orphans_s: float, page: int = PAGE) -> Swept:
    """Remove content without a row that is older than `orphans_s` seconds, and what dead writers left; find rows without content.

    Raises `StoreAway`: what was done until then is done.
    """
    before = clock.now() - timedelta(seconds=orphans_s)
    unfinished = await asyncio.to_thread(blobs.tidy, before)
    removed, missing = 0, list[UUID]()
    listing = blobs.list()
    after: str | None = ""
    while after is not None:
        stored = await asyncio.to_thread(_page, listing, page)
        upto = stored[-1].sha256 if len(stored) == page else None
        rows = await _rows(database, after, upto)
        for blob in stored:
            if blob.sha256 not in rows and blob.stored_at < before:
                removed += await release(database, blobs, blob.sha256)
        for sha256 in sorted(rows - {blob.sha256 for blob in stored}):
            # It may have come after the list was made.
            if not await asyncio.to_thread(blobs.exists, sha256):
                missing += await _still_there(database, sha256)
        after = upto
    found = Swept(removed, unfinished, tuple(missing))
    if missing:
        log.error("attachments_without_content", attachments=len(missing), first=str(missing[0]))
    log.info("attachments_swept", removed=removed, unfinished=unfinished)
    return found


def _page(listing: Iterator[StoredBlob], size: int) -> list[StoredBlob]:
    return list(islice(listing, size))


async def _rows(database: Database, after: str, upto: str | None) -> set[str]:
    """Digests that rows refer to, within a part of their range."""
    query = select(AttachmentRow.sha256).where(AttachmentRow.erased_at.is_(None), AttachmentRow.sha256 > after)
    if upto is not None:
        query = query.where(AttachmentRow.sha256 <= upto)
    async with database.session() as session:
        return set((await session.execute(query.distinct())).scalars())


async def _still_there(database: Database, sha256: str) -> list[UUID]:
    # It may have been erased since its row was read.
    query = select(AttachmentRow.id).where(AttachmentRow.sha256 == sha256, AttachmentRow.erased_at.is_(None))
    async with database.session() as session:
        return list((await session.execute(query.order_by(AttachmentRow.id))).scalars())
