"""The tables of steps, as data: of a practice and of a voice message. Each draws its own diagram."""

from __future__ import annotations

from collections.abc import Mapping

from foundation.steps import Steps
from ticket_core.model import ClockState, MessageState, PracticeState

_P = PracticeState
PRACTICE_STEPS: Steps[PracticeState] = Steps(
    "practice",
    first=_P.RECEIVED,
    table={
        _P.RECEIVED: {
            _P.IN_PROGRESS: "an operator takes it",
            _P.ANSWERED: "the reply is sent at once",
            _P.CLOSED: "with a closing reason",
        },
        _P.IN_PROGRESS: {
            _P.AWAITING_ADMINISTRATION: "an opinion or assessment is asked",
            _P.AWAITING_DOCUMENTS: "documents are asked of the requester",
            _P.ANSWERED: "the reply is sent",
            _P.CLOSED: "with a closing reason",
        },
        _P.AWAITING_ADMINISTRATION: {_P.IN_PROGRESS: "the opinion is here", _P.CLOSED: "with a closing reason"},
        _P.AWAITING_DOCUMENTS: {_P.IN_PROGRESS: "the documents are here", _P.CLOSED: "with a closing reason"},
        _P.ANSWERED: {_P.CLOSED: "nothing is left to do", _P.IN_PROGRESS: "reopened"},
        _P.CLOSED: {_P.IN_PROGRESS: "reopened"},
    },
)

CLOCK: Mapping[PracticeState, ClockState] = {
    _P.RECEIVED: ClockState.RUNS,
    _P.IN_PROGRESS: ClockState.RUNS,
    _P.AWAITING_ADMINISTRATION: ClockState.SUSPENDED_ADMINISTRATION,
    _P.AWAITING_DOCUMENTS: ClockState.SUSPENDED_DOCUMENTS,
    _P.ANSWERED: ClockState.STOPPED,
    _P.CLOSED: ClockState.STOPPED,
}

_M = MessageState
MESSAGE_STEPS: Steps[MessageState] = Steps(
    "message",
    first=_M.RECORDING,
    table={
        _M.RECORDING: {_M.TO_TRANSCRIBE: "filed to a practice", _M.ABANDONED: "too little was said"},
        _M.ABANDONED: {},
        _M.TO_TRANSCRIBE: {_M.TRANSCRIBING: "a worker claims it"},
        _M.TRANSCRIBING: {
            _M.TRANSCRIBED: "its text is kept",
            _M.NO_SPEECH: "nobody speaks in it",
            _M.UNREADABLE: "its audio cannot be read",
            _M.FAILED: "it stopped the decoder too often",
            _M.TO_TRANSCRIBE: "given back",
            _M.WAITING_FOR_MODEL: "no model for its language",
            _M.TRANSCRIBING: "claimed again, the lease ran out",
        },
        _M.WAITING_FOR_MODEL: {_M.TO_TRANSCRIBE: "a model arrived"},
        _M.TRANSCRIBED: {},
        _M.NO_SPEECH: {},
        _M.UNREADABLE: {},
        _M.FAILED: {},
    },
)
