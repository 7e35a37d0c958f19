"""What an attachment is, and why one is refused: frozen values, no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


@dataclass(frozen=True)
class Attachment:
    """One document that came with a request ("Il modulo online consente anche di allegare documenti").

    `sha256`: 64 lower-case hex digits of the content; `name`: as the requester called it, made safe, None once erased;
    `media_type`: as found in the content; `bytes`: its size; `source`: the channel it came through.
    """

    id: UUID
    practice_id: UUID
    sha256: str
    name: str | None
    media_type: str
    bytes: int
    added_at: datetime
    author: str
    source: str
    erased_at: datetime | None = None
    erased_by: str | None = None
    erased_because: str | None = None


@dataclass(frozen=True)
class Offered:
    """A document that may be taken: what is known of it before it is an `Attachment`."""

    practice_id: UUID
    sha256: str
    name: str
    media_type: str
    bytes: int
    author: str
    source: str


class Family(StrEnum):
    """Kinds of documents, as a setting names them."""

    PDF = "pdf"
    IMAGE = "image"
    TEXT = "text"
    OFFICE = "office"
    SIGNED = "signed"
    MAIL = "mail"
    ZIP = "zip"
    MACRO = "macro"
    MARKUP = "markup"


class Refusal(StrEnum):
    """Why a document is not taken; nothing of it was kept. `rules.says` has the words for the requester."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    PRACTICE_FULL = "practice_full"
    TOO_MANY = "too_many"
    TYPE = "type"


@dataclass(frozen=True)
class Swept:
    """What a sweep found. `missing`: ids of attachments whose content is gone from the store; people must know of these."""

    removed: int
    unfinished: int
    missing: tuple[UUID, ...]
