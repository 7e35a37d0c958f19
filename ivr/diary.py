"""The diary of a call: what happened in it, on the disk before anything is promised, and read again after a restart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from foundation.clock import Clock
from foundation.outbox import Entry, Outbox
from ivr.model import Draft, Filed, Place, Visit, take_name
from ledger.model import Outcome
from ticket_core.model import Audio, PracticeStatus


class Kind(StrEnum):
    """What an entry says; `ivr.records` does with each what it means."""

    ARRIVED = "arrived"
    LANGUAGE = "language"
    FLOW = "flow"
    STEP = "step"
    VISIT = "visit"
    MESSAGE = "message"
    TAKE = "take"
    FILED = "filed"
    ABANDONED = "abandoned"
    ENDED = "ended"
    HANDED_OVER = "handed_over"
    HANDED_ON = "handed_on"


@dataclass(frozen=True)
class MessageSoFar:
    """What a diary says of its call's message. `takes` is the number of the newest recording, 0 before the first."""

    id: UUID
    takes: int
    adds_to_code: str | None
    filed: Filed | None = None
    abandoned: bool = False

    @property
    def is_open(self) -> bool:
        """Neither filed nor given up."""
        return self.filed is None and not self.abandoned

    def take_names(self) -> list[str]:
        """The recordings, newest first."""
        return [take_name(self.id, number) for number in range(self.takes, 0, -1)]


class Diary:
    """One call's entries since it came, or came back, to us.

    A verb that is a coroutine returns when they are on the disk, and raises OSError when they cannot be.
    """

    def __init__(self, outbox: Outbox, clock: Clock, call_id: UUID) -> None:
        self._outbox = outbox
        self._clock = clock
        self.call_id = call_id

    # -- writing

    async def arrived(self, caller: str | None, dialled: str, language: str) -> None:
        """The call is here; said once, whoever takes it up again."""
        if not self._entries():
            await self._keep(Kind.ARRIVED, caller=caller, dialled=dialled, language=language)

    def language(self, language: str) -> None:
        """The caller chose a language."""
        self._post(Kind.LANGUAGE, language=language)

    def entered(self, flow: str, language: str) -> None:
        """The caller is in this flow now."""
        self._post(Kind.FLOW, flow=flow, language=language)

    def step(self, kind: str, **detail: Any) -> None:
        """A step for the ledger."""
        self._post(Kind.STEP, kind=kind, detail=detail)

    async def visit(self, visit: Visit) -> None:
        """What the caller has answered so far."""
        await self._keep(Kind.VISIT, **(asdict(visit) | {"resumed": False}))

    async def message(
        self, message_id: UUID, language: str, caller: str | None, adds_to: PracticeStatus | None
    ) -> None:
        """A message is about to be taken, for the practice `adds_to` where the caller chose one."""
        known = (str(adds_to.practice_id), adds_to.code) if adds_to else (None, None)
        await self._keep(
            Kind.MESSAGE, message=str(message_id), language=language, caller=caller, adds_to=known[0], code=known[1]
        )

    async def take(self, message_id: UUID, take: str) -> None:
        """The recording that counts from now on."""
        await self._keep(Kind.TAKE, message=str(message_id), take=take)

    async def filed(self, message_id: UUID, audio: Audio, code: str | None) -> None:
        """The message's audio is kept, and its practice has this code. `code` is None where it has one already, or none is left."""
        await self._keep(Kind.FILED, message=str(message_id), audio=asdict(audio), code=code)

    async def abandoned(self, message_id: UUID, reason: str) -> None:
        """Nothing was said that could be kept."""
        await self._keep(Kind.ABANDONED, message=str(message_id), reason=reason)

    async def ended(self, outcome: Outcome) -> None:
        """The call is over."""
        await self._keep(Kind.ENDED, closes=True, outcome=outcome.value)

    async def handed_over(self) -> None:
        """The dialplan has the call now, and its import writes the end."""
        await self._keep(Kind.HANDED_OVER, closes=True)

    async def handed_on(self) -> None:
        """The queue has the call now, and writes what happens in it."""
        await self._keep(Kind.HANDED_ON, closes=True)

    # -- reading

    def place(self) -> Place | None:
        """Where the call is in the script; None before it has entered its first flow."""
        last = _last(self._entries(), Kind.FLOW)
        return Place(last.body["flow"], last.body["language"]) if last else None

    def visit_so_far(self) -> Visit:
        """What the last entry about it says; `resumed` when there was one before."""
        entries = self._entries()
        last = _last(entries, Kind.VISIT)
        if last is None:
            return Visit(resumed=bool(entries))
        return Visit(**(last.body | {"outcome": Outcome(last.body["outcome"]), "resumed": True}))

    def message_so_far(self) -> MessageSoFar | None:
        """The call's message, or None."""
        entries = self._entries()
        opened, filed = _last(entries, Kind.MESSAGE), _last(entries, Kind.FILED)
        if opened is None:
            return None
        code, take = opened.body["code"], _last(entries, Kind.TAKE)
        return MessageSoFar(
            UUID(opened.body["message"]),
            int(take.body["take"].rpartition("-")[2]) if take else 0,
            code,
            Filed(code or filed.body["code"], added=code is not None) if filed else None,
            _last(entries, Kind.ABANDONED) is not None,
        )

    async def is_in_the_database(self, within_s: float) -> bool:
        """Wait until all of it is; False when the database does not take it in time."""
        return await self._outbox.applied(self.call_id, within_s)

    def _entries(self) -> Sequence[Entry]:
        entries = self._outbox.story(self.call_id)
        return () if entries and entries[-1].closes else entries

    def _entry(self, kind: Kind, closes: bool, body: dict[str, Any]) -> Entry:
        return Entry(uuid4(), self.call_id, kind, self._clock.now(), self._clock.monotonic(), body, closes)

    def _post(self, entry: Kind, /, **body: Any) -> None:
        self._outbox.post(self._entry(entry, False, body))

    async def _keep(self, entry: Kind, /, closes: bool = False, **body: Any) -> None:
        await self._outbox.add(self._entry(entry, closes, body))


def _last(entries: Sequence[Entry], kind: Kind) -> Entry | None:
    return next((entry for entry in reversed(entries) if entry.kind == kind), None)


def draft_of(message: MessageSoFar) -> Draft:
    """The message as a flow goes on with it; which takes are good is for whoever can look at them."""
    return Draft(message.id, message.takes, filed=message.filed, given_up=message.abandoned)
