"""What the line decides: who comes first, who is rung, when it ends. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

from queue_manager.model import Duty, Miss, Phone, Place, PlaceState, Policy, Seat, SeatState, Strategy, Unreached, Why

IN_LINE = frozenset({PlaceState.WAITING, PlaceState.OFFERED})

# Q.850 causes of a leg that ended before it was answered.
_REFUSED = frozenset({17, 21})
_NO_ANSWER = frozenset({16, 18, 19, 102})


def order(place: Place, policy: Policy) -> tuple[int, int, float, str]:
    """By which the line is sorted: the weight of its queue, priority, then who came first."""
    return -policy.weights.get(place.queue, 0), -place.priority, place.since, str(place.call_id)


def position(place: Place, places: Iterable[Place]) -> int:
    """The place's position in its own queue, from 1. A citizen whom we could not reach at once holds nobody up."""
    mine = (-place.priority, place.since, str(place.call_id))
    return 1 + sum(
        other.queue == place.queue
        and other.state in IN_LINE
        and not other.attempts
        and (-other.priority, other.since, str(other.call_id)) < mine
        for other in places
    )


def is_free(seat: Seat, now: float) -> bool:
    """Whether this operator's phone may ring now: idle, not on another call, registered, and not just refused."""
    return (
        seat.state is SeatState.IDLE and seat.leg is None and seat.phone is Phone.FREE and now >= seat.not_before
    )  # fmt: skip


def may_take(seat: Seat, place: Place, now: float, policy: Policy) -> bool:
    """Whether this operator serves this caller: its line, and its language and topic until the caller has waited too long for that."""
    if place.queue not in seat.queues:
        return False
    needed = {place.language, place.topic} - {""}
    return not seat.skills or needed <= seat.skills or now - place.joined >= policy.widen_after_s


_CHOICES: dict[Strategy, Callable[[Seat], Any]] = {
    Strategy.LONGEST_IDLE: lambda seat: (seat.idle_since, seat.number),
    Strategy.ROUND_ROBIN: lambda seat: (seat.last_offered, seat.number),
    Strategy.FEWEST_CALLS: lambda seat: (seat.calls, seat.idle_since, seat.number),
}


def choose(seats: Collection[Seat], policy: Policy) -> Seat:
    """Which of these free operators is rung."""
    return min(seats, key=_CHOICES[policy.strategy])


def miss_of(cause: int) -> Miss:
    """What a leg that ended before an answer says of its operator, by its Q.850 cause."""
    if cause in _REFUSED:
        return Miss.REFUSED
    return Miss.TIMEOUT if cause in _NO_ANSWER else Miss.UNREACHABLE


def unreached_of(cause: int) -> Unreached:
    """Why a citizen did not answer, by the Q.850 cause with which their leg ended."""
    if cause in _REFUSED:
        return Unreached.BUSY
    return Unreached.NO_ANSWER if cause in _NO_ANSWER else Unreached.UNREACHABLE


def is_due(place: Place, is_open: bool, now: float, policy: Policy) -> bool:
    """Whether a waiting place may be offered: a callback in opening hours only, and not soon after one in vain."""
    if not place.away:
        return True
    return is_open and (place.tried_at is None or now - place.tried_at >= policy.callback_interval_s)


def on_duty(seats: Iterable[Seat], queue: str) -> bool:
    """Whether anybody is on duty for this line, however their phone is."""
    return any(seat.duty is Duty.ON and queue in seat.queues for seat in seats)


def could_serve(seats: Iterable[Seat], queue: str) -> bool:
    """Whether anybody is on duty for this line whose phone can be rung, now or once their call is over."""
    return any(
        seat.duty is Duty.ON and seat.phone is not Phone.UNREACHABLE and queue in seat.queues for seat in seats
    )  # fmt: skip


def refusal(waiting: int, served: bool, policy: Policy) -> Why | None:
    """Why a caller who asks for an operator is not put into the line; None when they are."""
    if not served:
        return Why.NO_OPERATOR
    return Why.FULL if waiting >= policy.most_waiting else None
