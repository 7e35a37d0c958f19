"""What an entry of a diary means to the ledger and the practices. Each is written once, however often it is applied."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from foundation import logs
from foundation.bus import Bus, BusError
from foundation.outbox import Entry
from foundation.patience import within
from ivr.diary import Kind
from ivr.rules import QUEUE_FLOW
from ledger.model import Stamp, StepKind
from ledger.service import Ledger
from ticket_core.model import Audio
from ticket_core.service import Practices

log = logs.get(__name__)

NEWS = "voicemail.messages"
NEWS_WITHIN_S = 1.0


@dataclass(frozen=True)
class Records:
    """Where entries go. `apply` is what the outbox calls."""

    ledger: Ledger
    practices: Practices
    bus: Bus

    async def apply(self, entry: Entry) -> None:
        """Write one entry. Raises what the database raises; KeyError or ValueError for an entry that is none."""
        await _MEANINGS[Kind(entry.kind)](self, entry.subject, entry.body, Stamp(entry.id, entry.at, entry.mono))

    async def _arrived(self, call_id: UUID, body: dict[str, Any], stamp: Stamp) -> None:
        await self.ledger.arrived(call_id, body["caller"], body["dialled"], body["language"], stamp=stamp)

    async def _language(self, call_id: UUID, body: dict[str, Any], stamp: Stamp) -> None:
        await self.ledger.language(call_id, body["language"], stamp)

    async def _step(self, call_id: UUID, body: dict[str, Any], stamp: Stamp) -> None:
        await self.ledger.step(call_id, body["kind"], stamp, **body["detail"])

    async def _for_a_restart(self, call_id: UUID, body: dict[str, Any], stamp: Stamp) -> None:
        """Nothing to write: whoever resumes the call reads it in the diary."""

    async def _message(self, call_id: UUID, body: dict[str, Any], stamp: Stamp) -> None:
        message_id = UUID(body["message"])
        adds_to = UUID(body["adds_to"]) if body["adds_to"] else None
        await self.practices.open_message(
            message_id, call_id, body["language"], body["caller"], f"{message_id}-1", adds_to, stamp.at
        )

    async def _take(self, call_id: UUID, body: dict[str, Any], stamp: Stamp) -> None:
        await self.practices.note_take(UUID(body["message"]), body["take"])

    async def _filed(self, call_id: UUID, body: dict[str, Any], stamp: Stamp) -> None:
        await self.practices.file_message(UUID(body["message"]), Audio(**body["audio"]), body["code"], stamp.at)
        try:
            await within(self.bus.publish(NEWS, {"message": body["message"]}), NEWS_WITHIN_S)
        except (BusError, TimeoutError) as error:
            # The row is the truth: the worker's sweep finds it.
            log.warning("news_not_sent", message_id=body["message"], **logs.fault(error))

    async def _abandoned(self, call_id: UUID, body: dict[str, Any], stamp: Stamp) -> None:
        await self.practices.abandon_message(UUID(body["message"]), body["reason"], stamp.at)

    async def _ended(self, call_id: UUID, body: dict[str, Any], stamp: Stamp) -> None:
        await self.ledger.ended(call_id, body["outcome"], stamp)

    async def _handed_over(self, call_id: UUID, body: dict[str, Any], stamp: Stamp) -> None:
        await self.ledger.step(call_id, StepKind.FALLBACK, stamp)

    async def _handed_on(self, call_id: UUID, body: dict[str, Any], stamp: Stamp) -> None:
        await self.ledger.step(call_id, StepKind.FLOW, stamp, flow=QUEUE_FLOW)


_MEANINGS: dict[Kind, Callable[[Records, UUID, dict[str, Any], Stamp], Awaitable[None]]] = {
    Kind.ARRIVED: Records._arrived,
    Kind.LANGUAGE: Records._language,
    Kind.FLOW: Records._for_a_restart,
    Kind.STEP: Records._step,
    Kind.VISIT: Records._for_a_restart,
    Kind.MESSAGE: Records._message,
    Kind.TAKE: Records._take,
    Kind.FILED: Records._filed,
    Kind.ABANDONED: Records._abandoned,
    Kind.ENDED: Records._ended,
    Kind.HANDED_OVER: Records._handed_over,
    Kind.HANDED_ON: Records._handed_on,
}
