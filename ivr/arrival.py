"""Who comes in on a channel, as Asterisk's event tells it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from foundation import logs
from ivr.flows.table import FLOWS
from ivr.model import GivenBack, Place, Why
from pbx.ari.events import StasisStart
from phone.catalogue import LANGUAGES

log = logs.get(__name__)


@dataclass(frozen=True)
class Arrival:
    """Who came in on which channel; `held` when the PBX had the call already, and a restart takes it up.

    `back` is set for one who comes back from the queue.
    """

    channel_id: str
    call_id: UUID
    number: str
    dialled: str
    held: bool = False
    back: GivenBack | None = None

    @classmethod
    def of(cls, event: StasisStart) -> Arrival | None:
        """From the arguments: CALL_ID,DIALLED and, from the queue, FLOW,LANGUAGE,WHY (`dialplan/queue.conf`).

        None when it is no call of the dialplan's.
        """
        try:
            call_id = UUID(event.args[0])
        except (IndexError, ValueError):
            log.error("call_without_id")
            return None
        dialled = event.args[1] if len(event.args) > 1 else ""
        return cls(event.channel.id, call_id, event.channel.caller_number, dialled, back=given_back(event.args[2:]))


def given_back(words: Sequence[str]) -> GivenBack | None:
    """None for a call that is new, or of which nobody here understands why it is back: it begins with the menu."""
    match words:
        case []:
            return None
        case [flow, language, why] if flow in FLOWS and language in LANGUAGES and why in {known.value for known in Why}:
            return GivenBack(Place(flow, language), Why(why))
    log.error("given_back_for_what", words=list(words))
    return None
