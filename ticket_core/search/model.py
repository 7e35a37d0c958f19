"""What is asked of a search and what it finds: frozen values, no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum, StrEnum
from uuid import UUID

from ticket_core.model import Channel, Closure, Kind, PracticeClass, PracticeState, RequesterType

PAGE = 50


class BadQuery(Exception):
    """This cannot be searched: the text says why, and what to write instead."""


class Sort(StrEnum):
    """`opened`: newest first. `due`: what has a due day, earliest first. `relevance`: of the newest that match, the best first."""

    OPENED = "opened"
    DUE = "due"
    RELEVANCE = "relevance"


class Nobody(Enum):
    """Stands for practices that no operator has taken, where None would mean any."""

    NOBODY = "nobody"


NOBODY = Nobody.NOBODY


@dataclass(frozen=True, kw_only=True)
class Query:
    """What is looked for; all that is said must be true of a practice, and an empty set or None asks nothing.

    `words` are as a web search takes them: "a phrase", `or`, `-without`; Italian and English forms at once, transcripts too.
    Days are local ones, first and last included. Exercises are left out unless `exercises` lets them in beside the others.
    """

    words: str = ""
    code: str | None = None
    number: str | None = None
    email: str | None = None
    states: frozenset[PracticeState] = frozenset()
    channels: frozenset[Channel] = frozenset()
    kinds: frozenset[Kind] = frozenset()
    classes: frozenset[PracticeClass] = frozenset()
    requester_types: frozenset[RequesterType] = frozenset()
    office_id: UUID | None = None
    operator: str | Nobody | None = None
    topic_id: UUID | None = None
    municipality: str | None = None
    event_id: UUID | None = None
    language: str | None = None
    due_on: date | None = None
    due_by: date | None = None
    opened_from: date | None = None
    opened_until: date | None = None
    overdue: bool = False
    no_reply_address: bool | None = None
    exercises: bool = False
    sort: Sort = Sort.OPENED
    limit: int = PAGE
    cursor: str | None = None


@dataclass(frozen=True)
class Segment:
    """A piece of a snippet: plain text, `marked` where it is a word that was looked for. It holds no `<` and no `>`."""

    text: str
    marked: bool


@dataclass(frozen=True, kw_only=True)
class Hit:
    """One practice in a list. `urgent`: a voice message of it has alarm words. `snippet` is empty where no words were asked."""

    practice_id: UUID
    code: str
    channel: Channel
    kind: Kind | None
    state: PracticeState
    closure: Closure | None
    practice_class: PracticeClass | None
    language: str
    requester_type: RequesterType
    name: str | None
    subject: str
    opened_at: datetime
    due_on: date | None
    office_id: UUID | None
    operator: str | None
    topic_id: UUID | None
    municipality: str | None
    event_id: UUID | None
    no_reply_address: bool
    merged_into: UUID | None
    exercise: bool
    urgent: bool
    snippet: tuple[Segment, ...] = ()


@dataclass(frozen=True)
class Page:
    """A piece of what was found. `cursor` leads to the next one, None where this is the last."""

    hits: tuple[Hit, ...]
    cursor: str | None


class Reason(StrEnum):
    """Why two practices may be one request."""

    SAME_NUMBER = "same_number"
    SAME_EMAIL = "same_email"
    SAME_WORDS = "same_words"
    SAME_PLACE_AND_TOPIC = "same_place_and_topic"


@dataclass(frozen=True)
class Traits:
    """What of a practice is compared. `lexemes` are the stems of its words and its messages'."""

    number: str | None
    email: str | None
    municipality: str | None
    topic_id: UUID | None
    opened_at: datetime
    lexemes: frozenset[str]


@dataclass(frozen=True)
class Suggestion:
    """A practice that may be the same request: `score` from 0 to 1, and the reasons for it. A person decides."""

    practice_id: UUID
    code: str
    subject: str
    opened_at: datetime
    reasons: tuple[Reason, ...]
    score: float
