"""What a call and its steps are: frozen values, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID


class StepKind(StrEnum):
    """What can happen in a call (source: the practice, "Ledger and figures")."""

    ARRIVED = "arrived"
    LANGUAGE = "language"
    FLOW = "flow"
    PROMPT = "prompt"
    MENU = "menu"
    KEY = "key"
    QUEUED = "queued"
    POSITION_TOLD = "position_told"
    OFFERED = "offered"
    ANSWERED = "answered"
    BRIDGED = "bridged"
    TRANSFERRED = "transferred"
    ABANDONED = "abandoned"
    CALLBACK_ASKED = "callback_asked"
    VOICEMAIL = "voicemail"
    STATUS_ASKED = "status_asked"
    RESUMED = "resumed"
    FALLBACK = "fallback"
    CALLED_BACK = "called_back"
    NOT_ANSWERED = "not_answered"
    HELD = "held"
    UNHELD = "unheld"
    TALKED = "talked"
    WRAPPED_UP = "wrapped_up"
    LEFT_QUEUE = "left_queue"
    NOT_REACHED = "not_reached"
    ENDED = "ended"


class Outcome(StrEnum):
    """What a call came to."""

    ANSWERED = "answered"
    MESSAGE_LEFT = "message_left"
    STATUS_HEARD = "status_heard"
    INFORMATION_HEARD = "information_heard"
    MISSED = "missed"
    ABANDONED = "abandoned"
    ERROR = "error"


class OperatorState(StrEnum):
    """What an operator can do with their time. `UNREACHABLE`: on duty, but their phone cannot be rung."""

    OFF = "off"
    IDLE = "idle"
    RINGING = "ringing"
    TALKING = "talking"
    WRAP_UP = "wrap_up"
    PAUSED = "paused"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True)
class OperatorStep:
    """From `at` on the operator with this number is in this state; `reason` is why they pause, `call_id` the call it is about."""

    number: str
    state: OperatorState
    at: datetime
    mono: float
    reason: str | None = None
    call_id: UUID | None = None


@dataclass(frozen=True)
class Step:
    """One thing that happened: `at` is wall time, `mono` monotonic seconds of the process that wrote it."""

    seq: int
    at: datetime
    mono: float
    kind: StepKind
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Stamp:
    """When a step was made and its id, by which writing it twice is writing it once. `mono` as in `Step`."""

    id: UUID
    at: datetime
    mono: float


@dataclass(frozen=True)
class Happened:
    """A step that nobody could write when it was made: a call has at most one of each kind."""

    kind: StepKind
    at: datetime
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Call:
    """One call. `caller` is E.164 or None; `ended_at` and `outcome` are None while it lasts; lists leave `steps` empty."""

    call_id: UUID
    caller: str | None
    dialled: str | None
    language: str
    started_at: datetime
    ended_at: datetime | None
    outcome: Outcome | None
    simulated: bool
    steps: tuple[Step, ...] = ()
