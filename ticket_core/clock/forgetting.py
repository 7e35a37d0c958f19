"""Practices whose keeping is over are erased, and what an erased practice left is emptied."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, literal, literal_column, or_, select, tuple_, update

from foundation.database import Database, Instant
from ticket_core.casework import Casework
from ticket_core.clock.ended import AUTHOR, OVER, Thing, kept_by_another
from ticket_core.clock.model import Keeping, Tally
from ticket_core.clock.paging import Pages
from ticket_core.clock.rules import kept_since
from ticket_core.message_store import MessageRow
from ticket_core.model import Closure, PracticeState
from ticket_core.replies.service import Replies
from ticket_core.replies.store import OutgoingRow
from ticket_core.store import ENDED_AT, HAS_ENDED, ContactRow, PracticeRow
from ticket_core.terms import Counting


@dataclass(frozen=True)
class Ended:
    """A practice whose keeping is over, as it was seen."""

    practice_id: UUID
    version: int
    state: PracticeState
    ended_at: datetime


class Forgetting:
    """Verbs of the clock: each takes an instant and tells what it did. Again: nothing is left to do."""

    def __init__(
        self,
        database: Database,
        casework: Casework,
        replies: Replies,
        counting: Counting,
        keeping: Keeping,
        pages: Pages,
    ) -> None:
        self._database = database
        self._casework = casework
        self._replies = replies
        self._counting = counting
        self._keeping = keeping
        self._pages = pages

    async def forget_practices(self, now: datetime) -> Tally:
        """Erase practices whose keeping is over; what they leave is removed by the other verbs."""
        before = kept_since(now, self._keeping.practices, self._counting)

        async def look(last: Ended | None, size: int) -> Sequence[Ended]:
            # In the words of the index, and in its order: only what is over is read.
            of, ended_at = PracticeRow.id, literal_column(ENDED_AT, Instant)
            query = (
                select(of, PracticeRow.version, PracticeRow.state, ended_at)
                .where(literal_column(HAS_ENDED), ended_at < before, PracticeRow.erased_at.is_(None))
                .where(~kept_by_another(before))
                .order_by(ended_at, of)
                .limit(size)
            )
            if last is not None:
                query = query.where(tuple_(ended_at, of) > tuple_(literal(last.ended_at), literal(last.practice_id)))
            async with self._database.session() as session:
                return [Ended(*row) for row in await session.execute(query)]

        return await self._pages.through("forget_practices", look, self._erase)

    async def _erase(self, one: Ended) -> bool:
        version = one.version
        if one.state is PracticeState.ANSWERED:
            # It ends as what it was: the figures count it as answered.
            closed = await self._casework.close(one.practice_id, Closure.ANSWERED, OVER, AUTHOR, version)
            version = closed.version
        await self._casework.erase_alone(one.practice_id, AUTHOR, OVER, version)
        return True

    async def empty_erased(self, now: datetime) -> Tally:
        """Empty letters, contacts and numbers of erased practices; letters that wait are not sent any more."""
        of = PracticeRow.id
        left = or_(
            exists().where(OutgoingRow.practice_id == of, OutgoingRow.address != ""),
            exists().where(ContactRow.practice_id == of, ContactRow.reference != ""),
            exists().where(MessageRow.practice_id == of, MessageRow.caller.is_not(None)),
        )

        async def look(last: Thing | None, size: int) -> Sequence[Thing]:
            query = select(of, of).where(PracticeRow.erased_at.is_not(None), left).order_by(of).limit(size)
            if last is not None:
                query = query.where(of > last.id)
            async with self._database.session() as session:
                return [Thing(*row) for row in await session.execute(query)]

        return await self._pages.through("empty_erased", look, self._empty)

    async def _empty(self, one: Thing) -> bool:
        async with self._database.session() as session:
            await self._replies.erase_in(session, one.id)
            await session.execute(update(ContactRow).where(ContactRow.practice_id == one.id).values(reference=""))
            await session.execute(update(MessageRow).where(MessageRow.practice_id == one.id).values(caller=None))
        return True
