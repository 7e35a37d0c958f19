"""`Search`: finds practices. It reads and never writes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from foundation.clock import Clock
from foundation.database import Database
from ticket_core.search import cursors, statements
from ticket_core.search.cursors import Cursor, Place
from ticket_core.search.duplicates import Duplicates
from ticket_core.search.model import BadQuery, Hit, Page, Query, Sort, Suggestion
from ticket_core.search.rules import accepted, segments
from ticket_core.search.statements import FIRST_DUE, PLANNING, Order, Stretch, filters, order_of
from ticket_core.terms import ROME

STEPS = (2_000, 20_000, 200_000)
"""How many rows of the list each step looks at, before the rest of it is."""

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
            shown, more = found[: query.limit], len(found) > query.limit
            following = cursors.written(Cursor(shown[-1].id, shown[-1]), query) if more else None
            return Page(await _hits(session, [place.id for place in shown], query.words), following)

    async def due(self, day: date, exercises: bool = False) -> tuple[Hit, ...]:
        """What is due by a day, the earliest due day first; within a day what has alarm words, then what was opened first.

        At most 1,000: those that are due first.
        """
        query = Query(due_by=day, exercises=exercises, sort=Sort.DUE)
        async with self._database.session() as session:
            await session.execute(PLANNING)
            wanted = filters(query, day)
            found = await session.execute(statements.places(FIRST_DUE, Stretch(until=day), wanted, "", MOST_DUE))
            hits = await _hits(session, [row.id for row in found], "")
        return tuple(sorted(hits, key=lambda hit: (hit.due_on or day, not hit.urgent, hit.opened_at)))

    async def suggest_duplicates(self, practice_id: UUID) -> tuple[Suggestion, ...]:
        """Practices that may be the same request, likeliest first, without those merged or erased. Raises `UnknownPractice`."""
        async with self._database.session() as session:
            await session.execute(PLANNING)
            return await Duplicates(session).of(practice_id)

    async def _first(self, session: AsyncSession, query: Query, after: Place | None, limit: int) -> list[Place]:
        """The first places behind `after`, in steps: a common word fills a page from the newest rows, a rare one has few rows anywhere."""
        order, wanted = order_of(query.sort), filters(query, self._clock.now().astimezone(ROME).date())
        found: list[Place] = []
        stretch = Stretch(after=after)
        pointed = query.code or query.number or query.email
        for step in (*(() if pointed else STEPS), None):
            until = await _edge(session, order, stretch, step) if step else None
            asked = Stretch(stretch.after, stretch.beyond, until)
            statement = statements.places(order, asked, wanted, query.words, limit - len(found))
            found += [Place(row.key, row.id) for row in await session.execute(statement)]
            if len(found) >= limit or until is None:
                break
            stretch = Stretch(beyond=until)
        return found

    async def _ranked(self, session: AsyncSession, query: Query, cursor: Cursor | None) -> Page:
        newest = cursor.newest if cursor else None
        # The newest that the first page ranked is the first of all pages: what is added meanwhile stays out.
        first = [newest] if newest else []
        candidates = first + await self._first(session, query, newest, RANKED - len(first))
        if not candidates:
            return Page((), None)
        ranked = await session.execute(statements.ranks([place.id for place in candidates], query.words))
        ordered = sorted((-float(rank), practice_id) for practice_id, rank in ranked)
        if cursor and cursor.rank is not None:
            ordered = [one for one in ordered if one > (-cursor.rank, cursor.last)]
        shown = ordered[: query.limit]
        following = None
        if len(ordered) > query.limit:
            rank, last = shown[-1]
            following = cursors.written(Cursor(last, candidates[0], -rank), query)
        return Page(await _hits(session, [practice_id for _, practice_id in shown], query.words), following)


async def _edge(session: AsyncSession, order: Order, stretch: Stretch, step: int) -> datetime | date | None:
    found: datetime | date | None = (await session.execute(statements.edge(order, stretch, step))).scalar_one_or_none()
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
    found = {}
    for row in await session.execute(statements.rows(list(ids), words)):
        values = row._asdict()
        headline = values.pop("headline")
        found[row.practice_id] = Hit(**values, snippet=segments(headline or ""))
    return tuple(found[practice_id] for practice_id in ids)
