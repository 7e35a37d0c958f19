"""What the dialplan's fallback wrote of a call: one fact a line, `FACT EPOCH [VALUE]`, any of which may be missing. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from dialplan.numbers import caller_number
from ledger.model import Happened, Outcome, StepKind

_LINE = re.compile(r"([a-z-]+) (\d{1,11})(?: (.*))?")

LEAST_S = 2.0
"""A shorter recording is no message."""

QUIET = timedelta(seconds=45)
"""A recording that has not grown for so long is over, and so is what is said after it."""
QUIET_ALONE = timedelta(seconds=10)
"""As `QUIET`, where the note could not be written: Asterisk writes a growing recording every two seconds."""
LONGEST_WAIT = timedelta(minutes=20)
"""Notice, longest wait for an operator, notice of the mailbox: after that a note without a recording is a caller who hung up."""
LONGEST_TALK = timedelta(hours=3)


STEPS = {
    "waiting": (StepKind.QUEUED, ""),
    "answered": (StepKind.ANSWERED, "operator"),
    "recording": (StepKind.VOICEMAIL, ""),
}
"""Fact to the ledger's step, and the name of its value there."""


@dataclass(frozen=True)
class Fact:
    """One line."""

    at: datetime
    value: str


@dataclass(frozen=True)
class FallbackNote:
    """A call's facts by name; of a fact that stands there twice the first counts, of `ended` the last."""

    facts: Mapping[str, Fact]

    @classmethod
    def read(cls, text: str) -> FallbackNote:
        """What can be read of a note; a line that is cut off or no fact is left out."""
        facts: dict[str, Fact] = {}
        for line in text.splitlines():
            found = _LINE.fullmatch(line.strip())
            if found and (found[1] == "ended" or found[1] not in facts):
                facts[found[1]] = Fact(datetime.fromtimestamp(int(found[2]), UTC), found[3] or "")
        return cls(facts)

    def at(self, fact: str) -> datetime | None:
        """When it was written, None when it was not."""
        found = self.facts.get(fact)
        return found.at if found else None

    def value(self, fact: str) -> str:
        """What stands behind it; "" when nothing does."""
        found = self.facts.get(fact)
        return found.value if found else ""

    @property
    def caller(self) -> str | None:
        """The caller's number in E.164."""
        return caller_number(self.value("caller"))

    @property
    def first(self) -> datetime | None:
        """The earliest time in it."""
        return min((fact.at for fact in self.facts.values()), default=None)

    @property
    def last(self) -> datetime | None:
        """The latest time in it."""
        return max((fact.at for fact in self.facts.values()), default=None)

    def is_over(self, now: datetime, note_written: datetime | None, recording_grew: datetime | None) -> bool:
        """Whether the call has ended: it says so, or nothing has happened for longer than anything lasts.

        `note_written` and `recording_grew` are when the files last changed, None for one that is not there.
        """
        if "ended" in self.facts:
            return True
        if recording_grew is not None:
            return now - recording_grew > (QUIET if note_written else QUIET_ALONE)
        longest = LONGEST_TALK if "answered" in self.facts else LONGEST_WAIT
        return note_written is not None and now - note_written > longest

    def outcome(self, seconds: float) -> Outcome:
        """What the call came to, with a recording of so many seconds (0 when there is none)."""
        if "answered" in self.facts:
            return Outcome.ANSWERED
        if seconds >= LEAST_S:
            return Outcome.MESSAGE_LEFT
        return Outcome.ERROR if "failed" in self.facts else Outcome.MISSED

    def steps(self) -> tuple[Happened, ...]:
        """The ledger's steps, in order."""
        made = [
            Happened(kind, fact.at, {name: fact.value} if name and fact.value else {})
            for word, (kind, name) in STEPS.items()
            if (fact := self.facts.get(word))
        ]
        return tuple(sorted(made, key=lambda step: step.at))
