"""How the records of the calls stand, told to health and metrics at each beat."""

from __future__ import annotations

from foundation.clock import Clock
from foundation.health import Check
from foundation.outbox import Outbox
from ivr import metrics
from ticket_core.code_stock import CodeStock


class Vitals:
    """Looks at the outbox and the stock of codes. Callers are served whatever it sees: at worst it says degraded."""

    def __init__(self, outbox: Outbox, codes: CodeStock, records: Check, clock: Clock) -> None:
        self._outbox = outbox
        self._codes = codes
        self._records = records
        self._clock = clock

    def look(self) -> None:
        """Set the metrics and the check."""
        pending, oldest = self._outbox.pending, self._outbox.oldest_pending()
        metrics.PENDING.set(pending)
        metrics.PENDING_AGE.set((self._clock.now() - oldest).total_seconds() if oldest else 0.0)
        metrics.REFUSED.set(self._outbox.refusals)
        metrics.CODES_LEFT.set(len(self._codes))
        if self._outbox.is_away:
            self._records.degraded(
                f"the database is away: {pending} writes wait on the disk, {len(self._codes)} codes are left"
            )
        elif self._outbox.refusals:
            self._records.degraded(
                f"{self._outbox.refusals} writes were refused and set aside in the outbox folder: look at them"
            )
        elif not len(self._codes):
            self._records.degraded("no codes are leased yet: callers would hear theirs later")
        else:
            self._records.well("writes reach the database")
