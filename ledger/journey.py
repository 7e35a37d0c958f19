"""What became of one caller who asked for an operator, read out of their call's steps. Pure.

The rules, where `domain.md` leaves a choice:

- *One call counts once*, in the stretch in which it first entered the line. A call that joins the line twice is one call: the
  seconds of its stays are added up, those between them are no waiting; what became of the last stay is what became of the call.
  Once bridged it is answered for good, also when it is transferred back into the line and leaves it again.
- *A call that comes back* after it was cut off, and takes its old place, is a new call with a clock of its own; the first one
  keeps its end.
- *A callback* (`queued` with via "callback") is no caller who waits: neither offered, answered nor abandoned. The talk that comes
  of it is handling time like any other. The call in which it was asked for has left the line by choice.
- *Sent on*: whoever we sent to the mailbox after they had entered the line (limit reached, nobody on duty, closing). They did not
  hang up and chose nothing. They count as abandoned, never as short ones: no figure may gain by sending callers away.
- *Refused*: who was sent on at the door, before they had a place. They are not offered, but saturated or unstaffed, by the reason.
- *The fallback* (app_queue without us) writes no bridge: its `answered` is one, its talk lasts to the end of the call, and a
  message taken there after waiting is a caller sent on.
- *Waiting* is what the line measured (`waited_s`); where nothing was measured, the wall time between the steps.
- *Simulated calls* (exercises, training) are no calls here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from operator import attrgetter
from uuid import UUID

from ledger.model import Call, Step, StepKind

CALLBACK = "callback"
CHOICES = frozenset({"message", CALLBACK})
SATURATED = frozenset({"all_busy", "full", "waited_long"})

KINDS = frozenset(
    {
        StepKind.QUEUED, StepKind.BRIDGED, StepKind.ABANDONED, StepKind.LEFT_QUEUE, StepKind.FALLBACK, StepKind.ANSWERED,
        StepKind.VOICEMAIL, StepKind.ENDED, StepKind.TALKED, StepKind.WRAPPED_UP, StepKind.NOT_ANSWERED,
    }
)  # fmt: skip
"""The steps that say anything of a way: whoever reads rows may leave out the others."""


class Fate(StrEnum):
    """How it stands with a caller who asked for an operator."""

    WAITING = "waiting"
    ANSWERED = "answered"
    ABANDONED = "abandoned"
    CHOSE = "chose"
    SENT_ON = "sent_on"
    REFUSED = "refused"
    CALLBACK = "callback"


OFFERED = frozenset({Fate.WAITING, Fate.ANSWERED, Fate.ABANDONED, Fate.CHOSE, Fate.SENT_ON})


@dataclass(frozen=True)
class Handling:
    """Seconds that one operator spent on one call; `talk_s` is without `hold_s`."""

    talk_s: float = 0.0
    hold_s: float = 0.0
    wrap_up_s: float = 0.0

    @property
    def total_s(self) -> float:
        """Talk, hold and wrap-up."""
        return self.talk_s + self.hold_s + self.wrap_up_s

    def __add__(self, other: Handling) -> Handling:
        return Handling(self.talk_s + other.talk_s, self.hold_s + other.hold_s, self.wrap_up_s + other.wrap_up_s)


@dataclass(frozen=True)
class Journey:
    """One caller's way. `at` is when they entered the line, or were refused; `waited_s` what they have waited till their fate, or till now.

    `why` is the reason with which they left the line, `operator` who answered them. `handled` holds who talked with them, each
    once their talk is over, `handled_at` when the last of that work ended; `missed` how often each operator was rung in vain.
    Operators are phone numbers.
    """

    call_id: UUID
    at: datetime
    queue: str
    language: str
    fate: Fate
    waited_s: float = 0.0
    why: str = ""
    operator: str = ""
    handled: Mapping[str, Handling] = field(default_factory=dict)
    handled_at: datetime | None = None
    missed: Mapping[str, int] = field(default_factory=dict)


def journeys(calls: Iterable[Call], now: datetime) -> list[Journey]:
    """The ways of those calls that asked for an operator, as of `now`: what was written of later instants counts for nothing."""
    return [journey for call in calls if (journey := journey_of(call, now)) is not None]


def journey_of(call: Call, now: datetime) -> Journey | None:
    """One call's way as of `now`; None when it asked for no operator, or is simulated."""
    if call.simulated:
        return None
    way = _Way()
    for step in sorted(call.steps, key=attrgetter("at", "seq")):
        if step.at <= now:
            way.take(step)
    return way.journey(call, now)


@dataclass
class _Way:
    """A way while its steps are read."""

    at: datetime | None = None
    queue: str = ""
    fate: Fate | None = None
    since: datetime | None = None
    waited_s: float = 0.0
    why: str = ""
    operator: str = ""
    in_fallback: bool = False
    talk: tuple[str, datetime] | None = None
    handled: dict[str, Handling] = field(default_factory=dict)
    handled_at: datetime | None = None
    missed: dict[str, int] = field(default_factory=dict)

    def take(self, step: Step) -> None:
        """Go one step on."""
        match step.kind:
            case StepKind.QUEUED:
                self._enter(step)
            case StepKind.BRIDGED:
                self._answer(step)
            case StepKind.ABANDONED:
                self._leave(step, Fate.ABANDONED)
            case StepKind.LEFT_QUEUE:
                self._left(step)
            case StepKind.FALLBACK:
                self.in_fallback = True
            case StepKind.ANSWERED if self.in_fallback:
                self.talk = _number(step), step.at
                self._answer(step)
            case StepKind.VOICEMAIL:
                self._leave(step, Fate.SENT_ON)
            case StepKind.ENDED:
                self._end(step)
            case _:
                self._work(step)

    def _enter(self, step: Step) -> None:
        if step.detail.get("via") == CALLBACK:
            if self.fate is None:
                self.at, self.queue, self.fate = step.at, step.detail.get("queue", ""), Fate.CALLBACK
        elif self.fate in (None, Fate.REFUSED):
            self.at, self.queue, self.fate, self.since = step.at, step.detail.get("queue", ""), Fate.WAITING, step.at
        elif self.fate not in (Fate.ANSWERED, Fate.CALLBACK) and self.since is None:
            self.fate, self.since = Fate.WAITING, step.at

    def _leave(self, step: Step, fate: Fate) -> None:
        if self.since is None:
            return
        self.waited_s += float(step.detail.get("waited_s", (step.at - self.since).total_seconds()))
        self.fate, self.since, self.why = fate, None, step.detail.get("why", "")

    def _answer(self, step: Step) -> None:
        if self.since is not None:
            self.operator = _number(step)
        self._leave(step, Fate.ANSWERED)

    def _left(self, step: Step) -> None:
        why = step.detail.get("why", "")
        if self.fate is None:
            self.at, self.queue, self.fate, self.why = step.at, step.detail.get("queue", ""), Fate.REFUSED, why
        self._leave(step, Fate.CHOSE if why in CHOICES else Fate.SENT_ON)

    def _end(self, step: Step) -> None:
        self._leave(step, Fate.ABANDONED)
        if self.talk is not None:
            operator, since = self.talk
            self._handle(step, operator, Handling(talk_s=(step.at - since).total_seconds()))
            self.talk = None

    def _work(self, step: Step) -> None:
        detail = step.detail
        match step.kind:
            case StepKind.TALKED:
                self.talk = None
                self._handle(step, _number(step), Handling(detail.get("talk_s", 0.0), detail.get("hold_s", 0.0)))
            case StepKind.WRAPPED_UP:
                self._handle(step, _number(step), Handling(wrap_up_s=detail.get("wrap_up_s", 0.0)))
            case StepKind.NOT_ANSWERED:
                self.missed[_number(step)] = self.missed.get(_number(step), 0) + 1
            case _:
                pass

    def _handle(self, step: Step, operator: str, handling: Handling) -> None:
        self.handled_at = step.at
        self.handled[operator] = self.handled.get(operator, Handling()) + handling

    def journey(self, call: Call, now: datetime) -> Journey | None:
        """What has been read, with the waiting till now of whoever still waits."""
        if self.at is None or self.fate is None:
            return None
        so_far = (now - self.since).total_seconds() if self.since else 0.0
        return Journey(
            call.call_id, self.at, self.queue, call.language, self.fate, self.waited_s + so_far, self.why, self.operator,
            self.handled, self.handled_at, self.missed,
        )  # fmt: skip


def _number(step: Step) -> str:
    """The fallback names an operator as Asterisk calls their phone."""
    return str(step.detail.get("operator", "")).removeprefix("PJSIP/")
