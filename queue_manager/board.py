"""The line and the operators at one moment. Every verb takes the time, changes the board in one step, and says what happened.

Nothing here waits or calls anybody: whoever stands around it rings phones, joins channels and writes it down. A leg is named when it
is offered; what is said of a leg that the board no longer knows concerns nobody, so events may come late and in any order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from uuid import UUID, uuid4

from ledger.estimate import EstimatedWait, estimated_wait
from queue_manager import rules
from queue_manager.model import (
    Abandoned,
    CallCitizen,
    Connected,
    Duty,
    Happening,
    KeepsPlace,
    Left,
    Miss,
    NotAnswered,
    NotReached,
    Offered,
    Phone,
    Place,
    PlaceState,
    Policy,
    Replaced,
    Seat,
    SeatChanged,
    SeatState,
    Talked,
    Unreached,
    Why,
    Withdrawn,
    WrappedUp,
)
from queue_manager.states import PLACE_STEPS, SEAT_STEPS

NO_ANSWER, REFUSED = "no_answer", "refused"
"""Why the board itself pauses an operator."""
HANDLED_WITHIN_S = 3600.0
REFUSALS = 2
"""An operator whose phone refuses this often in a row is paused; once may be a call that nobody has told us of."""
CLOSING_S = 5.0
"""How long a leg that was hung up may take to go; then its operator is rung again all the same."""


def citizen_of(leg: str) -> str:
    """How the channel is named on which the citizen is called for the operator on this leg."""
    return f"{leg}-citizen"


class Board:
    """Who waits, who is free, who talks to whom."""

    def __init__(self, policy: Policy, new_leg: Callable[[], str] = lambda: str(uuid4())) -> None:
        self.policy = policy
        self.places: dict[UUID, Place] = {}
        self.seats: dict[str, Seat] = {}
        self._new_leg = new_leg
        self._legs: dict[str, str] = {}
        self._returning: dict[str, tuple[float, float, int]] = {}
        self._handled: deque[tuple[float, float]] = deque()
        self._nobody_since: dict[str, float] = {}
        self._citizens: dict[str, UUID] = {}
        self._is_open = True

    # -- callers

    def join(self, place: Place, now: float) -> list[Happening]:
        """A caller asks for an operator. They are put into the line, or `Left` says why not."""
        if place.call_id in self.places:
            return []
        waiting = sum(
            other.state in rules.IN_LINE and other.queue == place.queue and not other.away for other in self.places.values()
        )  # fmt: skip
        # A phone that cannot be reached may be back in a moment, as after a start of the PBX: that is waited for.
        why = rules.refusal(waiting, rules.on_duty(self.seats.values(), place.queue), self.policy)
        if why:
            return [Left(place.call_id, why, 0.0)]
        self._take_old_place(place, now)
        happened = self._take_over_callback(place, place.caller, now)
        self.places[place.call_id] = place
        return [*happened, *self._match(now)]

    def _take_old_place(self, place: Place, now: float) -> None:
        since, gone, told = self._returning.pop(place.caller or "", (0.0, -1e9, 0))
        if now - gone <= self.policy.return_within_s:
            place.since, place.told = since, told or None

    def caller_gone(self, call_id: UUID, now: float) -> list[Happening]:
        """The caller hung up, or their line was cut: who was waiting and comes back soon has their old place."""
        place = self.places.get(call_id)
        if place is None or place.away:
            return []
        if place.state is PlaceState.TALKING:
            return self._talk_ended(place, now)
        if place.callback:
            replaced = self._take_over_callback(place, place.callback, now)
            place.away = True
            position = rules.position(place, self.places.values())
            keeps = KeepsPlace(call_id, place.queue, place.language, now - place.joined, position)
            return [*replaced, keeps, *self._match(now)]
        if place.caller:
            self._returning[place.caller] = (place.since, now, place.told or 0)
        gone = Abandoned(call_id, now - place.joined, rules.position(place, self.places.values()))
        return [gone, *self._leave(place, now)]

    def leave(self, call_id: UUID, why: Why, now: float) -> list[Happening]:
        """The caller goes on elsewhere; [] when they talk already, or are gone."""
        place = self.places.get(call_id)
        if place is None or place.away or place.state not in rules.IN_LINE:
            return []
        left = Left(call_id, why, now - place.joined)
        return [left, *self._leave(place, now)]

    def taken_away(self, call_id: UUID, now: float) -> list[Happening]:
        """Somebody else has the caller (the fallback): nothing is said of how they left."""
        place = self.places.get(call_id)
        if place is None or place.away:
            return []
        if place.state is PlaceState.TALKING:
            return self._talk_ended(place, now, elsewhere=True)
        return self._leave(place, now)

    def _leave(self, place: Place, now: float) -> list[Happening]:
        """Take a waiting caller out of the line. An operator rung for them is idle again, callable once it rings no more."""
        happened: list[Happening] = []
        if place.state in (PlaceState.OFFERED, PlaceState.CALLING):
            seat = self.seats[place.seat or ""]
            happened += [Withdrawn(place.leg or ""), *self._settle(seat, now), *self._end_citizen(place)]
        self._step(place, PlaceState.LEFT)
        del self.places[place.call_id]
        return happened

    # -- callbacks

    def ask_callback(self, call_id: UUID, number: str, now: float) -> list[Happening] | None:
        """A caller in line wants to be called at `number` (E.164) once they have hung up; None when they talk already, or are gone.

        An older callback to the same number is withdrawn, and its place goes to this one.
        """
        place = self.places.get(call_id)
        if place is None or place.away or place.state not in rules.IN_LINE:
            return None
        happened = self._take_over_callback(place, number, now)
        place.callback = number
        return [*happened, *self._match(now)]

    def opening(self, is_open: bool, now: float) -> list[Happening]:
        """The service is open from now on, or is not: citizens are called in opening hours only."""
        self._is_open = is_open
        return self._match(now)

    def _take_over_callback(self, place: Place, number: str | None, now: float) -> list[Happening]:
        """One callback a number: whoever has one and calls again, or asks again, has its place in the newer call."""
        happened: list[Happening] = []
        for old in [other for other in self.places.values() if number and other.callback == number]:
            if old is not place and old.away and old.state is not PlaceState.TALKING:
                place.since, place.priority = min(place.since, old.since), max(place.priority, old.priority)
                happened += [Replaced(old.call_id), *self._leave(old, now)]
        return happened

    def _call_citizen(self, place: Place, seat: Seat, leg: str, now: float) -> list[Happening]:
        self._step(place, PlaceState.CALLING)
        # Named after the operator's, so that whoever finds the one after a crash knows the other.
        place.citizen, place.called_at = citizen_of(leg), now
        self._citizens[place.citizen] = place.call_id
        call = CallCitizen(place.call_id, seat.number, leg, place.citizen, place.callback or "", now - seat.since)
        return [call, *self._now(seat, SeatState.TALKING, now)]

    def _citizen_answered(self, place: Place, now: float) -> list[Happening]:
        seat, leg = self.seats[place.seat or ""], place.leg or ""
        self._step(place, PlaceState.TALKING)
        place.talks_since = now
        seat.calls, seat.misses = seat.calls + 1, 0
        return [Connected(place.call_id, seat.number, leg, now - place.joined, 0.0, place.citizen)]

    def _not_reached(self, place: Place, why: Unreached, now: float) -> list[Happening]:
        """Called in vain: the operator has nothing in hand, and has not lost their turn."""
        seat, leg = self.seats[place.seat or ""], place.leg or ""
        place.attempts, place.tried_at = place.attempts + 1, now
        last = place.attempts >= self.policy.callback_attempts
        happened: list[Happening] = [NotReached(place.call_id, seat.number, leg, why, place.attempts, last)]
        happened += self._end_citizen(place)
        if last:
            self._step(place, PlaceState.LEFT)
            del self.places[place.call_id]
        else:
            self._back_in_line(seat)
        turn = seat.idle_since
        happened += self._settle(seat, now)
        seat.idle_since = turn
        return [*happened, *self._match(now)]

    def _end_citizen(self, place: Place) -> list[Happening]:
        """The citizen's leg is wanted no more, if there is one."""
        citizen, place.citizen = place.citizen, None
        if citizen is None or self._citizens.pop(citizen, None) is None:
            return []
        return [Withdrawn(citizen)]

    def _citizen_gone(self, place: Place, cause: int, now: float) -> list[Happening]:
        if place.state is PlaceState.TALKING:
            return self._talk_ended(place, now)
        return self._not_reached(place, rules.unreached_of(cause), now)

    # -- operators

    def seat(self, seat: Seat) -> None:
        """Somebody may come on duty at this phone. Known ones keep what they are doing."""
        known = self.seats.setdefault(seat.number, seat)
        known.skills, known.queues = seat.skills, seat.queues

    def duty(self, number: str, duty: Duty, reason: str, now: float) -> list[Happening]:
        """What an operator says of themselves. In a talk it counts from its end; a phone that rings is rung no more."""
        seat = self.seats[number]
        if (seat.duty, seat.reason) == (duty, reason):
            return []
        seat.duty, seat.reason = duty, reason
        if seat.state is SeatState.TALKING or (seat.state is SeatState.WRAP_UP and duty is Duty.ON):
            return []
        if seat.state is SeatState.RINGING and duty is Duty.ON:
            return []
        happened: list[Happening] = []
        if seat.state is SeatState.RINGING:
            self._back_in_line(seat)
            happened.append(Withdrawn(seat.leg or ""))
        if seat.state is SeatState.WRAP_UP:
            happened += self._wrapped_up(seat, now)
        return [*happened, *self._settle(seat, now), *self._match(now)]

    def phone(self, number: str, phone: Phone, now: float) -> list[Happening]:
        """What Asterisk says of a phone. One that we ring or talk on is busy by that, and says nothing new."""
        seat = self.seats.get(number)
        if seat is None or (phone is Phone.BUSY and seat.leg is not None):
            return []
        seat.phone = phone
        return self._match(now)

    def answered(self, leg: str, now: float) -> list[Happening]:
        """An operator picked up, or a citizen whom they called. Whom nobody wants any more is hung up; said twice it changes nothing."""
        if self.talks_on(leg):
            return []
        if leg in self._citizens:
            return self._citizen_answered(self.places[self._citizens[leg]], now)
        seat = self._seat_of(leg)
        if seat is None or seat.leg != leg or seat.state is not SeatState.RINGING or seat.call_id is None:
            return [Withdrawn(leg)]
        place = self.places[seat.call_id]
        if place.away:
            return self._call_citizen(place, seat, leg, now)
        rang_s = now - seat.since
        self._step(place, PlaceState.TALKING)
        place.talks_since = now
        seat.calls, seat.misses = seat.calls + 1, 0
        return [
            Connected(place.call_id, seat.number, leg, now - place.joined, rang_s),
            *self._now(seat, SeatState.TALKING, now),
        ]

    def leg_gone(self, leg: str, cause: int, now: float) -> list[Happening]:
        """An operator's or a called citizen's channel ended, by this Q.850 cause: hung up, refused, busy, unreachable, or rung out."""
        called = self._citizens.pop(leg, None)
        if called is not None:
            return self._citizen_gone(self.places[called], cause, now)
        number = self._legs.pop(leg, None)
        if number is None:
            return []
        seat = self.seats[number]
        if seat.leg != leg:
            return []
        ringing, talking = seat.state is SeatState.RINGING, seat.state is SeatState.TALKING
        if seat.phone is Phone.BUSY:
            seat.phone = Phone.FREE
        if talking and seat.call_id is not None:
            place = self.places[seat.call_id]
            if place.state is PlaceState.TALKING:
                return self._talk_ended(place, now)
            seat.leg = None
            return [*self._end_citizen(place), *self._missed(seat, leg, Miss.REFUSED, now), *self._match(now)]
        seat.leg = None
        if ringing:
            return [*self._missed(seat, leg, rules.miss_of(cause), now), *self._match(now)]
        return self._match(now)

    def done(self, number: str, now: float) -> list[Happening]:
        """The operator has finished wrapping up."""
        seat = self.seats[number]
        if seat.state is not SeatState.WRAP_UP:
            return []
        return [*self._wrapped_up(seat, now), *self._settle(seat, now), *self._match(now)]

    def extend(self, number: str, now: float) -> bool:
        """Double the wrap-up, once; False when there is none, or it was."""
        seat = self.seats[number]
        if seat.state is not SeatState.WRAP_UP or seat.extended:
            return False
        seat.extended = True
        return True

    # -- time

    def tick(self, now: float) -> list[Happening]:
        """What time alone brings: who does not answer, has wrapped up, has waited too long, or waits for nobody."""
        happened: list[Happening] = []
        self._forget_who_did_not_return(now)
        self._look_who_serves(now)
        for seat in self.seats.values():
            happened += self._seat_tick(seat, now)
        for place in [*self.places.values()]:
            if place.state is PlaceState.CALLING and now - place.called_at >= self.policy.citizen_ring_s:
                happened += self._not_reached(place, Unreached.NO_ANSWER, now)
            why = self._gives_up(place, now)
            if why:
                happened += [Left(place.call_id, why, now - place.joined), *self._leave(place, now)]
        return [*happened, *self._match(now)]

    def _seat_tick(self, seat: Seat, now: float) -> list[Happening]:
        age_s = now - seat.since
        if seat.state is SeatState.RINGING and age_s >= self.policy.ring_s:
            return self._missed(seat, seat.leg or "", Miss.TIMEOUT, now)
        if seat.state is SeatState.WRAP_UP and age_s >= self.policy.wrap_up_s * (2 if seat.extended else 1):
            return [*self._wrapped_up(seat, now), *self._settle(seat, now)]
        if seat.leg and seat.state not in (SeatState.RINGING, SeatState.TALKING) and age_s > CLOSING_S:
            self._legs.pop(seat.leg, None)
            seat.leg = None
        return []

    def _gives_up(self, place: Place, now: float) -> Why | None:
        if place.away or place.state is not PlaceState.WAITING:
            return None
        if now - self._nobody_since.get(place.queue, now) >= self.policy.nobody_s:
            return Why.NO_OPERATOR
        return Why.WAITED_LONG if now - place.joined >= self.policy.longest_wait_s else None

    def _look_who_serves(self, now: float) -> None:
        queues = {place.queue for place in self.places.values()}
        forsaken = {queue for queue in queues if not rules.could_serve(self.seats.values(), queue)}
        self._nobody_since = {queue: self._nobody_since.get(queue, now) for queue in forsaken}

    def _forget_who_did_not_return(self, now: float) -> None:
        within_s = self.policy.return_within_s
        self._returning = {who: kept for who, kept in self._returning.items() if now - kept[1] <= within_s}

    # -- what is told

    def waiting(self) -> list[Place]:
        """Those in line, the next one first."""
        inside = (place for place in self.places.values() if place.state in rules.IN_LINE)
        return sorted(inside, key=lambda place: rules.order(place, self.policy))

    def position(self, call_id: UUID) -> int | None:
        """The position at this moment; None when they wait no more."""
        place = self.places.get(call_id)
        if place is None or place.state not in rules.IN_LINE:
            return None
        return rules.position(place, self.places.values())

    def tell_position(self, call_id: UUID) -> int | None:
        """The position that the caller is told now: never worse than before. None when they wait no more."""
        position = self.position(call_id)
        if position is None:
            return None
        place = self.places[call_id]
        place.told = min(position, place.told or position)
        return place.told

    def caller_on(self, leg: str) -> UUID | None:
        """The caller of the operator who has answered on this leg."""
        seat = self._seat_of(leg)
        return seat.call_id if seat is not None and self.talks_on(leg) else None

    def talks_on(self, leg: str) -> bool:
        """Whether this is the leg of an operator who talks, or of a citizen whom they called."""
        if leg in self._citizens:
            return self.places[self._citizens[leg]].state is PlaceState.TALKING
        seat = self._seat_of(leg)
        return seat is not None and seat.leg == leg and seat.state is SeatState.TALKING

    def estimate(self, position: int, now: float) -> EstimatedWait | None:
        """How long until whoever has this position talks; None where the data are poor."""
        while self._handled and now - self._handled[0][0] > HANDLED_WITHIN_S:
            self._handled.popleft()
        active = sum(seat.duty is Duty.ON for seat in self.seats.values())
        return estimated_wait([seconds for _, seconds in self._handled], active, position)

    # -- a restart

    def rings_on(self, leg: str) -> bool:
        """Whether this leg has rung and nobody has answered it yet."""
        if leg in self._citizens:
            return self.places[self._citizens[leg]].state is PlaceState.CALLING
        seat = self._seat_of(leg)
        return seat is not None and seat.leg == leg and seat.state is SeatState.RINGING

    def restore(self, place: Place) -> list[Happening]:
        """Put back a caller whom a process that died had in line, or in a talk; the next tick rings for those who wait."""
        self.places[place.call_id] = place
        if place.state is PlaceState.TALKING and place.seat and place.leg:
            seat = self.seats.setdefault(place.seat, Seat(place.seat))
            seat.state, seat.since = SeatState.TALKING, place.talks_since
            seat.call_id, seat.leg = place.call_id, place.leg
            self._legs[place.leg] = seat.number
            if place.citizen:
                self._citizens[place.citizen] = place.call_id
            return [SeatChanged(seat.number, SeatState.TALKING, seat.reason, place.call_id)]
        return []

    def citizens(self) -> list[str]:
        """The channels on which citizens are being called, or talk."""
        return [*self._citizens]

    # -- inside

    def _match(self, now: float) -> list[Happening]:
        """Ring whoever is free for whoever is next, until one of the two runs out."""
        free = [seat for seat in self.seats.values() if rules.is_free(seat, now)]
        happened: list[Happening] = []
        for place in self.waiting() if free else ():
            if place.state is not PlaceState.WAITING or not rules.is_due(place, self._is_open, now, self.policy):
                continue
            able = [seat for seat in free if rules.may_take(seat, place, now, self.policy)]
            if able:
                seat = rules.choose(able, self.policy)
                free.remove(seat)
                happened += self._offer(place, seat, now)
            if not free:
                break
        return happened

    def _offer(self, place: Place, seat: Seat, now: float) -> list[Happening]:
        leg = self._new_leg()
        self._step(place, PlaceState.OFFERED)
        place.seat, place.leg = seat.number, leg
        seat.leg, seat.call_id, seat.last_offered = leg, place.call_id, now
        self._legs[leg] = seat.number
        return [Offered(place.call_id, seat.number, leg), *self._now(seat, SeatState.RINGING, now)]

    def _missed(self, seat: Seat, leg: str, why: Miss, now: float) -> list[Happening]:
        """An offer came to nothing: the caller is next again; who let it ring is paused, and told so."""
        missed = NotAnswered(self._back_in_line(seat), seat.number, leg, why, now - seat.since)
        seat.misses += 1
        if why is Miss.TIMEOUT or (why is Miss.REFUSED and seat.misses >= REFUSALS):
            seat.duty, seat.reason = Duty.PAUSED, NO_ANSWER if why is Miss.TIMEOUT else REFUSED
        else:
            seat.not_before = now + self.policy.back_off_s
        return [missed, *self._settle(seat, now)]

    def _back_in_line(self, seat: Seat) -> UUID:
        """The caller who was offered to this operator waits again, where they were."""
        assert seat.call_id is not None
        place = self.places[seat.call_id]
        self._step(place, PlaceState.WAITING)
        place.seat = place.leg = None
        return place.call_id

    def _talk_ended(self, place: Place, now: float, elsewhere: bool = False) -> list[Happening]:
        seat, leg = self.seats[place.seat or ""], place.leg or ""
        talk_s = now - place.talks_since
        self._citizens.pop(place.citizen or "", None)
        self._step(place, PlaceState.LEFT)
        del self.places[place.call_id]
        if leg not in self._legs:
            seat.leg = None
        seat.idle_since = now
        ended: list[Happening] = [Talked(place.call_id, seat.number, leg, talk_s, elsewhere)]
        if seat.duty is Duty.ON and self.policy.wrap_up_s > 0:
            seat.extended, seat.talked_s = False, talk_s
            return [*ended, *self._now(seat, SeatState.WRAP_UP, now), *self._match(now)]
        self._handled.append((now, talk_s))
        return [*ended, *self._settle(seat, now), *self._match(now)]

    def _wrapped_up(self, seat: Seat, now: float) -> list[Happening]:
        self._handled.append((now, seat.talked_s + now - seat.since))
        return [WrappedUp(seat.call_id, seat.number, now - seat.since)] if seat.call_id else []

    def _settle(self, seat: Seat, now: float) -> list[Happening]:
        """An operator has nothing in hand: what they do is what their duty says."""
        to = {Duty.ON: SeatState.IDLE, Duty.PAUSED: SeatState.PAUSED, Duty.OFF: SeatState.OFF}[seat.duty]
        # Who was rung in vain has not lost their turn; who comes from a pause or a talk begins to be idle now.
        if to is SeatState.IDLE and seat.state is not SeatState.RINGING:
            seat.idle_since = now
        seat.call_id = None
        return [] if to is seat.state else self._now(seat, to, now)

    def _now(self, seat: Seat, to: SeatState, now: float) -> list[Happening]:
        SEAT_STEPS.check(seat.state, to)
        seat.state, seat.since = to, now
        return [SeatChanged(seat.number, to, seat.reason, seat.call_id)]

    def _step(self, place: Place, to: PlaceState) -> None:
        PLACE_STEPS.check(place.state, to)
        place.state = to

    def _seat_of(self, leg: str) -> Seat | None:
        number = self._legs.get(leg)
        return self.seats[number] if number is not None else None
