"""Pure decisions of a search: what may be asked, where a page begins, what is shown of a text."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import TypeVar

from dialplan.numbers import caller_number
from ticket_core.codes import grouped, is_well_formed, normalise
from ticket_core.search.model import BadQuery, Nobody, Query, Segment, Sort
from ticket_core.terms import ROME

LONGEST = 500
MOST_ROWS = 200
LONGEST_STEP = 40_000
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(9000, 1, 1)

# Private-use characters: what stands in a text under them is taken out of it first.
MARK, UNMARK = "\ue000", "\ue001"
_NOT_TEXT = frozenset({"Cc", "Cs"})

Value = TypeVar("Value")


def accepted(query: Query) -> Query:
    """The query in the spelling that is stored: code of 11 digits, number in E.164, tidy words. Raises `BadQuery`."""
    if not 1 <= query.limit <= MOST_ROWS:
        raise BadQuery(f"a page has 1 to {MOST_ROWS} rows, not {query.limit}")
    words = tidy(query.words, "words")
    if query.words and not words:
        raise BadQuery("there is no word to look for: write one, or leave the words out")
    if query.sort is Sort.RELEVANCE and not words:
        raise BadQuery("only words make one practice more relevant than another: write some, or sort by opened or due")
    for day in (query.due_on, query.due_by, query.opened_from, query.opened_until):
        if day is not None and not FIRST_DAY <= day <= LAST_DAY:
            raise BadQuery(f"the day {day} is not one that practices are from: write one after {FIRST_DAY}")
    return replace(
        query,
        words=words,
        code=_if_said(query.code, _code),
        number=_if_said(query.number, _number),
        email=_if_said(query.email, lambda text: _some(text, "e-mail address").lower()),
        municipality=_if_said(query.municipality, lambda text: _some(text, "municipality")),
        language=_if_said(query.language, lambda text: _some(text, "language").lower()),
        operator=query.operator
        if isinstance(query.operator, Nobody)
        else _if_said(query.operator, lambda text: _some(text, "operator")),
    )


def tidy(text: str, what: str) -> str:
    """The text as it can be looked for: composed accents, no control characters, single spaces. Raises `BadQuery` when it is too long."""
    if len(text) > LONGEST:
        raise BadQuery(f"the {what} to look for are {len(text)} characters long: at most {LONGEST} are taken")
    plain = "".join(" " if unicodedata.category(letter) in _NOT_TEXT else letter for letter in text)
    return " ".join(unicodedata.normalize("NFC", plain).split())


def next_step(looked_at: int, found: int, missing: int) -> int | None:
    """How many more rows to look at, when `found` of so many fit and `missing` more are wanted. None: look for the words in all of them.

    Where many fit, a page is full after few rows, whatever number of them there are further on; where few fit, an index finds all
    of them at once. Twice what the share so far promises, so that one more step is most often the last.
    """
    if not found:
        return None
    step = 2 * missing * looked_at // found
    return max(step, looked_at) if step <= LONGEST_STEP else None


def day_begins(day: date) -> datetime:
    """The first instant of a local day."""
    return datetime.combine(day, time(), ROME)


def day_ends(day: date) -> datetime:
    """The first instant after a local day."""
    return day_begins(day + timedelta(days=1))


def segments(headline: str) -> tuple[Segment, ...]:
    """A text in which `MARK` and `UNMARK` stand around each word that was looked for, in pieces."""
    pieces: list[Segment] = []
    for number, part in enumerate(headline.split(MARK)):
        marked, found, plain = part.partition(UNMARK)
        if not (number and found):
            marked, plain = "", part.replace(UNMARK, "")
        pieces += [Segment(marked, True)] if marked else []
        pieces += [Segment(plain, False)] if plain else []
    return tuple(pieces)


def _if_said(value: str | None, read: Callable[[str], Value]) -> Value | None:
    return None if value is None else read(value)


def _some(text: str, what: str) -> str:
    tidied = tidy(text, what)
    if not tidied:
        raise BadQuery(f"the {what} to look for is empty: write it, or leave it out")
    return tidied


def _code(typed: str) -> str:
    code = normalise(tidy(typed, "code"))
    if not is_well_formed(code):
        raise BadQuery(
            f"this is not a practice's code: one has 11 digits, as in {grouped('12345678909')}. Look at it again."
        )
    return code


def _number(typed: str) -> str:
    number = caller_number(tidy(typed, "number"))
    if number is None:
        raise BadQuery("this is not a telephone number: write it as 06 1234 5678 or +39 06 1234 5678")
    return number
