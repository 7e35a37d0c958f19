"""What the platform wrote, read past its own services, and only what came after a test began."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import numpy as np
import soundfile
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from centralino.platform import Platform
from foundation.clock import SystemClock
from foundation.database import Database, DatabaseSettings
from ledger.service import Ledger
from ledger.store import CallRow
from tests.chaos.agree import Books
from ticket_core.message_store import MessageRow
from ticket_core.model import Message
from ticket_core.store import PracticeRow

Row = TypeVar("Row")


class Bookkeeper:
    """Reads the books of one platform. What was in them when it came is not looked at."""

    def __init__(self, database: Database, platform: Platform) -> None:
        self._database = database
        self._folders = platform.folders
        self._known: set[UUID] = set()
        self._kept: set[str] = set()

    async def begin(self) -> None:
        """From now on."""
        async with self._database.session() as session:
            for rows in (CallRow.call_id, MessageRow.id, PracticeRow.id):
                self._known |= set((await session.execute(select(rows))).scalars())
        self._kept = self._audio_names()

    async def read(self) -> Books:
        """Everything written since."""
        ledger = Ledger(self._database, SystemClock())
        async with self._database.session() as session:
            calls = [row.value() for row in await self._new(session, CallRow, "call_id")]
            practices = [row.value() for row in await self._new(session, PracticeRow, "id")]
            messages = [row.value() for row in await self._new(session, MessageRow, "id")]
        callbacks = frozenset(call.caller for call in await ledger.callback_list() if call.caller)
        kept = frozenset(self._audio_names() - self._kept)
        return Books(calls, practices, messages, callbacks, kept, self._spool(), self._audio)

    async def _new(self, session: AsyncSession, of: type[Row], key: str) -> list[Row]:
        rows = (await session.execute(select(of))).scalars().all()
        return [row for row in rows if getattr(row, key) not in self._known]

    def _audio_names(self) -> set[str]:
        return {str(path.relative_to(self._folders.audio)) for path in self._folders.audio.rglob("*.wav")}

    def _spool(self) -> list[str]:
        spool = self._folders.spool
        found = [path for folder in ("recording", "fallback") for path in (spool / folder).glob("*")]
        return sorted(str(path.relative_to(spool)) for path in found if path.is_file() and path.stat().st_size)

    def _audio(self, message: Message) -> NDArray[np.int16]:
        path = Path(self._folders.audio / str(message.audio_path))
        try:
            samples, _ = soundfile.read(path, dtype="int16")
        except soundfile.SoundFileError as error:
            raise OSError(str(error)) from None
        return np.asarray(samples, dtype=np.int16)


@asynccontextmanager
async def bookkeeper(platform: Platform) -> AsyncIterator[Bookkeeper]:
    """A bookkeeper with a connection of its own."""
    database = Database(DatabaseSettings(url=platform.database_url, pool_size=2))
    try:
        yield Bookkeeper(database, platform)
    finally:
        await database.close()
