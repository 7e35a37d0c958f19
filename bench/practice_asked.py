"""What is looked for in the bench of practices: a mix of words and filters, as our services take them and as SQL."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bench.practice_rows import MUNICIPALITIES, istat
from bench.words import LONG_AGO, NOW_ON_EVERY_LIP, vocabulary
from foundation.clock import SystemClock
from ticket_core.model import Channel, Kind, PracticeState
from ticket_core.search.model import Query


@dataclass(frozen=True)
class Asked:
    """A search, and the same for a system without a text index: the words, and the filter as SQL."""

    query: Query
    words: tuple[str, ...]
    filter: str


def searches(count: int, dice: random.Random) -> list[Asked]:
    """A mix: rare, middling and common words, one or two, with a filter or without; words of an event of now and of long ago."""
    words = vocabulary("it")
    ranks = ((0, 10), (50, 500), (5_000, 19_000))
    made = []
    for number in range(count):
        picked = [words[dice.randrange(*dice.choice(ranks))] for _ in range(dice.choice((1, 1, 2)))]
        picked = [dice.choice((NOW_ON_EVERY_LIP, LONG_AGO))] if number % 15 == 0 else picked
        filters, sql = _filters(dice)[number % 6]
        made.append(Asked(Query(words=" ".join(picked), **filters), tuple(picked), sql))
    return made


def _filters(dice: random.Random) -> tuple[tuple[dict[str, Any], str], ...]:
    place = istat(min(int(dice.expovariate(0.02)), MUNICIPALITIES - 1))
    year = (SystemClock().now() - timedelta(days=dice.randrange(366, 60 * 365))).date()
    return (
        ({}, ""),
        ({"states": frozenset({PracticeState.RECEIVED})}, " AND state = 'received'"),
        ({"municipality": place}, f" AND municipality = '{place}'"),
        ({"channels": frozenset({Channel.PEC})}, " AND channel = 'pec'"),
        ({"kinds": frozenset({Kind.REPORT}), "language": "en"}, " AND kind = 'report' AND language = 'en'"),
        ({"opened_until": year}, f" AND opened_at < '{year + timedelta(days=1)}'"),
    )
