"""The verbs of whoever sends letters: claim one, say what became of it. No template is loaded for them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import String, cast, func, literal, select, update

from foundation import logs
from foundation.clock import Clock
from foundation.database import Database
from ticket_core.replies import rules
from ticket_core.replies.model import Letter, LetterState, Outgoing
from ticket_core.replies.states import LETTER_STEPS
from ticket_core.replies.store import OutgoingRow

log = logs.get(__name__)

NextTry = Callable[[OutgoingRow], datetime | None]


class Sending:
    """Claims are conditional updates: a letter is held by one sender, until it says so or its lease runs out.

    A verb that takes `sender` changes nothing and returns None when that sender does not hold the letter any more.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def claim(self, sender: str, lease_s: float, domain: str) -> Letter | None:
        """Take the letter that has been due longest, for `lease_s` seconds; None when none is due.

        `domain` is the right side of the Message-ID that the letter gets at its first claim and keeps.
        """
        now = self._clock.now()
        chosen = (
            select(OutgoingRow.id)
            .where(OutgoingRow.next_try_at <= now)
            .order_by(OutgoingRow.next_try_at)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        made = literal("<") + cast(OutgoingRow.id, String) + literal(f"@{domain}>")
        query = (
            update(OutgoingRow)
            .where(OutgoingRow.id == chosen.scalar_subquery())
            .values(
                state=LetterState.SENDING,
                sender=sender,
                next_try_at=now + timedelta(seconds=lease_s),
                attempts=OutgoingRow.attempts + 1,
                message_id=func.coalesce(OutgoingRow.message_id, made),
            )
            .returning(OutgoingRow)
        )
        async with self._database.session() as session:
            row = (await session.execute(query)).scalar_one_or_none()
            return row.value() if row else None

    async def sent(self, letter_id: UUID, sender: str) -> Letter | None:
        """The server took it."""
        async with self._held(letter_id, sender) as row:
            if row is None:
                return None
            move(row, LetterState.SENT)
            row.sent_at, row.error = self._clock.now(), None
            return row.value()

    async def refused(self, letter_id: UUID, sender: str, error: str) -> Letter | None:
        """It was refused for good: it is dead."""
        return await self._leave(letter_id, sender, error, lambda row: None)

    async def failed(self, letter_id: UUID, sender: str, error: str) -> Letter | None:
        """It was not taken this time: it is tried again later, or dead when that would be after five days."""
        now = self._clock.now()
        return await self._leave(
            letter_id, sender, error, lambda row: rules.next_try(row.attempts, row.trying_since, now)
        )

    async def give_back(self, letter_id: UUID, sender: str, error: str) -> Letter | None:
        """The server did not hear of it: this was no attempt, but the five days go on."""
        now = self._clock.now()
        return await self._leave(
            letter_id,
            sender,
            error,
            lambda row: rules.next_try_of_server(row.trying_since, now),
            attempted=False,
        )

    async def outgoing(self) -> Outgoing:
        """How many letters wait and are dead."""
        waiting = select(func.count(), func.min(OutgoingRow.trying_since)).where(OutgoingRow.next_try_at.is_not(None))
        dead = select(func.count()).where(OutgoingRow.state == LetterState.DEAD)
        async with self._database.session() as session:
            letters, oldest = (await session.execute(waiting)).one()
            return Outgoing(letters, oldest, (await session.execute(dead)).scalar_one())

    async def _leave(
        self, letter_id: UUID, sender: str, error: str, next_try: NextTry, attempted: bool = True
    ) -> Letter | None:
        async with self._held(letter_id, sender) as row:
            if row is None:
                return None
            at = next_try(row)
            move(row, LetterState.TO_SEND if at else LetterState.DEAD)
            row.next_try_at, row.error = at, error
            row.attempts -= not attempted
            return row.value()

    @asynccontextmanager
    async def _held(self, letter_id: UUID, sender: str) -> AsyncIterator[OutgoingRow | None]:
        async with self._database.session() as session:
            query = select(OutgoingRow).where(
                OutgoingRow.id == letter_id, OutgoingRow.state == LetterState.SENDING, OutgoingRow.sender == sender
            )
            row = (await session.execute(query.with_for_update())).scalar_one_or_none()
            if row is None:
                log.info("letter_not_held", letter_id=str(letter_id), sender=sender)
            yield row


def move(row: OutgoingRow, to: LetterState) -> None:
    """Take a letter one step of the table on; who held it holds it no longer, and nothing is due. Raises `IllegalStep`."""
    LETTER_STEPS.check(row.state, to)
    row.state, row.sender, row.next_try_at = to, None, None
