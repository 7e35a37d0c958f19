"""Operators, places in line, and what happens to them: values without I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Duty(StrEnum):
    """What an operator has said of themselves."""

    ON = "on_duty"
    PAUSED = "paused"
    OFF = "off_duty"


class PlaceState(StrEnum):
    """How it stands with one caller."""

    WAITING = "waiting"
    OFFERED = "offered"
    CALLING = "calling"
    TALKING = "talking"
    LEFT = "left"


class SeatState(StrEnum):
    """What an operator does at this moment."""

    OFF = "off"
    IDLE = "idle"
    RINGING = "ringing"
    TALKING = "talking"
    WRAP_UP = "wrap_up"
    PAUSED = "paused"


class Phone(StrEnum):
    """What Asterisk says of an operator's phone."""

    FREE = "free"
    BUSY = "busy"
    UNREACHABLE = "unreachable"


class Strategy(StrEnum):
    """Who of several free operators is rung."""

    LONGEST_IDLE = "longest_idle"
    ROUND_ROBIN = "round_robin"
    FEWEST_CALLS = "fewest_calls"


class Why(StrEnum):
    """Why a caller left the line without having talked."""

    MESSAGE = "message"
    CALLBACK = "callback"
    NO_OPERATOR = "no_operator"
    ALL_BUSY = "all_busy"
    FULL = "full"
    WAITED_LONG = "waited_long"


class Unreached(StrEnum):
    """Why a citizen who asked for a callback was not reached."""

    BUSY = "busy"
    NO_ANSWER = "no_answer"
    UNREACHABLE = "unreachable"


class Miss(StrEnum):
    """Why an offer came to nothing on the operator's side."""

    TIMEOUT = "timeout"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True)
class Operator:
    """An operator by the number of their phone; `interface` is how Asterisk calls it, `since` when the duty began or ended.

    `reason` is why they pause, "" otherwise.
    """

    number: str
    interface: str
    duty: Duty
    since: datetime
    reason: str = ""


@dataclass
class Place:
    """One caller's place in line. Times are monotonic seconds.

    `since` orders the line: the moment of joining, or that of an earlier place which was taken again. `joined` is the choice
    "operator", from which waiting is counted. `told` is the best position the caller has heard.

    `callback` is the number (E.164) at which they want to be called. Once they have hung up they are `away`: the place stays, and when
    an operator has taken it the citizen is called on a channel named `citizen`, at `called_at`; `attempts` counts the calls in vain,
    `tried_at` is when the last of them was over.
    """

    call_id: UUID
    language: str
    joined: float
    since: float
    queue: str = "main"
    topic: str = ""
    priority: int = 0
    caller: str | None = None
    state: PlaceState = PlaceState.WAITING
    seat: str | None = None
    leg: str | None = None
    told: int | None = None
    talks_since: float = 0.0
    callback: str | None = None
    away: bool = False
    citizen: str | None = None
    called_at: float = 0.0
    attempts: int = 0
    tried_at: float | None = None


@dataclass
class Seat:
    """One operator as the line sees them. Times are monotonic seconds; `leg` is the channel that rings or talks.

    `skills` are languages and topics ("it", "en", "flood"); none given means all. `queues` are the lines they serve.
    """

    number: str
    skills: frozenset[str] = frozenset()
    queues: frozenset[str] = frozenset({"main"})
    duty: Duty = Duty.OFF
    reason: str = ""
    state: SeatState = SeatState.OFF
    since: float = 0.0
    phone: Phone = Phone.FREE
    idle_since: float = 0.0
    last_offered: float = 0.0
    calls: int = 0
    call_id: UUID | None = None
    leg: str | None = None
    not_before: float = 0.0
    misses: int = 0
    extended: bool = False
    talked_s: float = 0.0


@dataclass(frozen=True)
class Policy:
    """The line's numbers. Every time is in seconds; `weights` says which line comes first where an operator serves several."""

    strategy: Strategy = Strategy.LONGEST_IDLE
    ring_s: float = 20.0
    wrap_up_s: float = 15.0
    back_off_s: float = 5.0
    most_waiting: int = 200
    longest_wait_s: float = 1200.0
    nobody_s: float = 10.0
    widen_after_s: float = 30.0
    return_within_s: float = 60.0
    citizen_ring_s: float = 30.0
    callback_attempts: int = 3
    callback_interval_s: float = 900.0
    weights: Mapping[str, int] = field(default_factory=dict)


# -- what happened: the board says it, whoever stands around it does it and writes it down


@dataclass(frozen=True)
class Offered:
    """Ring this operator for this caller, on a channel called `leg`."""

    call_id: UUID
    operator: str
    leg: str


@dataclass(frozen=True)
class NotAnswered:
    """The operator did not take it; the caller keeps their place. `leg` is to be hung up if it still rings."""

    call_id: UUID
    operator: str
    leg: str
    why: Miss
    rang_s: float


@dataclass(frozen=True)
class Withdrawn:
    """Nobody wants this leg any more: hang it up."""

    leg: str


@dataclass(frozen=True)
class Connected:
    """The operator answered, or the citizen whom they called, on the channel `citizen`: let the two talk."""

    call_id: UUID
    operator: str
    leg: str
    waited_s: float
    rang_s: float
    citizen: str | None = None


@dataclass(frozen=True)
class KeepsPlace:
    """A caller who asked for a callback hung up, in this position: the place waits on for them."""

    call_id: UUID
    queue: str
    language: str
    waited_s: float
    position: int


@dataclass(frozen=True)
class CallCitizen:
    """The operator has answered: call this number, on a channel called `citizen`; the operator hears it ring."""

    call_id: UUID
    operator: str
    leg: str
    citizen: str
    number: str
    rang_s: float


@dataclass(frozen=True)
class NotReached:
    """The citizen was called in vain, for the `attempt`th time; after the `last` nobody calls again. The operator is told, and free."""

    call_id: UUID
    operator: str
    leg: str
    why: Unreached
    attempt: int
    last: bool


@dataclass(frozen=True)
class Replaced:
    """A callback is withdrawn: whoever wanted it has its place in another call."""

    call_id: UUID


@dataclass(frozen=True)
class Talked:
    """A talk has ended: whichever of the two is still there is to be hung up, but for a caller who goes on `elsewhere`."""

    call_id: UUID
    operator: str
    leg: str
    talk_s: float
    elsewhere: bool = False


@dataclass(frozen=True)
class WrappedUp:
    """The operator has finished the work after a call."""

    call_id: UUID
    operator: str
    wrap_up_s: float


@dataclass(frozen=True)
class Abandoned:
    """The caller hung up while they waited, in this position."""

    call_id: UUID
    waited_s: float
    position: int


@dataclass(frozen=True)
class Left:
    """The caller leaves the line, and goes on elsewhere."""

    call_id: UUID
    why: Why
    waited_s: float


@dataclass(frozen=True)
class SeatChanged:
    """An operator does something else from now on. `paused` with a reason that the board gave is to be written as their duty."""

    operator: str
    state: SeatState
    reason: str
    call_id: UUID | None


Happening = (
    Offered | NotAnswered | Withdrawn | Connected | KeepsPlace | CallCitizen | NotReached | Replaced
    | Talked | WrappedUp | Abandoned | Left | SeatChanged
)  # fmt: skip


@dataclass(frozen=True)
class Wanted:
    """What Asterisk must hold so that the fallback works alone.

    `members` are the interfaces that its queue rings, `dated` the days whose hours are not the week's (see `dialplan.dated`).
    """

    members: frozenset[str] = frozenset()
    dated: Mapping[str, str] = field(default_factory=dict)


def interface_of(number: str) -> str:
    """How Asterisk calls the phone with this number."""
    return f"PJSIP/{number}"
