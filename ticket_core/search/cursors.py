"""Where a page ended, as a text for whoever asks for the next one. Pure."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass, fields
from datetime import date, datetime
from hashlib import sha256
from uuid import UUID

from ticket_core.search.model import BadQuery, Query, Sort

_NOT_OURS = "this is not the cursor of a page of this search: begin with the first page"
_LONGEST = 400
_CHECK = 12


@dataclass(frozen=True)
class Place:
    """A row's place in the order: what the list is sorted by (an instant, a due day), and its id where that is the same."""

    key: datetime | date
    id: UUID


@dataclass(frozen=True)
class Cursor:
    """The last row that was given. By relevance: `newest` is the place of the newest of the ranked ones, `rank` the last one's rank."""

    last: UUID
    newest: Place
    rank: float | None = None


def fingerprint(query: Query) -> str:
    """What tells one search from another: everything that is asked, but for the page."""
    asked = {field.name: getattr(query, field.name) for field in fields(query) if field.name not in ("limit", "cursor")}
    plain = {name: sorted(value) if isinstance(value, frozenset) else str(value) for name, value in asked.items()}
    return sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:_CHECK]


def written(cursor: Cursor, query: Query) -> str:
    """The cursor as a text."""
    newest = cursor.newest
    plain = [fingerprint(query), cursor.last.hex, newest.key.isoformat(), newest.id.hex, cursor.rank]
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode()


def read(text: str, query: Query) -> Cursor:
    """What `written` wrote for the same query. Raises `BadQuery` for anything else."""
    if len(text) > _LONGEST:
        raise BadQuery(_NOT_OURS)
    try:
        of, last, key, newest, rank = json.loads(base64.b64decode(text.encode(), altchars=b"-_", validate=True))
        if of != fingerprint(query):
            raise BadQuery(_NOT_OURS)
        place = Place(date.fromisoformat(key) if query.sort is Sort.DUE else datetime.fromisoformat(key), UUID(newest))
        return Cursor(UUID(last), place, None if rank is None else float(rank))
    except (ValueError, TypeError, AttributeError, binascii.Error, RecursionError):
        raise BadQuery(_NOT_OURS) from None
