"""Recordings, their texts and documents: each is kept for its own time, and goes with its practice at the latest."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from functools import partial

from sqlalchemy import select, update
from sqlalchemy.sql.elements import ColumnElement

from foundation import audit
from foundation.database import Database
from ticket_core.attachments.service import Attachments
from ticket_core.attachments.store import AttachmentRow
from ticket_core.audio_store import AudioStore
from ticket_core.clock.ended import AUTHOR, OVER, Thing, is_over
from ticket_core.clock.model import Keeping, Tally
from ticket_core.clock.paging import Pages, Step
from ticket_core.clock.rules import kept_since
from ticket_core.message_store import MessageRow
from ticket_core.store import PracticeRow
from ticket_core.terms import Counting


class Contents:
    """Verbs of the clock: each takes an instant and tells what it removed. Again: nothing is left to remove."""

    def __init__(
        self,
        database: Database,
        attachments: Attachments,
        audio: AudioStore,
        counting: Counting,
        keeping: Keeping,
        pages: Pages,
    ) -> None:
        self._database = database
        self._attachments = attachments
        self._audio = audio
        self._counting = counting
        self._keeping = keeping
        self._pages = pages

    async def forget_audio(self, now: datetime) -> Tally:
        """Remove recordings: the file first, so that no file is left that nobody knows of."""

        async def step(one: Thing) -> bool:
            await asyncio.to_thread(self._audio.remove, one.id)
            return await self._empty(one, now, "recording", audio_path=None)

        which = MessageRow.audio_path.is_not(None) & self._is_over(now, self._keeping.audio)
        return await self._messages("forget_audio", which, step)

    async def forget_transcripts(self, now: datetime) -> Tally:
        """Empty what was written down of recordings."""

        async def step(one: Thing) -> bool:
            return await self._empty(one, now, "transcript", transcript=None, alarm_words=[])

        which = MessageRow.transcript.is_not(None) & self._is_over(now, self._keeping.transcripts)
        return await self._messages("forget_transcripts", which, step)

    async def forget_strangers(self, now: datetime) -> Tally:
        """Empty the numbers of callers who left too little for a practice: kept as long as those in the ledger."""

        async def step(one: Thing) -> bool:
            return await self._empty(one, now, "caller's number", caller=None)

        before = kept_since(now, self._keeping.callers, self._counting)
        which = MessageRow.practice_id.is_(None) & MessageRow.caller.is_not(None) & (MessageRow.made_at < before)
        return await self._messages("forget_strangers", which, step)

    async def forget_attachments(self, now: datetime) -> Tally:
        """Erase documents."""

        async def look(last: Thing | None, size: int) -> Sequence[Thing]:
            query = (
                select(AttachmentRow.id, AttachmentRow.practice_id)
                .join(PracticeRow, PracticeRow.id == AttachmentRow.practice_id)
                .where(AttachmentRow.erased_at.is_(None), self._is_over(now, self._keeping.attachments))
                .order_by(AttachmentRow.id)
                .limit(size)
            )
            if last is not None:
                query = query.where(AttachmentRow.id > last.id)
            async with self._database.session() as session:
                return [Thing(*row) for row in await session.execute(query)]

        async def step(one: Thing) -> bool:
            await self._attachments.erase(one.id, AUTHOR, OVER)
            return True

        return await self._pages.through("forget_attachments", look, step)

    async def _messages(self, duty: str, which: ColumnElement[bool], step: Step[Thing]) -> Tally:
        return await self._pages.through(duty, partial(self._page, which), step)

    async def _page(self, which: ColumnElement[bool], last: Thing | None, size: int) -> Sequence[Thing]:
        query = (
            select(MessageRow.id, MessageRow.practice_id)
            .join(PracticeRow, PracticeRow.id == MessageRow.practice_id, isouter=True)
            .where(which)
            .order_by(MessageRow.id)
            .limit(size)
        )
        if last is not None:
            query = query.where(MessageRow.id > last.id)
        async with self._database.session() as session:
            return [Thing(*row) for row in await session.execute(query)]

    async def _empty(self, one: Thing, now: datetime, what: str, **values: object) -> bool:
        async with self._database.session() as session:
            await session.execute(update(MessageRow).where(MessageRow.id == one.id).values(values))
            audit.note(session, audit.Entry(now, AUTHOR, audit.Act.ERASURE, what, one.practice_id))
        return True

    def _is_over(self, now: datetime, days: int) -> ColumnElement[bool]:
        return is_over(kept_since(now, days, self._counting))
