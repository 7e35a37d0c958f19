"""Writes that must not be lost while the database is away: on the disk first, then applied in order, once.

Entries belong to a subject (a call): those of one subject are applied in the order in which they were added, subjects beside each
other. Applying must be idempotent on the entry's id: after a crash the entries of every subject that was not over are applied
again. A subject's entries are kept until the last one closes it and all are applied, so that whoever resumes it can read its story.
An entry after a closing one opens the subject again, with a story that begins there.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import UUID

from pydantic import Field

from foundation import logs
from foundation.database import is_away
from foundation.journal import Journal, Line, Written
from foundation.settings import Part

log = logs.get(__name__)

APPLIERS = 4
RETRY_AFTER_S = (0.1, 0.2, 0.5, 1.0)
TRIES = 5


class OutboxSettings(Part):
    """Where a process keeps what the database does not have yet: a folder of its own, on a disk that survives a restart."""

    folder: Path = Field(examples=["data/outbox/ivr"])


@dataclass(frozen=True)
class Entry:
    """One write. `body` is JSON; `mono` is in seconds of the process that made it; one that `closes` ends its subject, until another."""

    id: UUID
    subject: UUID
    kind: str
    at: datetime
    mono: float
    body: dict[str, Any]
    closes: bool = False

    def text(self) -> str:
        """As a line of the journal."""
        known = {"id": str(self.id), "subject": str(self.subject), "kind": self.kind, "at": self.at.isoformat()}
        return json.dumps({**known, "mono": self.mono, "body": self.body, "closes": self.closes})

    @classmethod
    def read(cls, text: str) -> Entry:
        """The entry of a line. Raises ValueError, KeyError, TypeError."""
        body = json.loads(text)
        at = datetime.fromisoformat(body["at"])
        return cls(
            UUID(body["id"]), UUID(body["subject"]), body["kind"], at, body["mono"], body["body"], body["closes"]
        )


@dataclass
class _Story:
    """One subject's entries: `segments` has one number for each that is on the disk, the first `applied` are in the database."""

    entries: list[Entry] = field(default_factory=list)
    segments: list[int] = field(default_factory=list)
    applied: int = 0
    in_hand: bool = False
    caught_up: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_closed(self) -> bool:
        return bool(self.entries) and self.entries[-1].closes

    def since_it_was_opened(self) -> list[Entry]:
        """The entries after the closing one before the last, if any."""
        closing = [place for place, entry in enumerate(self.entries[:-1]) if entry.closes]
        return self.entries[closing[-1] + 1 :] if closing else self.entries


class Outbox:
    """`apply` writes one entry to the database.

    While it raises what `foundation.database.is_away` knows, entries wait. One that fails for another reason, time and again, is set
    aside in the journal `refused` and named in the log, and its subject goes on: nothing waits for ever behind one bad line, and
    nothing is thrown away.
    """

    def __init__(self, journal: Journal, refused: Journal, apply: Callable[[Entry], Awaitable[None]]) -> None:
        self._journal = journal
        self._refused = refused
        self._apply = apply
        self._stories: dict[UUID, _Story] = {}
        self._work: asyncio.Queue[UUID] = asyncio.Queue()
        self._unreadable: list[Line] = []
        self.refusals = 0
        self.is_away = False
        self._load()

    # -- what is there

    def story(self, subject: UUID) -> Sequence[Entry]:
        """The entries of a subject since it was opened, oldest first; () when there are none, or when it is over and all are applied."""
        story = self._stories.get(subject)
        return tuple(story.since_it_was_opened()) if story else ()

    def open_subjects(self) -> list[UUID]:
        """Subjects whose last entry does not close them."""
        return [subject for subject, story in self._stories.items() if not story.is_closed]

    @property
    def pending(self) -> int:
        """How many entries are not in the database yet."""
        return sum(len(story.entries) - story.applied for story in self._stories.values())

    def oldest_pending(self) -> datetime | None:
        """When the oldest of them was made; None when all are applied."""
        waiting = [s.entries[s.applied].at for s in self._stories.values() if s.applied < len(s.entries)]
        return min(waiting, default=None)

    # -- adding

    def post(self, entry: Entry) -> Written:
        """Add an entry; what is returned tells when it is on the disk. A failure nobody waits for stands in the log."""
        story = self._stories.setdefault(entry.subject, _Story())
        story.entries.append(entry)  # at once: whoever reads the story sees what is under way
        story.caught_up.clear()
        written = self._journal.append(entry.text())
        written.add_done_callback(lambda done: self._written(done, entry, story))
        return written

    async def add(self, entry: Entry) -> None:
        """Add an entry; it is on the disk when this returns. Raises OSError when the disk takes nothing: nothing was added then."""
        await asyncio.shield(self.post(entry))

    def _written(self, done: Written, entry: Entry, story: _Story) -> None:
        if done.cancelled():
            return
        if error := done.exception():
            log.error("journal_not_written", call_id=str(entry.subject), kind=entry.kind, **logs.fault(error))
            story.entries.remove(entry)
        else:
            story.segments.append(done.result())
        self._hand_on(entry.subject, story)

    async def applied(self, subject: UUID, within_s: float) -> bool:
        """Wait until all of a subject's entries are in the database; False when they are not within `within_s` seconds."""
        story = self._stories.get(subject)
        if story is None:
            return True
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await story.caught_up.wait()
        return story.caught_up.is_set()

    async def drained(self, within_s: float) -> bool:
        """Wait until nothing is pending; False when something still is after `within_s` seconds."""
        ends = monotonic() + within_s
        for subject in list(self._stories):
            await self.applied(subject, max(0.0, ends - monotonic()))
        return not self.pending

    # -- applying

    async def run(self) -> None:
        """Apply what is there and what is added, until cancelled."""
        for line in self._unreadable:
            await self._keep_aside(line.text)
            self._journal.release([line.segment])
        async with asyncio.TaskGroup() as tasks:
            for _ in range(APPLIERS):
                tasks.create_task(self._applier())

    async def _applier(self) -> None:
        while True:
            subject = await self._work.get()
            story = self._stories[subject]
            while story.applied < len(story.segments):
                await self._see_through(story.entries[story.applied])
                story.applied += 1
            story.in_hand = False
            if story.applied == len(story.entries):
                story.caught_up.set()
                self._forget_if_over(subject, story)

    async def _see_through(self, entry: Entry) -> None:
        """Apply one entry, however long it takes; set it aside when it can never be applied."""
        tries = waits = 0
        while True:
            try:
                await self._apply(entry)
            except Exception as error:
                tries += not self._notes_away(error)
                if tries == TRIES:
                    log.error("outbox_entry_refused", call_id=str(entry.subject), kind=entry.kind, **logs.fault(error))
                    return await self._keep_aside(entry.text())
                await asyncio.sleep(RETRY_AFTER_S[min(waits, len(RETRY_AFTER_S) - 1)])
                waits += 1
            else:
                self.is_away = False
                return None

    def _notes_away(self, error: Exception) -> bool:
        if not is_away(error):
            return False
        if not self.is_away:
            log.warning("database_away", pending=self.pending, **logs.fault(error))
        self.is_away = True
        return True

    async def _keep_aside(self, text: str) -> None:
        self.refusals += 1
        while True:
            try:
                await self._refused.append(text)
            except OSError as error:
                # A full disk: it stands in the journal still.
                log.error("refusal_not_written", **logs.fault(error))
                await asyncio.sleep(RETRY_AFTER_S[-1])
            else:
                return

    def _hand_on(self, subject: UUID, story: _Story) -> None:
        if not story.in_hand:
            story.in_hand = True
            self._work.put_nowait(subject)

    def _forget_if_over(self, subject: UUID, story: _Story) -> None:
        if story.is_closed or not story.entries:
            del self._stories[subject]
            self._journal.release(story.segments)

    def _load(self) -> None:
        self.refusals = len(self._refused.load())
        for line in self._journal.load():
            try:
                entry = Entry.read(line.text)
            except (ValueError, KeyError, TypeError) as error:
                log.error("journal_line_unreadable", segment=line.segment, **logs.fault(error))
                self._unreadable.append(line)
                continue
            story = self._stories.setdefault(entry.subject, _Story())
            story.entries.append(entry)
            story.segments.append(line.segment)
        for subject, story in self._stories.items():
            self._hand_on(subject, story)
