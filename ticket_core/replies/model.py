"""What a letter to a requester is: frozen values, no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Language(StrEnum):
    """What letters are written in ("Il Contact Center risponde solo a richieste in italiano o in inglese")."""

    IT = "it"
    EN = "en"


class LetterKind(StrEnum):
    """What a letter is for; each kind has one template a language."""

    TAKEN_CHARGE = "taken_charge"
    ANSWER = "answer"
    DOCUMENTS_ASKED = "documents_asked"
    DOCUMENTS_REMINDER = "documents_reminder"
    CLOSED_MISSING_DOCUMENTS = "closed_missing_documents"
    SENT_TO_OFFICE = "sent_to_office"
    OTHER_LANGUAGE = "other_language"
    SUSPENDED = "suspended"
    REOPENED = "reopened"
    EVENT_ANSWER = "event_answer"


WRITTEN_BY_A_PERSON = frozenset({LetterKind.ANSWER, LetterKind.EVENT_ANSWER})
"""All others are made by the system: their header says so, and no automatic reply comes back to them (RFC 3834)."""


class LetterState(StrEnum):
    """Where a letter stands; the steps between states are in `states.py`."""

    TO_SEND = "to_send"
    SENDING = "sending"
    SENT = "sent"
    DEAD = "dead"
    CANCELLED = "cancelled"


WAITING = frozenset({LetterState.TO_SEND, LetterState.SENDING})
"""A letter in one of these has still to reach the requester's server, and nobody has given it up."""


@dataclass(frozen=True, kw_only=True)
class Letter:
    """One letter. `subject` is one line, `body` plain text with `\\n` line ends; `address` is checked by `rules.checked_address`.

    `attempts` counts the tries since it was made or revived, `trying_since` says when that was. `next_try_at` is when a sender
    may take it; of a letter that is being sent, when its sender's lease ends; None in every other state. `error` is what
    went wrong last, and may hold the address. `message_id` is the header, set when a sender first takes it.
    """

    id: UUID
    practice_id: UUID
    kind: LetterKind
    language: Language
    address: str
    subject: str
    body: str
    state: LetterState
    attempts: int
    trying_since: datetime
    next_try_at: datetime | None
    error: str | None
    message_id: str | None
    made_at: datetime
    sent_at: datetime | None
    author: str


@dataclass(frozen=True)
class Outgoing:
    """How many letters wait, since when the oldest of them is tried (None when none waits), and how many are dead."""

    waiting: int
    oldest: datetime | None
    dead: int
