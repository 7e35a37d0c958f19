"""What an entry of the line's diary means to the ledger. Each is written once, however often it is applied."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid5

from foundation.outbox import Entry
from ledger.model import Stamp, StepKind
from ledger.service import Ledger
from queue_manager.diary import Kind

_QUEUED = ("queue", "language", "via", "position")


@dataclass(frozen=True)
class Records:
    """Where entries go. `apply` is what the outbox calls."""

    ledger: Ledger

    async def apply(self, entry: Entry) -> None:
        """Write one entry. Raises what the database raises; KeyError or ValueError for an entry that is none."""
        await _MEANINGS[Kind(entry.kind)](self, entry.subject, entry.body, Stamp(entry.id, entry.at, entry.mono))

    async def _arrived(self, call_id: UUID, body: dict[str, Any], stamp: Stamp) -> None:
        """What `ivr` wrote of a call may still be on its way."""
        arrived = replace(stamp, id=uuid5(stamp.id, "arrived"))
        await self.ledger.arrived(call_id, body["caller"], body["dialled"], body["language"], stamp=arrived)

    async def _refused(self, call_id: UUID, body: dict[str, Any], stamp: Stamp) -> None:
        await self._arrived(call_id, body, stamp)
        await self.ledger.step(call_id, StepKind.LEFT_QUEUE, stamp, why=body["why"], waited_s=0.0)

    async def _joined(self, call_id: UUID, body: dict[str, Any], stamp: Stamp) -> None:
        await self._arrived(call_id, body, stamp)
        await self.ledger.step(call_id, StepKind.QUEUED, stamp, **{name: body[name] for name in _QUEUED})

    async def _step(self, call_id: UUID, body: dict[str, Any], stamp: Stamp) -> None:
        detail = {name: value for name, value in body["detail"].items() if name != "leg"}
        await self.ledger.step(call_id, body["kind"], stamp, **detail)

    async def _callback(self, call_id: UUID, body: dict[str, Any], stamp: Stamp) -> None:
        # The number is the call's, where it is emptied when its time is over; steps are kept.
        await self.ledger.reached_at(call_id, body["number"])
        await self.ledger.step(call_id, StepKind.CALLBACK_ASKED, stamp)

    async def _ended(self, call_id: UUID, body: dict[str, Any], stamp: Stamp) -> None:
        await self.ledger.ended(call_id, body["outcome"], stamp)

    async def _nothing(self, call_id: UUID, body: dict[str, Any], stamp: Stamp) -> None:
        """Nothing to write: whoever has the caller now does."""

    async def _handed_over(self, call_id: UUID, body: dict[str, Any], stamp: Stamp) -> None:
        await self.ledger.step(call_id, StepKind.FALLBACK, stamp)

    async def _operator(self, subject: UUID, body: dict[str, Any], stamp: Stamp) -> None:
        call_id = UUID(body["call_id"]) if body["call_id"] else None
        await self.ledger.operator(body["number"], body["state"], stamp, body["reason"] or None, call_id)


_MEANINGS: dict[Kind, Callable[[Records, UUID, dict[str, Any], Stamp], Awaitable[None]]] = {
    Kind.JOINED: Records._joined,
    Kind.REFUSED: Records._refused,
    Kind.STEP: Records._step,
    Kind.CALLBACK: Records._callback,
    Kind.ENDED: Records._ended,
    Kind.GIVEN_BACK: Records._nothing,
    Kind.HANDED_OVER: Records._handed_over,
    Kind.OPERATOR: Records._operator,
}
