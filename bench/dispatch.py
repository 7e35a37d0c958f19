"""From an operator's end of a call to the next ring of the same operator: pure arithmetic over what both sides of the PBX saw."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

JOIN_S = 1.0
"""A caller counts as waiting so long after the PBX has answered them: it may take half a second for sound that does not come."""


@dataclass
class Offer:
    """One call that rang at an operator's phone and was answered at once, in wall seconds; `ended_at` is the BYE, sent or received.

    `caller` is the number that the phone showed.
    """

    invited_at: float
    ended_at: float | None = None
    caller: str = ""


@dataclass(frozen=True)
class Caller:
    """One caller, in wall seconds: answered by the PBX, the last key, and the end; `served` when that was not the caller's."""

    entered_at: float
    ended_at: float
    served: bool = True
    pressed_at: float | None = None


@dataclass(frozen=True)
class Dispatch:
    """`gaps_ms` of those calls after which a caller waited for every operator; `never` of these brought no further ring."""

    gaps_ms: Sequence[float]
    never: int


def dispatch(offers: Mapping[str, Sequence[Offer]], callers: Collection[Caller], operators: int) -> Dispatch:
    """Pair the end of each talk with the next ring of the same phone.

    Only those count at whose moment at least as many callers waited as there are operators: then there was one for this operator,
    whoever else was free. Without this rule an operator who rests because the line is empty would count as slow.
    """
    gaps, never = [], 0
    for mine in offers.values():
        ordered = sorted(mine, key=lambda offer: offer.invited_at)
        for place, offer in enumerate(ordered):
            if offer.ended_at is None or waiting(offer.ended_at, offers.values(), callers) < operators:
                continue
            if place + 1 == len(ordered):
                never += 1
            else:
                gaps.append((ordered[place + 1].invited_at - offer.ended_at) * 1000)
    return Dispatch(gaps, never)


def waiting(at: float, offers: Iterable[Sequence[Offer]], callers: Collection[Caller]) -> int:
    """How many callers wait at an instant: who entered, without those that rang at an operator or have gone unserved."""
    every = [offer for mine in offers for offer in mine]
    entered = sum(caller.entered_at + JOIN_S <= at for caller in callers)
    rung = sum(offer.invited_at <= at for offer in every)
    gone = sum(caller.ended_at <= at for caller in callers)
    served = sum(offer.ended_at is not None and offer.ended_at <= at for offer in every)
    return entered - rung - max(0, gone - served)


def most_at_once(callers: Collection[Caller]) -> int:
    """The largest number of callers up at the same time."""
    edges = sorted([(caller.entered_at, 1) for caller in callers] + [(caller.ended_at, -1) for caller in callers])
    most = up = 0
    for _, step in edges:
        up += step
        most = max(most, up)
    return most


def rung_twice(offers: Mapping[str, Sequence[Offer]]) -> int:
    """How often a phone rang while it was in a call."""
    return sum(
        any(
            other is not offer and other.invited_at < offer.invited_at < (other.ended_at or float("inf"))
            for other in mine
        )
        for mine in offers.values()
        for offer in mine
    )


def read_notes(text: str) -> dict[str, Caller]:
    """The callers of `bench.scenario.Stay` by number, from their log; those without an end are left out."""
    noted: dict[str, dict[str, float]] = defaultdict(dict)
    for line in text.splitlines():
        number, word, *_, at = line.split()
        noted[number][word] = float(at)
    return {
        number: Caller(at["entered"], at.get("served") or at["left"], "served" in at, at.get("pressed"))
        for number, at in noted.items()
        if "entered" in at and at.keys() & {"served", "left"}
    }


def ring_after_key_ms(callers: Mapping[str, Caller], offers: Iterable[Sequence[Offer]]) -> list[float]:
    """From a caller's last key to the first ring at an operator's phone, of each caller who pressed one and was rung for."""
    rung = dict[str, float]()
    for offer in sorted((one for mine in offers for one in mine), key=lambda one: one.invited_at):
        rung.setdefault(offer.caller, offer.invited_at)
    return [
        (rung[number] - caller.pressed_at) * 1000
        for number, caller in callers.items()
        if caller.pressed_at is not None and number in rung
    ]
