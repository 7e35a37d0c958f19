"""The tables of steps, as data: of a place in line and of an operator's seat. Each draws its own diagram."""

from __future__ import annotations

from foundation.steps import Steps
from queue_manager.model import PlaceState, SeatState

_P = PlaceState
PLACE_STEPS: Steps[PlaceState] = Steps(
    "place in line",
    first=_P.WAITING,
    table={
        _P.WAITING: {
            _P.OFFERED: "an operator is rung",
            _P.LEFT: "hung up, chose a message, waited too long, called again",
        },
        _P.OFFERED: {
            _P.TALKING: "the operator answers",
            _P.CALLING: "the operator answers, the citizen asked for a callback",
            _P.WAITING: "the operator does not: the place is kept",
            _P.LEFT: "hung up or chose a message while it rang",
        },
        _P.CALLING: {
            _P.TALKING: "the citizen answers",
            _P.WAITING: "the citizen is not reached, or the operator hangs up",
            _P.LEFT: "not reached for the last time, or called again",
        },
        _P.TALKING: {_P.LEFT: "one of the two hangs up"},
        _P.LEFT: {},
    },
)

_S = SeatState
SEAT_STEPS: Steps[SeatState] = Steps(
    "seat",
    first=_S.OFF,
    table={
        _S.OFF: {_S.IDLE: "on duty", _S.PAUSED: "pause"},
        _S.IDLE: {_S.RINGING: "a caller is offered", _S.PAUSED: "pause", _S.OFF: "off duty"},
        _S.RINGING: {
            _S.TALKING: "answers",
            _S.IDLE: "the caller is gone, or the phone was busy",
            _S.PAUSED: "does not answer or refuses, or pauses",
            _S.OFF: "off duty",
        },
        _S.TALKING: {
            _S.WRAP_UP: "the talk ends",
            _S.IDLE: "the talk ends, without wrap-up, or the citizen is not reached",
            _S.PAUSED: "the talk ends, a pause was asked",
            _S.OFF: "the talk ends, off duty",
        },
        _S.WRAP_UP: {_S.IDLE: "done, or its time is over", _S.PAUSED: "pause", _S.OFF: "off duty"},
        _S.PAUSED: {_S.IDLE: "on duty", _S.OFF: "off duty"},
    },
)
