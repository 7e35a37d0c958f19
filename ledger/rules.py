"""Which calls ask for a call back, and which of two outcomes counts."""

from __future__ import annotations

from ledger.model import Outcome

# The caller wanted something and left without it, by their own silence or by our fault. Who hangs up in the menu wanted nothing that
# anybody knows of: an abandoned call is one of these only when it waited for an operator.
TO_CALL_BACK = frozenset({Outcome.MISSED, Outcome.ERROR})

# The same number has since been heard by a person, or has left a message that will be.
CLEARS = frozenset({Outcome.MESSAGE_LEFT, Outcome.ANSWERED})

# What has told the code, or spoken to, a caller who left a message with the fallback and heard no code.
CODE_TOLD = frozenset({Outcome.STATUS_HEARD, Outcome.ANSWERED})

_WHY = {
    Outcome.MISSED: "asked for something and left without it",
    Outcome.ABANDONED: "waited for an operator and hung up",
    Outcome.ERROR: "was stopped by a fault of ours",
    Outcome.MESSAGE_LEFT: "left a message while the service was down, and heard no code",
}


def why_call_back(outcome: Outcome) -> str:
    """The reason for which a call on the call-back list stands there: what the caller did."""
    return _WHY[outcome]


# A call that did several things is counted as the one that matters most to the caller.
_WEIGHT = (
    Outcome.ABANDONED,
    Outcome.INFORMATION_HEARD,
    Outcome.STATUS_HEARD,
    Outcome.MISSED,
    Outcome.ERROR,
    Outcome.MESSAGE_LEFT,
    Outcome.ANSWERED,
)


def weightier(one: Outcome, other: Outcome) -> Outcome:
    """The outcome that counts of two."""
    return max(one, other, key=_WEIGHT.index)
