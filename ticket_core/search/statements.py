"""The SQL of a search. Every statement here is bound to a stretch of the list's own order, so that none reads everything."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    func,
    literal,
    select,
    text,
    tuple_,
    union,
)
from sqlalchemy.dialects.postgresql import REGCONFIG
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.expression import cast

from ticket_core.message_store import MessageRow
from ticket_core.search.cursors import Place
from ticket_core.search.model import Nobody, Query, Sort
from ticket_core.search.rules import day_begins, day_ends
from ticket_core.store import PracticeRow

PLANNING = text(
    "SELECT set_config('plan_cache_mode', 'force_custom_plan', true), set_config('enable_seqscan', 'off', true), "
    "set_config('jit', 'off', true), set_config('work_mem', '16MB', true)"
)
"""For one transaction. Which index serves depends on the words, so each search has a plan of its own; compiled code would come too late."""


@dataclass(frozen=True)
class Stretch:
    """Part of the list: behind the row `after` or, behind it in whole steps, `beyond` a key; up to the key `until` and with it."""

    after: Place | None = None
    beyond: datetime | date | None = None
    until: datetime | date | None = None


@dataclass(frozen=True)
class Order:
    """What a list is sorted by; the id decides between equals."""

    column: InstrumentedAttribute[Any]
    newest_first: bool

    def by(self) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
        """The ORDER BY."""
        if self.newest_first:
            return self.column.desc(), PracticeRow.id.desc()
        return self.column.asc(), PracticeRow.id.asc()

    def within(self, stretch: Stretch) -> list[ColumnElement[bool]]:
        """The conditions of a stretch."""
        conditions: list[ColumnElement[bool]] = [self.column.is_not(None)] if not self.newest_first else []
        after, column = stretch.after, self.column
        if after is not None:
            row, last = tuple_(column, PracticeRow.id), tuple_(literal(after.key), literal(after.id))
            # The first alone is what the index can use.
            conditions += [column <= after.key, row < last] if self.newest_first else [column >= after.key, row > last]
        if stretch.beyond is not None:
            conditions.append(column < stretch.beyond if self.newest_first else column > stretch.beyond)
        if stretch.until is not None:
            conditions.append(column >= stretch.until if self.newest_first else column <= stretch.until)
        return conditions


NEWEST = Order(PracticeRow.opened_at, newest_first=True)
FIRST_DUE = Order(PracticeRow.due_on, newest_first=False)


def order_of(sort: Sort) -> Order:
    """By relevance too, the newest are looked at first."""
    return FIRST_DUE if sort is Sort.DUE else NEWEST


def tsquery(words: str, language: str | None = None) -> ColumnElement[Any]:
    """The words in their Italian and their English forms, or those of one language alone."""
    italian, english = _forms(words)
    if language is not None:
        # As the texts are kept: English ones in English, all others in Italian.
        return english if language == "en" else italian
    return italian.op("||")(english)


def said(words: str) -> Select[Any]:
    """How many words are left in each language, and what an index can look for: "" or T when that is everything."""
    italian, english = _forms(words)
    return select(func.numnode(italian), func.numnode(english), func.querytree(tsquery(words)))


def filters(query: Query, today: date) -> list[ColumnElement[bool]]:
    """The conditions of a query, but for its words."""
    row = PracticeRow
    wanted: list[ColumnElement[bool]] = []
    sets = (
        (row.state, query.states), (row.channel, query.channels), (row.kind, query.kinds),
        (row.practice_class, query.classes), (row.requester_type, query.requester_types),
    )  # fmt: skip
    wanted += [column.in_(sorted(values)) for column, values in sets if values]
    same = (
        (row.code, query.code), (row.caller, query.number), (func.lower(row.email), query.email),
        (row.office_id, query.office_id), (row.topic_id, query.topic_id), (row.municipality, query.municipality),
        (row.event_id, query.event_id), (row.language, query.language), (row.no_reply_address, query.no_reply_address),
    )  # fmt: skip
    wanted += [column == value for column, value in same if value is not None]
    if query.operator is not None:
        nobody = isinstance(query.operator, Nobody)
        wanted.append(row.operator.is_(None) if nobody else row.operator == query.operator)
    wanted += [*days(NEWEST, query, today), *days(FIRST_DUE, query, today)]
    wanted += [] if query.exercises else [row.exercise.is_(False)]
    return wanted


def days(order: Order, query: Query, today: date) -> list[ColumnElement[bool]]:
    """What a query says of the very days that a list is sorted by: its part of the list."""
    row = PracticeRow
    if order.newest_first:
        first = [row.opened_at >= day_begins(query.opened_from)] if query.opened_from else []
        return [*first, row.opened_at < day_ends(query.opened_until)] if query.opened_until else first
    due: list[ColumnElement[bool]] = [row.due_on == query.due_on] if query.due_on else []
    due += [row.due_on <= query.due_by] if query.due_by else []
    return [*due, row.due_on < today] if query.overdue else due


def edge(order: Order, stretch: Stretch, part: list[ColumnElement[bool]], rows: int) -> Select[tuple[Any]]:
    """The key of the row that is `rows` further on in a part of the list."""
    further = select(order.column).where(*order.within(stretch), *part)
    return further.order_by(*order.by()).offset(rows).limit(1)


def places(
    order: Order, stretch: Stretch, wanted: list[ColumnElement[bool]], asked: ColumnElement[Any] | None, limit: int
) -> Select[tuple[UUID, Any]]:
    """Id and key of the first rows of a stretch that fit, in the list's order. `asked` is a tsquery, None without words."""
    fitting = select(PracticeRow.id, order.column.label("key")).where(*order.within(stretch), *wanted)
    if asked is None:
        return fitting.order_by(*order.by()).limit(limit)
    # Two lists and not one condition with OR: that would leave neither index usable.
    own = fitting.where(PracticeRow.search.bool_op("@@")(asked))
    heard = select(MessageRow.practice_id).where(MessageRow.search.bool_op("@@")(asked))
    spoken = fitting.where(PracticeRow.id.in_(heard))
    if stretch.until is None:
        # All that fit, sorted afterwards: with a limit here, a planner that thinks many fit would walk along the whole list. OFFSET 0
        # keeps the limit below from coming in.
        parts = [one.offset(0).subquery() for one in (own, spoken)]
    else:
        parts = [one.order_by(*order.by()).limit(limit).subquery() for one in (own, spoken)]
    both = union(*(select(part.c.id, part.c.key) for part in parts)).subquery()
    keys = (both.c.key.desc(), both.c.id.desc()) if order.newest_first else (both.c.key, both.c.id)
    return select(both.c.id, both.c.key).order_by(*keys).limit(limit)


def _forms(words: str) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    italian, english = cast("italian", REGCONFIG), cast("english", REGCONFIG)
    return func.websearch_to_tsquery(italian, words), func.websearch_to_tsquery(english, words)
