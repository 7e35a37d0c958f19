"""`Attachments`: the verbs that other rooms call. Content first, then its row: a crash leaves at most content that nobody refers to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import BinaryIO
from uuid import UUID, uuid4

from sqlalchemy import Uuid, column, func, select, table, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from foundation import audit, logs
from foundation.clock import Clock
from foundation.database import Database
from ticket_core.attachments import sweeping
from ticket_core.attachments.arriving import arriving
from ticket_core.attachments.holding import hold, release
from ticket_core.attachments.model import Attachment, Offered, Refusal, Swept
from ticket_core.attachments.names import safe_name
from ticket_core.attachments.ports import BlobStore, Note, Readable, StoreAway
from ticket_core.attachments.rules import content_refusal, practice_refusal, says
from ticket_core.attachments.settings import AttachmentSettings
from ticket_core.attachments.store import AttachmentRow
from ticket_core.attachments.threads import drawn, entered

log = logs.get(__name__)

# How often content that a clean-up took away between its writing and its row is written again.
TRIES = 3
PRACTICE = table("practice", column("id", Uuid))


class UnknownPractice(Exception):
    """No practice has this id: nothing was kept."""


class UnknownAttachment(Exception):
    """No attachment has this id."""


class ErasedAttachment(Exception):
    """The attachment was erased: its content is gone for good."""


class Attachments:
    """Documents of practices. Every verb may raise `ports.BlobError`: `StoreAway`, `NoRoom`. `note`: where it goes into a history."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        blobs: BlobStore,
        settings: AttachmentSettings,
        note: Note | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._blobs = blobs
        self._settings = settings
        self._note = note

    async def add(
        self, practice_id: UUID, name: str, stream: Readable, author: str, source: str
    ) -> Attachment | Refusal:
        """Keep a document, or tell why it is not taken (`says` has the words). The same content under the same name again: the same one.

        `stream` is read in a thread, and not much further than the largest document allowed: let it be on this machine already,
        a slow one holds the thread. `source` is the channel.
        Raises `UnknownPractice`.
        """
        waits_in, at_most = self._settings.folder / "arriving", self._settings.file_bytes
        async with entered(arriving(stream, name, waits_in, at_most)) as arrived:
            refusal = content_refusal(arrived.bytes, arrived.kind, self._settings)
            if refusal is not None or arrived.kind is None:
                log.info("attachment_refused", practice_id=str(practice_id), why=refusal, bytes=arrived.bytes)
                return refusal or Refusal.TYPE
            safe, media_type = safe_name(name, arrived.kind), arrived.kind.media_type
            offered = Offered(practice_id, arrived.sha256, safe, media_type, arrived.bytes, author, source)
            return await self._keep(offered, arrived.content)

    async def _keep(self, offered: Offered, content: BinaryIO) -> Attachment | Refusal:
        async with self._database.session() as session:
            known = await self._known_or_refused(session, offered)
            if isinstance(known, Refusal):
                return known
        for _ in range(TRIES):
            await asyncio.to_thread(self._blobs.put, content)
            kept = await self._bind(offered)
            if isinstance(kept, Refusal):
                await release(self._database, self._blobs, offered.sha256)
            if kept is not None:
                return kept
        raise StoreAway("the content store loses what was just put into it: nothing was kept")

    async def _bind(self, offered: Offered) -> Attachment | Refusal | None:
        """Write the row; None when the content has gone meanwhile."""
        async with self._database.session() as session:
            known = await self._known_or_refused(session, offered)
            if known is not None:
                return known
            await hold(session, offered.sha256)
            if not await asyncio.to_thread(self._blobs.exists, offered.sha256):
                return None
            query = (
                insert(AttachmentRow)
                .values(id=uuid4(), added_at=self._clock.now(), **asdict(offered))
                .returning(AttachmentRow)
            )
            value = (await session.execute(query)).scalar_one().value()
            await self._tell(session, value)
        log.info("attachment_added", attachment_id=str(value.id), practice_id=str(value.practice_id), bytes=value.bytes)
        return value

    async def _known_or_refused(self, session: AsyncSession, offered: Offered) -> Attachment | Refusal | None:
        # The practice's row is held: two documents at once do not both take its last place.
        of = offered.practice_id
        held = select(PRACTICE.c.id).where(PRACTICE.c.id == of).with_for_update(key_share=True)
        if (await session.execute(held)).scalar_one_or_none() is None:
            raise UnknownPractice(f"no practice has the id {of}: nothing was kept")
        mine = select(AttachmentRow).where(AttachmentRow.practice_id == of, AttachmentRow.erased_at.is_(None))
        same = mine.where(AttachmentRow.sha256 == offered.sha256, AttachmentRow.name == offered.name)
        known = (await session.execute(same)).scalar_one_or_none()
        if known is not None:
            return known.value()
        sums = mine.with_only_columns(func.count(), func.coalesce(func.sum(AttachmentRow.bytes), 0))
        files, size = (await session.execute(sums)).one()
        return practice_refusal(offered.bytes, files, int(size), self._settings)

    async def _tell(self, session: AsyncSession, attachment: Attachment) -> None:
        if self._note is not None:
            await self._note(session, attachment)

    def _audit(self, session: AsyncSession, author: str, act: audit.Act, practice_id: UUID) -> None:
        audit.note(session, audit.Entry(self._clock.now(), author, act, "attachment", practice_id))

    def says(self, refusal: Refusal, language: str = "it") -> str:
        """One sentence for the requester that names the limit and what would be taken."""
        return says(refusal, self._settings, language)

    async def of(self, practice_id: UUID) -> list[Attachment]:
        """A practice's attachments, oldest first, erased ones among them."""
        query = select(AttachmentRow).where(AttachmentRow.practice_id == practice_id)
        async with self._database.session() as session:
            rows = await session.execute(query.order_by(AttachmentRow.added_at, AttachmentRow.id))
            return [row.value() for row in rows.scalars()]

    @asynccontextmanager
    async def open(self, attachment_id: UUID, reader: str) -> AsyncIterator[tuple[Attachment, AsyncIterator[bytes]]]:
        """An attachment and its content in pieces of some 256 KiB, once the audit says that `reader` has it.

        Raises `UnknownAttachment`, `ErasedAttachment`, `BlobMissing`. `BlobDamaged` comes before the last piece, so that damaged content
        never looks whole.
        """
        async with self._database.session() as session:
            row = await session.get(AttachmentRow, attachment_id)
            if row is None:
                raise UnknownAttachment(f"no attachment has the id {attachment_id}")
            if row.erased_at is not None:
                raise ErasedAttachment(f"the attachment {attachment_id} was erased on {row.erased_at:%Y-%m-%d}")
            self._audit(session, reader, audit.Act.DOWNLOAD, row.practice_id)
        async with entered(self._blobs.open(row.sha256)) as pieces:
            yield row.value(), drawn(pieces)

    async def erase(self, attachment_id: UUID, author: str, reason: str) -> Attachment:
        """Forget name and content for good; digest and size stay. Again: the same; who erased it first stays.

        The content goes unless another attachment has the same. Raises `UnknownAttachment`; after `StoreAway` the row says
        erased already, and the content goes with the next `erase` or `sweep`.
        """
        gone = {"name": None, "erased_at": self._clock.now(), "erased_by": author, "erased_because": reason}
        this = AttachmentRow.id == attachment_id
        async with self._database.session() as session:
            now = (
                update(AttachmentRow)
                .where(this, AttachmentRow.erased_at.is_(None))
                .values(gone)
                .returning(AttachmentRow.id)
            )
            erased = (await session.execute(now)).scalar_one_or_none()
            row = (await session.execute(select(AttachmentRow).where(this))).scalar_one_or_none()
            if row is None:
                raise UnknownAttachment(f"no attachment has the id {attachment_id}")
            value = row.value()
            if erased is not None:
                await self._tell(session, value)
                self._audit(session, author, audit.Act.ERASURE, value.practice_id)
        await release(self._database, self._blobs, value.sha256)
        log.info("attachment_erased", attachment_id=str(attachment_id), practice_id=str(value.practice_id))
        return value

    async def sweep(self) -> Swept:
        """Remove old content that nobody refers to, and name the attachments whose content is missing. Any number may run at once."""
        return await sweeping.sweep(self._database, self._clock, self._blobs, self._settings.orphans_s)
