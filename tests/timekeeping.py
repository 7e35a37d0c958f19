"""What the tests of the process `clock` share: its duties as it wires them, over a test's own database and folders."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from centralino.clock import Tree, make_duties
from foundation.clock import Clock
from foundation.database import Database, DatabaseSettings
from foundation.health import Check
from tests.clocks import HeldClock
from tests.practices import CODES
from ticket_core.attachments.settings import AttachmentSettings
from ticket_core.audio_store import AudioSettings, AudioStore
from ticket_core.clock.model import Tally
from ticket_core.clock.seat import Seat
from ticket_core.clock.service import Timekeeper
from ticket_core.clock.settings import ClockSettings
from ticket_core.locks import Lock
from ticket_core.settings import CodeSettings


class WatchedSeat(Seat):
    """A seat that lets a test do something between the look and the step: `between` is awaited before each confirmation.

    One that `believes` takes itself for the active one, whatever the lock says.
    """

    between: Callable[[], Awaitable[object]] | None = None
    believes = False

    async def confirm(self) -> None:
        if self.between is not None:
            await self.between()
        if not self.believes:
            await super().confirm()


class Instance:
    """One instance of the clock in this process. `seat_clock` moved: what it knew of its seat is old, as after a freeze."""

    def __init__(self, url: str, database: Database, clock: Clock, folder: Path, page: int = 3) -> None:
        tree = Tree(
            database=DatabaseSettings(url=url),
            audio=AudioSettings(folder=folder / "audio"),
            attachments=AttachmentSettings(folder=folder / "attachments"),
            codes=CodeSettings(key=SecretStr(CODES.key.decode())),
            clock=ClockSettings(page=page, pause_s=0),
        )
        self.tree = tree
        self.check = Check("duties", "starting")
        self.seat_clock = HeldClock()
        self.seat = WatchedSeat(tree.database, self.seat_clock)
        self.alarms, self.duties = make_duties(tree, database, clock, self.seat)
        self.timekeeper = Timekeeper(self.seat, self.duties, clock, self.check)
        self._clock = clock

    async def sit(self) -> None:
        """Take the seat: again, where a slow machine let it be silent for too long."""
        with suppress(DBAPIError):
            assert await self.seat.take()
            return
        assert await self.seat.take()

    async def turn(self) -> None:
        """Take the seat, and do what is due."""
        await self.sit()
        await self.timekeeper.turn()

    async def do(self, name: str, now: datetime | None = None) -> Tally:
        """One duty; the seat is taken before."""
        [duty] = [duty for duty in self.duties if duty.name == name]
        await self.sit()
        return await duty.do(now or self._clock.now())


CUT = (
    f"SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE locktype = 'advisory' AND classid = {Lock.SEAT.value}"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


async def cut(database: Database) -> None:
    """End the session that holds the seat, as the server does with one that is frozen, or a network with one that is away."""
    async with database.session() as session:
        await session.execute(text(CUT))


LOOSE_ENDS = (
    "SELECT count(*) FROM message AS m JOIN practice AS p ON p.id = m.practice_id WHERE p.erased_at IS NOT NULL"
    " AND (m.audio_path IS NOT NULL OR m.transcript IS NOT NULL OR m.caller IS NOT NULL OR m.alarm_words <> '[]')",
    "SELECT count(*) FROM outgoing AS o JOIN practice AS p ON p.id = o.practice_id WHERE p.erased_at IS NOT NULL"
    " AND (o.address || o.subject || o.body <> '' OR o.state IN ('to_send', 'sending'))",
    "SELECT count(*) FROM attachment AS a JOIN practice AS p ON p.id = a.practice_id"
    " WHERE p.erased_at IS NOT NULL AND a.erased_at IS NULL",
    "SELECT count(*) FROM practice_contact AS c JOIN practice AS p ON p.id = c.practice_id"
    " WHERE p.erased_at IS NOT NULL AND c.reference <> ''",
)
"""What an erased practice must not leave."""


def closings(whats: list[str]) -> int:
    """How often a practice was closed, by its history."""
    return sum(what.endswith("-> closed") for what in whats)


def audio_path(folder: Path, message_id: UUID) -> Path:
    """Where the store keeps a message's recording."""
    return AudioStore(folder / "audio").path(message_id)


def audio_file(folder: Path, message_id: UUID) -> None:
    """A recording in the store, made of nothing much."""
    path = audio_path(folder, message_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"RIFF")
