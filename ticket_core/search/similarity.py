"""How alike two practices are. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

from ticket_core.search.model import Reason, Traits

NEAR = timedelta(days=30)
LEAST_ALIKE = 0.4
LEAST_SHARED = 3

WEIGHTS: Mapping[Reason, float] = {
    Reason.SAME_NUMBER: 0.5,
    Reason.SAME_EMAIL: 0.5,
    Reason.SAME_PLACE_AND_TOPIC: 0.2,
    Reason.SAME_WORDS: 0.7,
}
"""What each reason is worth alone; together they count as independent chances, so that no sum passes 1."""


def alikeness(one: frozenset[str], other: frozenset[str]) -> float:
    """Shared stems as a share of both texts (Dice), 0 to 1; 0 where fewer than three are shared: they say nothing."""
    shared = len(one & other)
    return 2 * shared / (len(one) + len(other)) if shared >= LEAST_SHARED else 0.0


def compare(one: Traits, other: Traits) -> tuple[tuple[Reason, ...], float]:
    """The reasons why these may be one request, and their score from 0 to 1 (0: no reason)."""
    worth: dict[Reason, float] = {}
    if one.number and one.number == other.number:
        worth[Reason.SAME_NUMBER] = WEIGHTS[Reason.SAME_NUMBER]
    if one.email and other.email and one.email.lower() == other.email.lower():
        worth[Reason.SAME_EMAIL] = WEIGHTS[Reason.SAME_EMAIL]
    alike = alikeness(one.lexemes, other.lexemes)
    if alike >= LEAST_ALIKE:
        worth[Reason.SAME_WORDS] = WEIGHTS[Reason.SAME_WORDS] * alike
    if _same_place_and_topic(one, other):
        worth[Reason.SAME_PLACE_AND_TOPIC] = WEIGHTS[Reason.SAME_PLACE_AND_TOPIC]
    against = 1.0
    for value in worth.values():
        against *= 1 - value
    return tuple(worth), 1 - against


def telling(lexemes: Iterable[str], shares: Mapping[str, float], most_share: float, count: int) -> tuple[str, ...]:
    """The `count` rarest stems, longest first of equally rare ones; `shares` are those of all texts that hold a stem, where known."""
    rare = (lexeme for lexeme in lexemes if shares.get(lexeme, 0.0) <= most_share)
    return tuple(sorted(rare, key=lambda lexeme: (shares.get(lexeme, 0.0), -len(lexeme), lexeme))[:count])


def any_of(lexemes: Iterable[str]) -> str:
    """A tsquery that asks for any of these stems, quoted as PostgreSQL's `tsquery` type is written."""
    quoted = (lexeme.replace("\\", "\\\\").replace("'", "''") for lexeme in lexemes)
    return " | ".join(f"'{lexeme}'" for lexeme in quoted)


def _same_place_and_topic(one: Traits, other: Traits) -> bool:
    named = one.municipality is not None and one.topic_id is not None
    same = (one.municipality, one.topic_id) == (other.municipality, other.topic_id)
    return named and same and abs(one.opened_at - other.opened_at) <= NEAR
