"""The verbs of people, and of whoever works for them: look at letters, revive or cancel one, erase what is personal in them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.elements import ColumnElement

from foundation.steps import IllegalStep
from ticket_core.replies import rules
from ticket_core.replies.model import WAITING, Letter, LetterState
from ticket_core.replies.sending import Sending, move
from ticket_core.replies.store import OutgoingRow


class UnknownLetter(Exception):
    """No letter has this id: nothing was written."""


class Letters(Sending):
    """Letters as they are. `Letters(database, clock)`; no template is loaded for them."""

    async def due(self, limit: int) -> list[Letter]:
        """Letters that a sender may take now, those due longest first."""
        return await self._letters(OutgoingRow.next_try_at <= self._clock.now(), OutgoingRow.next_try_at, limit)

    async def waiting(self, limit: int) -> list[Letter]:
        """Letters not sent yet and not given up, the next to be tried first."""
        return await self._letters(OutgoingRow.next_try_at.is_not(None), OutgoingRow.next_try_at, limit)

    async def dead(self, limit: int) -> list[Letter]:
        """Letters given up, oldest first: a person must look at each."""
        return await self._letters(OutgoingRow.state == LetterState.DEAD, OutgoingRow.made_at, limit)

    async def letters_of(self, practice_id: UUID) -> list[Letter]:
        """A practice's letters, oldest first."""
        return await self._letters(OutgoingRow.practice_id == practice_id, OutgoingRow.made_at, None)

    async def letter(self, letter_id: UUID) -> Letter | None:
        """One letter, or None."""
        return next(iter(await self._letters(OutgoingRow.id == letter_id, OutgoingRow.made_at, 1)), None)

    async def revive(self, letter_id: UUID, address: str | None = None) -> Letter:
        """Try a dead letter again from now on, to `address` when it is a better one.

        Raises `UnknownLetter`, `IllegalStep`, or `LetterRefused` for the address.
        """
        checked = rules.checked_address(address) if address is not None else None
        async with self._locked(letter_id) as row:
            now = self._clock.now()
            move(row, LetterState.TO_SEND)
            row.attempts, row.trying_since, row.next_try_at = 0, now, now
            row.address = checked or row.address
            return row.value()

    async def cancel(self, letter_id: UUID) -> Letter:
        """Withdraw a letter that waits, or give a dead one up. Raises `UnknownLetter`, `IllegalStep` (it is being sent, or was)."""
        async with self._locked(letter_id) as row:
            if row.state is LetterState.SENDING:
                raise IllegalStep("the letter is being sent just now and may have arrived: look again in some minutes")
            if row.state is not LetterState.CANCELLED:
                move(row, LetterState.CANCELLED)
            return row.value()

    async def erase_in(self, session: AsyncSession, practice_id: UUID) -> int:
        """Empty a practice's letters inside the transaction that erases the practice; kinds, states and times stay for the figures.

        What is not sent yet is cancelled, also where it is being sent just now: then it may have gone. Again: nothing changes.
        Returns how many letters the practice has.
        """
        query = select(OutgoingRow).where(OutgoingRow.practice_id == practice_id).with_for_update()
        rows = (await session.execute(query)).scalars().all()
        for row in rows:
            if row.state in WAITING or row.state is LetterState.DEAD:
                move(row, LetterState.CANCELLED)
            row.address = row.subject = row.body = ""
            row.error = None
        return len(rows)

    @asynccontextmanager
    async def _locked(self, letter_id: UUID) -> AsyncIterator[OutgoingRow]:
        async with self._database.session() as session:
            yield await _lock(session, letter_id)

    async def _letters(
        self, which: ColumnElement[bool], order: InstrumentedAttribute[Any], limit: int | None
    ) -> list[Letter]:
        query = select(OutgoingRow).where(which).order_by(order, OutgoingRow.id).limit(limit)
        async with self._database.session() as session:
            return [row.value() for row in (await session.execute(query)).scalars()]


async def _lock(session: AsyncSession, letter_id: UUID) -> OutgoingRow:
    row = await session.get(OutgoingRow, letter_id, with_for_update=True)
    if row is None:
        raise UnknownLetter(f"no letter has the id {letter_id}")
    return row
