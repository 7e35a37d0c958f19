"""The clock's duties: what is done, in which order, how often."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from foundation.clock import Clock
from foundation.database import Database
from ticket_core.attachments.service import Attachments
from ticket_core.audio_store import AudioStore
from ticket_core.casework import Casework
from ticket_core.clock.alarms import Alarms
from ticket_core.clock.awaited import Awaited
from ticket_core.clock.contents import Contents
from ticket_core.clock.forgetting import Forgetting
from ticket_core.clock.model import Keeping, Tally
from ticket_core.clock.paging import Pages
from ticket_core.clock.seat import Confirm
from ticket_core.clock.settings import ClockSettings
from ticket_core.code_book import CodeBook
from ticket_core.histories import Histories
from ticket_core.replies.service import Replies
from ticket_core.terms import Counting

Verb = Callable[[datetime], Awaitable[Tally]]


@dataclass(frozen=True)
class Duty:
    """Something that is done every `every_s` seconds, as of an instant; `name` stands in logs and metrics."""

    name: str
    every_s: float
    do: Verb


class Duties:
    """Makes the duties over practices. All work through pages that ask `confirm` before each step."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        counting: Counting,
        codes: CodeBook,
        attachments: Attachments,
        audio: AudioStore,
        settings: ClockSettings,
        keeping: Keeping,
        confirm: Confirm,
    ) -> None:
        pages = Pages(confirm, settings.page, settings.pause_s)
        replies = Replies(database, clock)
        casework = Casework(database, clock, counting, codes, replies)
        self.alarms = Alarms(database, counting, settings.warnings())
        self._settings = settings
        self._pages = pages
        self._awaited = Awaited(database, casework, self.alarms, counting, settings.reminder_days, pages)
        self._contents = Contents(database, attachments, audio, counting, keeping, pages)
        self._forgetting = Forgetting(database, casework, replies, counting, keeping, pages)
        self._histories = Histories(database, clock)
        self._attachments = attachments

    def all(self) -> Sequence[Duty]:
        """Every duty, in the order in which they are done: what is over its last day is closed, and not reminded of before."""
        look, forget = self._settings.look_s, self._settings.forget_s
        awaited, contents, forgetting = self._awaited, self._contents, self._forgetting
        verbs: Sequence[tuple[float, Verb]] = (
            (look, awaited.show_arrived),
            (look, awaited.close_missing),
            (look, awaited.remind),
            (look, self.raise_alarms),
            (forget, forgetting.forget_practices),
            (forget, forgetting.empty_erased),
            (forget, contents.forget_audio),
            (forget, contents.forget_transcripts),
            (forget, contents.forget_attachments),
            (forget, contents.forget_strangers),
            (self._settings.seal_s, self.seal_histories),
            (self._settings.sweep_s, self.sweep_attachments),
        )
        return tuple(Duty(verb.__name__, every_s, verb) for every_s, verb in verbs)

    async def raise_alarms(self, now: datetime) -> Tally:
        """Alarms of terms."""
        return await self.alarms.raise_terms(now, self._pages)

    async def seal_histories(self, now: datetime) -> Tally:
        """Seal what was written into histories since the last seal."""
        return Tally(await self._histories.seal())

    async def sweep_attachments(self, now: datetime) -> Tally:
        """Remove content that nobody refers to; documents whose content is missing are told in the log, as an error."""
        swept = await self._attachments.sweep()
        return Tally(swept.removed + swept.unfinished, len(swept.missing))
