"""Which calls ask for a call back."""

from __future__ import annotations

from ledger.model import Outcome

# The caller wanted something and left without it, by their own silence or by our fault.
TO_CALL_BACK = frozenset({Outcome.MISSED, Outcome.ERROR})

# The same number has since been heard by a person, or has left a message that will be.
CLEARS = frozenset({Outcome.MESSAGE_LEFT, Outcome.ANSWERED})
