"""The SQL of a search. Every statement here is bound to a stretch of the list's own order, so that none reads everything."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, literal, or_, select, text, tuple_, union
from sqlalchemy.dialects.postgresql import REGCONFIG
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.expression import cast

from ticket_core.message_store import MessageRow
from ticket_core.search.cursors import Place
from ticket_core.search.model import Nobody, Query, Sort
from ticket_core.search.rules import MARK, UNMARK, day_begins, day_ends
from ticket_core.store import PracticeRow

LONGEST_SHOWN = 20_000
# Neither a mark of ours nor a tag of theirs can stand in what is shown.
_TAKEN_OUT, _PUT_IN = f"<>{MARK}{UNMARK}", "‹›"
_HEADLINE = f"StartSel={MARK}, StopSel={UNMARK}, MinWords=12, MaxWords=30, ShortWord=2"

PLANNING = text(
    "SELECT set_config('plan_cache_mode', 'force_custom_plan', true), set_config('enable_seqscan', 'off', true), "
    "set_config('jit', 'off', true)"
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


def tsquery(words: str) -> ColumnElement[Any]:
    """The words in their Italian and their English forms."""
    italian, english = _forms(words)
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
        (row.event_id, query.event_id), (row.language, query.language), (row.due_on, query.due_on),
        (row.no_reply_address, query.no_reply_address),
    )  # fmt: skip
    wanted += [column == value for column, value in same if value is not None]
    if query.operator is not None:
        nobody = isinstance(query.operator, Nobody)
        wanted.append(row.operator.is_(None) if nobody else row.operator == query.operator)
    wanted += [row.due_on <= query.due_by] if query.due_by else []
    wanted += [row.due_on < today] if query.overdue else []
    wanted += [row.opened_at >= day_begins(query.opened_from)] if query.opened_from else []
    wanted += [row.opened_at < day_ends(query.opened_until)] if query.opened_until else []
    wanted += [] if query.exercises else [row.exercise.is_(False)]
    return wanted


def edge(order: Order, stretch: Stretch, rows: int) -> Select[tuple[Any]]:
    """The key of the row that is `rows` further on in the list."""
    return select(order.column).where(*order.within(stretch)).order_by(*order.by()).offset(rows).limit(1)


def places(
    order: Order, stretch: Stretch, wanted: list[ColumnElement[bool]], words: str, limit: int
) -> Select[tuple[UUID, Any]]:
    """Id and key of the first rows of a stretch that fit, in the list's order."""
    conditions = [*order.within(stretch), *wanted]
    every = select(PracticeRow.id, order.column.label("key")).order_by(*order.by()).limit(limit)
    if not words:
        return every.where(*conditions)
    asked = tsquery(words)
    # Two lists and not one condition with OR: that would leave neither index usable.
    own = every.where(PracticeRow.search.bool_op("@@")(asked), *conditions).subquery()
    heard = select(MessageRow.practice_id).where(MessageRow.search.bool_op("@@")(asked))
    spoken = every.where(PracticeRow.id.in_(heard), *conditions).subquery()
    both = union(select(own.c.id, own.c.key), select(spoken.c.id, spoken.c.key)).subquery()
    keys = (both.c.key.desc(), both.c.id.desc()) if order.newest_first else (both.c.key, both.c.id)
    return select(both.c.id, both.c.key).order_by(*keys).limit(limit)


def ranks(ids: list[UUID], words: str) -> Select[Any]:
    """How well each of these fits the words: its own text, or its best message."""
    asked = tsquery(words)
    best = select(func.max(func.ts_rank(MessageRow.search, asked))).where(MessageRow.practice_id == PracticeRow.id)
    rank = func.greatest(func.ts_rank(PracticeRow.search, asked), func.coalesce(best.scalar_subquery(), 0))
    return select(PracticeRow.id, rank).where(PracticeRow.id.in_(ids))


def rows(ids: list[UUID], words: str) -> Select[Any]:
    """What a list shows of these practices, in no order; `headline` is None without words."""
    row = PracticeRow
    alarmed = exists().where(
        MessageRow.practice_id == row.id, MessageRow.alarm_words != literal([], MessageRow.alarm_words.type)
    )
    columns: tuple[Any, ...] = (
        row.id.label("practice_id"), func.coalesce(row.code, "").label("code"), row.channel, row.kind, row.state, row.closure,
        row.practice_class, row.language, row.requester_type, row.name, row.subject, row.opened_at, row.due_on, row.office_id,
        row.operator, row.topic_id, row.municipality, row.event_id, row.no_reply_address, row.merged_into, row.exercise,
        alarmed.label("urgent"), (_headline(words) if words else literal(None)).label("headline"),
    )  # fmt: skip
    return select(*columns).where(row.id.in_(ids))


def _forms(words: str) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    italian, english = cast("italian", REGCONFIG), cast("english", REGCONFIG)
    return func.websearch_to_tsquery(italian, words), func.websearch_to_tsquery(english, words)


def _headline(words: str) -> ColumnElement[str]:
    asked = tsquery(words)
    written = PracticeRow.subject + case((PracticeRow.subject == "", ""), else_=". ") + PracticeRow.text
    transcript = MessageRow.transcript.op("->>")("text")
    fits = and_(MessageRow.practice_id == PracticeRow.id, MessageRow.search.bool_op("@@")(asked))
    heard = select(transcript).where(fits).order_by(MessageRow.made_at).limit(1).scalar_subquery()
    own = or_(PracticeRow.search.bool_op("@@")(asked), heard.is_(None))
    shown = func.translate(func.left(case((own, written), else_=heard), LONGEST_SHOWN), _TAKEN_OUT, _PUT_IN)
    language = case((PracticeRow.language == "en", "english"), else_="italian")
    return func.ts_headline(cast(language, REGCONFIG), shown, asked, _HEADLINE)
