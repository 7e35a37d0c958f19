"""`Search`: finds practices. It reads and never writes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.clock import Clock
from foundation.database import Database
from ticket_core.search import cursors, shown, statements
from ticket_core.search.cursors import Cursor, Place
from ticket_core.search.duplicates import Duplicates
from ticket_core.search.model import BadQuery, Hit, Page, Query, Sort, Suggestion
from ticket_core.search.rules import accepted, next_step, segments
from ticket_core.search.statements import FIRST_DUE, PLANNING, Stretch, days, filters, order_of, tsquery
from ticket_core.terms import ROME

FIRST_STEP = 2_000
"""How many rows of the list are looked at before its words are looked for in all of it."""

RANKED = 200
MOST_DUE = 1_000


class Search:
    """Practices found again: newest first, page by page. See `Query` for what can be asked."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def find(self, query: Query) -> Page:
        """One page. A practice that was there before the first page is on one of them exactly once, whatever is added meanwhile.

        Raises `BadQuery`.
        """
        query = accepted(query)
        cursor = cursors.read(query.cursor, query) if query.cursor is not None else None
        async with self._database.session() as session:
            await session.execute(PLANNING)
            if query.words:
                await _check_words(session, query.words)
            if query.sort is Sort.RELEVANCE:
                return await self._ranked(session, query, cursor)
            after = cursor.newest if cursor else None
            found = await self._first(session, query, after, query.limit + 1)
            page, more = found[: query.limit], len(found) > query.limit
            following = cursors.written(Cursor(page[-1].id, page[-1]), query) if more else None
            return Page(await _hits(session, [place.id for place in page], query.words), following)

    async def due(self, day: date, exercises: bool = False) -> tuple[Hit, ...]:
        """What is due by a day, the earliest due day first; within a day what has alarm words, then what was opened first.

        At most 1,000: those that are due first.
        """
        query = Query(due_by=day, exercises=exercises, sort=Sort.DUE)
        async with self._database.session() as session:
            await session.execute(PLANNING)
            wanted = filters(query, day)
            first = statements.places(FIRST_DUE, Stretch(until=day), wanted, None, MOST_DUE).subquery()
            hits = [_hit(row) for row in await session.execute(shown.rows(select(first.c.id), ""))]
        return tuple(sorted(hits, key=lambda hit: (hit.due_on or day, not hit.urgent, hit.opened_at)))

    async def suggest_duplicates(self, practice_id: UUID) -> tuple[Suggestion, ...]:
        """Practices that may be the same request, likeliest first, without those merged or erased. Raises `UnknownPractice`."""
        async with self._database.session() as session:
            await session.execute(PLANNING)
            return await Duplicates(session).of(practice_id)

    async def _first(self, session: AsyncSession, query: Query, after: Place | None, limit: int) -> list[Place]:
        """The first places behind `after`, in steps: see `next_step`."""
        order, today = order_of(query.sort), self._clock.now().astimezone(ROME).date()
        wanted, part = filters(query, today), days(order, query, today)
        words = tsquery(query.words, query.language) if query.words else None
        found: list[Place] = []
        stretch = Stretch(after=after)
        step = None if query.code or query.number or query.email else FIRST_STEP
        while True:
            until = await _edge(session, statements.edge(order, stretch, part, step)) if step else None
            asked = Stretch(stretch.after, stretch.beyond, until)
            statement = statements.places(order, asked, wanted, words, limit - len(found))
            more = [Place(row.key, row.id) for row in await session.execute(statement)]
            found += more
            if step is None or until is None or len(found) >= limit:
                return found
            step, stretch = next_step(step, len(more), limit - len(found)), Stretch(beyond=until)

    async def _ranked(self, session: AsyncSession, query: Query, cursor: Cursor | None) -> Page:
        newest = cursor.newest if cursor else None
        # The newest that the first page ranked is the first of all pages: what is added meanwhile stays out.
        first = [newest] if newest else []
        candidates = first + await self._first(session, query, newest, RANKED - len(first))
        if not candidates:
            return Page((), None)
        ranked = await session.execute(shown.ranks([place.id for place in candidates], query.words))
        ordered = sorted((-float(rank), practice_id) for practice_id, rank in ranked)
        if cursor and cursor.rank is not None:
            ordered = [one for one in ordered if one > (-cursor.rank, cursor.last)]
        page = ordered[: query.limit]
        following = None
        if len(ordered) > query.limit:
            rank, last = page[-1]
            following = cursors.written(Cursor(last, candidates[0], -rank), query)
        return Page(await _hits(session, [practice_id for _, practice_id in page], query.words), following)


async def _edge(session: AsyncSession, statement: Select[tuple[Any]]) -> datetime | date | None:
    found: datetime | date | None = (await session.execute(statement)).scalar_one_or_none()
    return found


async def _check_words(session: AsyncSession, words: str) -> None:
    italian, english, tree = (await session.execute(statements.said(words))).one()
    if not italian or not english:
        raise BadQuery("there are only words here that stand in nearly every text: add one that says more")
    if tree in ("", "T"):
        raise BadQuery("this asks for every text without a word: add one that is to be in it")


async def _hits(session: AsyncSession, ids: Sequence[UUID], words: str) -> tuple[Hit, ...]:
    if not ids:
        return ()
    hits = map(_hit, await session.execute(shown.rows(list(ids), words)))
    found = {hit.practice_id: hit for hit in hits}
    return tuple(found[practice_id] for practice_id in ids)


def _hit(row: Any) -> Hit:
    *values, headline = row
    return Hit(**dict(zip(shown.SHOWN, values, strict=True)), snippet=segments(headline) if headline else ())
