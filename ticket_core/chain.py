"""The history's chain: each entry's digest covers the one before, so that nothing can be changed, dropped or slipped in unseen.

A link covers a salted digest of the content and not the content: erasing a person's data leaves the chain verifiable, and the salt goes
with it, so that nobody can guess what stood there. Pure.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

SALT_BYTES = 16
DIGEST_BYTES = 32


@dataclass(frozen=True)
class Link:
    """One entry as it is kept. `salt`, `author` and `reason` are None where the content was erased; `seq` counts from 1."""

    practice_id: UUID
    seq: int
    at: datetime
    what: str
    author: str | None
    reason: str | None
    salt: bytes | None
    content: bytes
    digest: bytes


def new_salt() -> bytes:
    """Draw a salt."""
    return secrets.token_bytes(SALT_BYTES)


def start(practice_id: UUID) -> bytes:
    """What the first entry of a practice is chained to."""
    return sha256(practice_id.bytes).digest()


def content_digest(salt: bytes, author: str, reason: str) -> bytes:
    """The salted digest of what may be erased."""
    return sha256(salt + _canonical(author, reason)).digest()


def link_digest(before: bytes, seq: int, at: datetime, what: str, content: bytes) -> bytes:
    """The digest of an entry, given that of the one before."""
    return sha256(before + _canonical(seq, at.astimezone(UTC).isoformat(), what) + content).digest()


def make_link(practice_id: UUID, before: bytes, seq: int, at: datetime, author: str, what: str, reason: str) -> Link:
    """A new entry."""
    salt = new_salt()
    content = content_digest(salt, author, reason)
    return Link(practice_id, seq, at, what, author, reason, salt, content, link_digest(before, seq, at, what, content))


def find_fault(practice_id: UUID, links: Sequence[Link], length: int, head: bytes, erased: bool = False) -> str | None:
    """What is wrong with a practice's chain, oldest first, or None. `length` and `head` are those that the practice itself keeps.

    Only where the practice was `erased` may an entry have lost its content.
    """
    before = start(practice_id)
    for expected, link in enumerate(links, start=1):
        if link.seq != expected:
            return f"entry {expected} is missing"
        if link.salt is None and not erased:
            return f"entry {link.seq}: its content was removed, and the practice was not erased"
        if not _content_fits(link):
            return f"entry {link.seq}: its content is not what was written"
        if link.digest != link_digest(before, link.seq, link.at, link.what, link.content):
            return f"entry {link.seq}: it does not follow from the one before"
        before = link.digest
    if len(links) != length or before != head:
        return f"the practice counts {length} entries, and its last one is not the last that is there ({len(links)})"
    return None


def seal(before: bytes, digests: Iterable[bytes]) -> bytes:
    """The digest over many entries of all practices, chained to the seal before: a practice cannot vanish as a whole."""
    total = sha256(before)
    for digest in digests:
        total.update(digest)
    return total.digest()


def _content_fits(link: Link) -> bool:
    if link.salt is None:
        return link.author is None and link.reason is None
    return link.content == content_digest(link.salt, link.author or "", link.reason or "")


def _canonical(*fields: object) -> bytes:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
