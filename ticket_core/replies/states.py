"""The table of a letter's steps, as data; it draws its own diagram."""

from __future__ import annotations

from foundation.steps import Steps
from ticket_core.replies.model import LetterState

_L = LetterState
LETTER_STEPS: Steps[LetterState] = Steps(
    "letter",
    first=_L.TO_SEND,
    table={
        _L.TO_SEND: {
            _L.SENDING: "a sender claims it",
            _L.CANCELLED: "withdrawn, or its practice is erased",
        },
        _L.SENDING: {
            _L.SENT: "the server took it",
            _L.TO_SEND: "to be tried again",
            _L.DEAD: "refused for good, or tried for five days",
            _L.SENDING: "claimed again, the lease ran out",
            _L.CANCELLED: "its practice is erased",
        },
        _L.SENT: {},
        _L.DEAD: {_L.TO_SEND: "a person revives it", _L.CANCELLED: "a person gives it up"},
        _L.CANCELLED: {},
    },
)
