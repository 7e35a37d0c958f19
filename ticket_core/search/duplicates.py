"""Which practices are looked at when one may have been asked twice: few, through indexes, each compared by `similarity.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, literal, select, text
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.expression import cast

from ticket_core.changes import UnknownPractice
from ticket_core.message_store import MessageRow
from ticket_core.search.model import Suggestion, Traits
from ticket_core.search.similarity import NEAR, any_of, compare, telling
from ticket_core.store import PracticeRow

LOOKED_AT = 100
SUGGESTED = 20
WORDS = 8
MOST_SHARE = 0.005

_SHARES = text(
    "SELECT lexeme, share FROM pg_stats, "
    "unnest(most_common_elems::text::text[], most_common_elem_freqs) AS common (lexeme, share) "
    "WHERE schemaname = current_schema AND tablename = 'practice' AND attname = 'search' AND lexeme IS NOT NULL"
)
"""How common the common stems are, as the last ANALYZE saw it; what is not among them is rare."""


class Duplicates:
    """The look-up of one transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def of(self, practice_id: UUID) -> tuple[Suggestion, ...]:
        """Suggestions for one practice, likeliest first. Raises `UnknownPractice`."""
        row = (await self._session.execute(_traits(PracticeRow.id == practice_id))).one_or_none()
        if row is None:
            raise UnknownPractice(f"no practice has the id {practice_id}")
        own = _read(row)
        alive = (
            PracticeRow.id != practice_id, PracticeRow.merged_into.is_(None), PracticeRow.erased_at.is_(None),
            PracticeRow.exercise == row.exercise,
        )  # fmt: skip
        found: dict[UUID, Suggestion] = {}
        for which in await self._alike(own):
            newest = select(PracticeRow.id).where(which, *alive).order_by(PracticeRow.opened_at.desc()).limit(LOOKED_AT)
            for other in await self._session.execute(_traits(PracticeRow.id.in_(newest))):
                reasons, score = compare(own, _read(other))
                if reasons:
                    found[other.id] = Suggestion(other.id, other.code, other.subject, other.opened_at, reasons, score)
        return tuple(sorted(found.values(), key=lambda one: (-one.score, one.opened_at, one.practice_id))[:SUGGESTED])

    async def _alike(self, own: Traits) -> list[ColumnElement[bool]]:
        """One condition a kind of likeness, each with an index of its own."""
        near = PracticeRow.opened_at.between(own.opened_at - NEAR, own.opened_at + NEAR)
        which: list[ColumnElement[bool]] = []
        which += [PracticeRow.caller == own.number] if own.number else []
        which += [func.lower(PracticeRow.email) == own.email.lower()] if own.email else []
        if own.municipality and own.topic_id:
            which.append((PracticeRow.municipality == own.municipality) & (PracticeRow.topic_id == own.topic_id) & near)
        words = telling(own.lexemes, await self._shares(), MOST_SHARE, WORDS)
        if words:
            asked = cast(literal(any_of(words)), TSQUERY)
            heard = select(MessageRow.practice_id).where(MessageRow.search.bool_op("@@")(asked))
            which += [PracticeRow.search.bool_op("@@")(asked) & near, PracticeRow.id.in_(heard) & near]
        return which

    async def _shares(self) -> Mapping[str, float]:
        return {row.lexeme: row.share for row in await self._session.execute(_SHARES)}


def _traits(which: ColumnElement[bool]) -> Select[Any]:
    row, message = PracticeRow, MessageRow
    stems = select(func.unnest(func.tsvector_to_array(message.search))).where(message.practice_id == row.id)
    spoken = func.array(stems.scalar_subquery())
    return select(
        row.id, func.coalesce(row.code, "").label("code"), row.subject, row.opened_at, row.caller, row.email, row.municipality,
        row.topic_id, row.exercise, func.tsvector_to_array(row.search).label("written"), spoken.label("spoken"),
    ).where(which)  # fmt: skip


def _read(row: Any) -> Traits:
    lexemes = frozenset([*row.written, *row.spoken])
    return Traits(row.caller, row.email, row.municipality, row.topic_id, row.opened_at, lexemes)
