"""What the flows need of the rest of the platform."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Protocol
from uuid import UUID

from ivr.model import Draft, Filed, Hours, Place, Visit
from ivr.settings import IvrSettings
from ledger.model import Outcome
from phone.call import Call, Recorded
from ticket_core.model import PracticeStatus


class Desk(Protocol):
    """Behind one call: hours, practices, messages, and the ledger's page of this call."""

    settings: IvrSettings

    async def hours(self) -> Hours:
        """Is the line open, and what a caller is told of it."""
        ...

    def bulletin(self) -> bool:
        """Whether an emergency bulletin is to be said first."""
        ...

    def enter(self, flow: str, language: str) -> None:
        """The caller is in this flow from now on: a restart enters it again, in the same language."""
        ...

    def note(self, kind: str, **detail: Any) -> None:
        """Write a step of the ledger. No digit of a code, no number, no word of a message goes into it."""
        ...

    def speaks(self, language: str) -> None:
        """The caller chose a language."""
        ...

    async def remember(self, visit: Visit) -> None:
        """Keep what the caller has answered so far: a restart goes on from there."""
        ...

    async def status(self, code: str) -> PracticeStatus | None:
        """The practice with this code (11 digits), or None. Slow to answer where many codes have failed. Raises `RecordsAway`."""
        ...

    def code_failed(self) -> None:
        """A code was wrong or unknown."""
        ...

    def can_record(self) -> bool:
        """Whether the disk has room for a message: what cannot be kept is not asked for."""
        ...

    async def open_message(self, call: Call, adds_to: PracticeStatus | None) -> Draft:
        """Begin this call's message, or find it again after a restart."""
        ...

    async def note_take(self, draft: Draft, take: str) -> None:
        """The recording that counts from now on."""
        ...

    async def file_message(self, draft: Draft, recorded: Recorded, listens: bool = True) -> Filed:
        """Keep the audio and make the practice (or add to one). Again: the same one.

        A caller who listens is given a code of their own to hear; for one who is gone the practice gets whichever it gets.
        """
        ...

    async def abandon_message(self, draft: Draft, reason: str) -> None:
        """Nothing was said that could be kept."""
        ...

    async def discard_take(self, take: str) -> None:
        """Remove a recording that another replaced, or in which nothing was said."""
        ...


class FrontOffice(Protocol):
    """What the switchboard needs: a desk for each call, the ledger's beginning and end, and order after a restart."""

    def number(self, shown: str) -> str | None:
        """A caller's number in E.164, or None."""
        ...

    def place_of(self, call_id: UUID) -> Place | None:
        """Where a call is in the script; None for one that is new."""
        ...

    async def welcome(self, call_id: UUID, caller: str | None, dialled: str, language: str) -> tuple[Desk, Visit]:
        """Open the page of a call, or find it again with what the caller has answered; no call is answered without one."""
        ...

    async def farewell(self, call_id: UUID, outcome: Outcome) -> None:
        """Close the page."""
        ...

    async def handed_over(self, call_id: UUID) -> None:
        """The dialplan has the caller now; what was said so far is kept, and the import of the rest closes the page."""
        ...

    async def handed_on(self, call_id: UUID) -> None:
        """The queue has the caller now, and closes the page."""
        ...

    async def left_behind(self) -> Collection[UUID]:
        """Calls whose page is open: on the line now, or ended while nobody of ours was there."""
        ...

    async def settle(self, call_id: UUID) -> None:
        """File what was said in a call that is gone, and close its page."""
        ...
