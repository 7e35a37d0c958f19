"""Practices as seventy years of the service leave them, as lines of PostgreSQL's COPY: true chains, clocks, codes, two languages."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from stdnum import damm

from bench.words import LONG_AGO, NOW_ON_EVERY_LIP, Writer
from ticket_core import chain
from ticket_core.codes import RANDOM_DIGITS

YEARS, LATELY = timedelta(days=70 * 365), timedelta(days=60)
LATE_SHARE = 0.2
ENTRIES = 5
MUNICIPALITIES, TOPICS = 400, 12
FORMER = (0.35, 0.38)
OPERATORS = ("anna", "bruno", "carla", "dario", "elena", "fabio")
CHANNELS = ("phone_call", "voice_message", "web_form", "web_form", "email", "email", "pec", "fax", "letter")
OPEN_STATES = ("received", "in_progress", "in_progress", "awaiting_administration", "awaiting_documents")
# Odd and prime to ten: the codes of all numbers differ, and look drawn.
SPREAD = 7_368_787_433


def _columns(names: str) -> list[str]:
    return names.split()


COLUMNS = {
    "practice": _columns(
        "id code channel kind language caller requester_type name email subject text practice_class state closure opened_at "
        "counts_from state_since answered_at due_on no_reply_address office_id operator topic_id municipality exercise "
        "history_length history_head"
    ),
    "practice_history": _columns("practice_id seq at what author reason salt content digest"),
    "practice_clock": _columns("practice_id state starts ends reason due_on term_days"),
    "practice_code": _columns("code drawn_at"),
    "message": _columns("id call_id practice_id language recording state transcript made_at"),
}
"""What is written of each table; what is left out has its default."""


@dataclass(frozen=True)
class Plan:
    """How much is made, up to which instant, and what it refers to."""

    practices: int
    now: datetime
    office: UUID
    topics: tuple[UUID, ...]


@dataclass
class Lines:
    """The lines of each table, each ending in a line feed."""

    of: dict[str, list[str]] = field(default_factory=lambda: {table: [] for table in COLUMNS})

    def add(self, table: str, *values: object) -> None:
        """One row; None is NULL. No value holds a tab, a line feed or a backslash."""
        self.of[table].append("\t".join(map(_told, values)) + "\n")


def code(number: int) -> str:
    """The code of the practice with this number."""
    digits = f"{number * SPREAD % 10**RANDOM_DIGITS:0{RANDOM_DIGITS}d}"
    return digits + str(damm.calc_check_digit(digits))


def istat(number: int) -> str:
    """The code of a municipality of the bench."""
    return f"{number:06d}"


class Maker:
    """Makes rows; the same plan and number make the same practice, but for the chain's salts."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._writers = {language: Writer.of(language) for language in ("it", "en")}

    def lines(self, first: int, last: int) -> Lines:
        """Practices `first` to `last` without it."""
        lines = Lines()
        for number in range(first, last):
            self._practice(lines, number, random.Random(number))
        return lines

    def _opened(self, number: int) -> datetime:
        share, late = number / self._plan.practices, 1 - LATE_SHARE
        if share < late:
            return self._plan.now - YEARS + (YEARS - LATELY) * (share / late)
        return self._plan.now - LATELY * ((1 - share) / LATE_SHARE)

    def _text(self, number: int, dice: random.Random, language: str) -> str:
        text = self._writers[language].text(dice, dice.randint(10, 40))
        share = number / self._plan.practices
        if share >= 1 - LATE_SHARE and dice.random() < 0.4:
            return f"{text} {NOW_ON_EVERY_LIP}"
        return f"{text} {LONG_AGO}" if FORMER[0] < share < FORMER[1] and dice.random() < 0.6 else text

    def _practice(self, lines: Lines, number: int, dice: random.Random) -> None:
        practice_id = UUID(int=dice.getrandbits(128), version=4)
        opened = self._opened(number)
        age = self._plan.now - opened
        is_open = dice.random() < max(0.002, 1 - age / timedelta(days=45))
        state = dice.choice(OPEN_STATES) if is_open else "closed"
        channel, language = dice.choice(CHANNELS), "it" if dice.random() < 0.85 else "en"
        quick = dice.random() < 0.3
        term = 7 if quick and channel == "web_form" else 40
        runs = state in ("received", "in_progress")
        due, since = (opened + timedelta(days=term)).date(), opened + min(age, timedelta(days=9)) / 2
        text = self._text(number, dice, language)
        spoken = channel == "voice_message"
        caller = f"+3906{dice.randrange(10**7):07d}" if channel in ("phone_call", "voice_message") else None
        email = f"persona{dice.randrange(self._plan.practices)}@example.org" if caller is None else None
        names = self._writers["it"].words
        name = f"{names[-1 - dice.randrange(3000)].title()} {names[-1 - dice.randrange(9000)].title()}"
        head = self._history(lines, practice_id, dice, opened, since, channel, state)
        lines.add(
            "practice", practice_id, code(number), channel, dice.choice(("information", "report", "proposal")), language, caller,
            "citizen", name, email, "" if spoken else text[:40].rpartition(" ")[0], "" if spoken else text,
            "quick_search" if quick else None, state, None if is_open else "answered", opened, opened, since,
            None if is_open else since, due if runs else None, False, self._plan.office,
            None if state == "received" else dice.choice(OPERATORS), dice.choice(self._plan.topics),
            istat(min(int(dice.expovariate(0.02)), MUNICIPALITIES - 1)), dice.random() < 0.01, ENTRIES, head,
        )  # fmt: skip
        lines.add("practice_code", code(number), opened)
        self._clock(lines, practice_id, opened, since, due, term, state)
        if spoken:
            transcript = (
                f'{{"text": "{text}", "words": [], "engine": "vosk", "model": "small", "language": "{language}"}}'
            )
            message_id = UUID(int=dice.getrandbits(128), version=4)
            lines.add(
                "message", message_id, message_id, practice_id, language, message_id, "transcribed", transcript, opened
            )

    def _history(
        self, lines: Lines, practice_id: UUID, dice: random.Random, opened: datetime, since: datetime, channel: str, state: str
    ) -> bytes:  # fmt: skip
        """Entries in their chain; returns its head."""
        author, before = dice.choice(OPERATORS), chain.start(practice_id)
        told = self._writers["it"].text(dice, 6)
        entries = (
            (opened, "form", "received", channel), (opened, "form", "contact", f"{channel} {told}"),
            (opened + (since - opened) / 2, author, "class unclassified -> complex", told),
            (since, author, "corrected", f"{told}; subject: nothing -> {told}"), (since, author, f"in_progress -> {state}", told),
        )  # fmt: skip
        for seq, (at, by, what, reason) in enumerate(entries, start=1):
            link = chain.make_link(practice_id, before, seq, at, by, what, reason)
            lines.add("practice_history", practice_id, seq, at, what, by, reason, link.salt, link.content, link.digest)
            before = link.digest
        return before

    def _clock(
        self, lines: Lines, practice_id: UUID, opened: datetime, since: datetime, due: object, term: int, state: str
    ) -> None:  # fmt: skip
        runs = state in ("received", "in_progress")
        lines.add("practice_clock", practice_id, "runs", opened, None if runs else since, "received", due, term)
        if not runs:
            kind = {"closed": "stopped", "awaiting_documents": "suspended_documents"}.get(
                state, "suspended_administration"
            )
            lines.add("practice_clock", practice_id, kind, since, None, state, None, term)


def chunks(total: int, size: int) -> Iterator[tuple[int, int]]:
    """From and to of each piece."""
    for first in range(0, total, size):
        yield first, min(first + size, total)


def _told(value: object) -> str:
    if value is None:
        return r"\N"
    return rf"\\x{value.hex()}" if isinstance(value, bytes) else str(value)
