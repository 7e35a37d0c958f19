"""What is written of a caller in line, on the disk before they are told, and read again after a restart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid4, uuid5

from foundation.clock import Clock
from foundation.journal import Written
from foundation.outbox import Entry, Outbox
from ledger.model import Outcome, StepKind
from queue_manager.board import citizen_of
from queue_manager.model import Place, PlaceState, SeatState, Why


class Kind(StrEnum):
    """What an entry says; `queue_manager.records` does with each what it means."""

    JOINED = "joined"
    REFUSED = "refused"
    STEP = "step"
    CALLBACK = "callback"
    ENDED = "ended"
    GIVEN_BACK = "given_back"
    HANDED_OVER = "handed_over"
    OPERATOR = "operator"


@dataclass(frozen=True)
class Arrival:
    """Who came into the line on which channel."""

    channel_id: str
    call_id: UUID
    caller: str | None
    dialled: str
    language: str


@dataclass(frozen=True)
class Kept:
    """What a process that died knew of a caller: who they are, and their place. `leg` rang or talked last, None: none did.

    The channel of somebody who is away is the one on which they were called last.
    """

    arrival: Arrival
    place: Place
    leg: str | None
    talking: bool


class Diary:
    """The entries of the calls in line and of the operators."""

    def __init__(self, outbox: Outbox, clock: Clock) -> None:
        self._outbox = outbox
        self._clock = clock

    # -- writing

    def joined(self, arrival: Arrival, place: Place, position: int, via: str) -> Written:
        """A caller has a place; what is returned tells when that is on the disk, or raises OSError."""
        waited = timedelta(seconds=self._clock.monotonic() - place.since)
        body = {
            "channel": arrival.channel_id, "caller": arrival.caller, "dialled": arrival.dialled, "language": place.language,
            "queue": place.queue, "topic": place.topic, "priority": place.priority,
            "since": (self._clock.now() - waited).isoformat(), "position": position, "via": via,
        }  # fmt: skip
        return self._outbox.post(self._entry(place.call_id, Kind.JOINED, body))

    def refused(self, arrival: Arrival, why: Why) -> None:
        """A caller got no place, and goes on elsewhere at once."""
        body = {
            "caller": arrival.caller, "dialled": arrival.dialled, "language": arrival.language, "why": why.value
        }  # fmt: skip
        self._outbox.post(self._entry(arrival.call_id, Kind.REFUSED, body, closes=True))

    def step(self, call_id: UUID, kind: StepKind, **detail: Any) -> Written:
        """A step of a caller who is in line or talks; what is returned tells when it is on the disk."""
        return self._outbox.post(self._entry(call_id, Kind.STEP, {"kind": kind.value, "detail": detail}))

    def callback_asked(self, call_id: UUID, number: str) -> Written:
        """A caller in line wants to be called at this number; what is returned tells when that is on the disk, or raises OSError."""
        return self._outbox.post(self._entry(call_id, Kind.CALLBACK, {"number": number}))

    def afterwards(self, call_id: UUID, kind: StepKind, **detail: Any) -> None:
        """A step of a call that is over."""
        self._outbox.post(self._entry(call_id, Kind.STEP, {"kind": kind.value, "detail": detail}, closes=True))

    def ended(self, call_id: UUID, outcome: Outcome) -> None:
        """The call is over."""
        self._outbox.post(self._entry(call_id, Kind.ENDED, {"outcome": outcome.value}, closes=True))

    def given_back(self, call_id: UUID) -> None:
        """`ivr` has the caller again, and writes on."""
        self._outbox.post(self._entry(call_id, Kind.GIVEN_BACK, {}, closes=True))

    def handed_over(self, call_id: UUID) -> None:
        """The dialplan's fallback has the caller, and its import writes on."""
        self._outbox.post(self._entry(call_id, Kind.HANDED_OVER, {}, closes=True))

    def operator(self, number: str, state: SeatState, reason: str, call_id: UUID | None) -> None:
        """An operator does something else from now on."""
        body = {"number": number, "state": state.value, "reason": reason, "call_id": str(call_id) if call_id else None}
        self._outbox.post(self._entry(uuid5(NAMESPACE_OID, f"operator {number}"), Kind.OPERATOR, body, closes=True))

    def _entry(self, subject: UUID, kind: Kind, body: dict[str, Any], closes: bool = False) -> Entry:
        return Entry(uuid4(), subject, kind, self._clock.now(), self._clock.monotonic(), body, closes)

    # -- reading

    def open_calls(self) -> list[UUID]:
        """Callers who are in line or talk, as far as anything is written."""
        return [subject for subject in self._outbox.open_subjects() if self.kept(subject) is not None]

    def kept(self, call_id: UUID) -> Kept | None:
        """What is written of a caller; None when they have no place."""
        entries = self._outbox.story(call_id)
        joined = next((entry for entry in entries if entry.kind == Kind.JOINED), None)
        if joined is None:
            return None
        body = joined.body
        arrival = Arrival(body["channel"], call_id, body["caller"], body["dialled"], body["language"])
        place = Place(
            call_id, body["language"], self._mono(joined.at), self._mono(datetime.fromisoformat(body["since"])),
            queue=body["queue"], topic=body["topic"], priority=body["priority"], caller=body["caller"],
            told=min((d["position"] for d in _details(entries, StepKind.POSITION_TOLD)), default=None),
        )  # fmt: skip
        leg, talking = self._leg(entries, place)
        self._callback(entries, place)
        if place.away and leg:
            arrival = replace(arrival, channel_id=citizen_of(leg))
            place.citizen = arrival.channel_id if talking else None
        return Kept(arrival, place, leg, talking)

    def _callback(self, entries: Sequence[Entry], place: Place) -> None:
        """Whether the caller is to be called back, and how often that was tried."""
        asked = [entry.body["number"] for entry in entries if entry.kind == Kind.CALLBACK]
        tried = [entry for entry in entries if entry.body.get("kind") == StepKind.NOT_REACHED]
        place.callback = asked[-1] if asked else None
        place.away = bool(asked) and bool(_details(entries, StepKind.LEFT_QUEUE))
        place.attempts, place.tried_at = len(tried), self._mono(tried[-1].at) if tried else None

    def _leg(self, entries: Sequence[Entry], place: Place) -> tuple[str | None, bool]:
        """The leg that was offered last, and whether the two talked; the place is put where it was."""
        offered = _details(entries, StepKind.OFFERED)
        bridged = [entry for entry in entries if entry.body.get("kind") == StepKind.BRIDGED]
        leg = offered[-1]["leg"] if offered else None
        if bridged:
            place.state, place.leg, place.seat = PlaceState.TALKING, leg, bridged[-1].body["detail"]["operator"]
            place.talks_since = self._mono(bridged[-1].at)
        return leg, bool(bridged)

    def _mono(self, at: datetime) -> float:
        """A wall time of another process, on the monotonic clock of this one."""
        return self._clock.monotonic() - (self._clock.now() - at).total_seconds()


def _details(entries: Sequence[Entry], kind: StepKind) -> list[dict[str, Any]]:
    return [entry.body["detail"] for entry in entries if entry.body.get("kind") == kind]
