"""What is counted of calls."""

from __future__ import annotations

from uuid import UUID

from foundation.metrics import begin, counter, gauge, histogram
from ledger.model import Outcome

MOST_CALLS = gauge("pbx_most_calls", "Calls at once that the PBX lets in.")
CALLS = gauge("ivr_calls", "Calls in progress, by the flow they are in.", "flow")
ENDED = counter("ivr_calls_ended", "Calls that came to their end here, by outcome.", "outcome")
FALLBACK = counter("ivr_calls_to_fallback", "Calls that went on in the dialplan's fallback, by reason.", "reason")
RESUMED = counter("ivr_calls_resumed", "Calls found on the line after a restart or a lost connection.")
FIRST_PROMPT_SECONDS = histogram(
    "ivr_first_prompt_seconds",
    "From a call's arrival to its first prompt being asked of Asterisk; the deliberate pause after the answer is in it.",
    buckets=(0.1, 0.2, 0.3, 0.4, 0.5, 0.52, 0.55, 0.6, 0.7, 0.8, 1, 1.5, 2, 3, 5, 10),
)
begin(ENDED, outcome=Outcome)
begin(FALLBACK, reason=("error", "taken"))
PENDING = gauge("outbox_pending_entries", "Writes on this process's disk that the database does not have yet.")
PENDING_AGE = gauge("outbox_oldest_seconds", "How long the oldest of them has waited.")
REFUSED = gauge(
    "outbox_refused_entries", "Writes that could not be applied and were set aside on the disk for a person to see."
)
CODES_LEFT = gauge("codes_left", "Practice codes leased in advance and not given out yet.")


class CallsInFlows:
    """Which flow each call is in. Only how many is told: the ids stay here."""

    def __init__(self) -> None:
        self._flows: dict[UUID, str] = {}

    def enter(self, call_id: UUID, flow: str) -> None:
        """A call enters a flow, and leaves the one it was in."""
        self.leave(call_id)
        self._flows[call_id] = flow
        CALLS.labels(flow=flow).inc()

    def leave(self, call_id: UUID) -> None:
        """A call is here no more. Nothing happens when it is not known."""
        flow = self._flows.pop(call_id, None)
        if flow is not None:
            CALLS.labels(flow=flow).dec()


IN_FLOWS = CallsInFlows()
"""The calls of this process."""
