"""The SQL of what a list shows of practices that were found, and of how well they fit."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Uuid, and_, any_, case, cast, exists, func, literal, or_, select
from sqlalchemy.dialects.postgresql import ARRAY, REGCONFIG

from ticket_core.message_store import MessageRow
from ticket_core.search.rules import MARK, UNMARK
from ticket_core.search.statements import tsquery
from ticket_core.store import PracticeRow

LONGEST_SHOWN = 20_000
# Neither a mark of ours nor a tag of theirs can stand in what is shown.
_TAKEN_OUT, _PUT_IN = f"<>{MARK}{UNMARK}", "‹›"
_HEADLINE = f"StartSel={MARK}, StopSel={UNMARK}, MinWords=12, MaxWords=30, ShortWord=2"


def ranks(ids: list[UUID], words: str) -> Select[Any]:
    """How well each of these fits the words: its own text, or its best message."""
    asked = tsquery(words)
    best = select(func.max(func.ts_rank(MessageRow.search, asked))).where(MessageRow.practice_id == PracticeRow.id)
    rank = func.greatest(func.ts_rank(PracticeRow.search, asked), func.coalesce(best.scalar_subquery(), 0))
    return select(PracticeRow.id, rank).where(_one_of(ids))


SHOWN = (
    "practice_id", "code", "channel", "kind", "state", "closure", "practice_class", "language", "requester_type", "name", "subject",
    "opened_at", "due_on", "office_id", "operator", "topic_id", "municipality", "event_id", "no_reply_address", "merged_into",
    "exercise", "urgent",
)  # fmt: skip
"""The columns of `rows` by name; the last one behind them is the headline."""


def rows(of: list[UUID] | Select[tuple[UUID]], words: str) -> Select[Any]:
    """What a list shows of these practices, in no order: `SHOWN`, and the headline, None without words."""
    row, message = PracticeRow, MessageRow
    no_alarm = literal([], message.alarm_words.type)
    made: dict[str, Any] = {
        "practice_id": row.id,
        "code": func.coalesce(row.code, ""),
        "urgent": exists().where(message.practice_id == row.id, message.alarm_words != no_alarm),
    }
    columns: list[Any] = [made[name] if name in made else getattr(row, name) for name in SHOWN]
    which = _one_of(of) if isinstance(of, list) else row.id.in_(of)
    shown: Select[Any] = select(*columns, _headline(words) if words else literal(None))
    return shown.where(which)


def _one_of(ids: list[UUID]) -> ColumnElement[bool]:
    # As one array: a statement with a thousand values of its own would be made anew each time.
    return PracticeRow.id == any_(literal(ids, ARRAY(Uuid())))


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
