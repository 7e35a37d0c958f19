"""Reckoning of a line of callers: whether each had their turn, once and in order, by their phone and by the ledger."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import datetime

from ledger.model import Call, Outcome, Step, StepKind
from tests.chaos.phones import OPERATOR_SAYS, PhoneCall

K = StepKind
Away = tuple[datetime, datetime]
"""From when until when nobody looked after the line."""
ONCE = (K.QUEUED, K.ANSWERED, K.BRIDGED, K.TALKED, K.ENDED)
ONCE_IN_FALLBACK = (K.ANSWERED, K.ENDED)
NEVER_IN_FALLBACK = (K.BRIDGED, K.TALKED)
"""Asterisk's own queue is a second line, and both who gives a caller away and who imports the note say so."""
TWICE_IN_FALLBACK = (K.QUEUED, K.FALLBACK)
SAME_S = 3.0
"""So far a phone's clock and the ledger's may be apart: the phone hears a voice when half a second of it has come."""
OVERTAKEN_S = 2.5
"""Two phones that ring at once are answered at once, by whoever is quicker."""
OVERTAKEN_IN_FALLBACK_S = 10.0
"""Those taken to Asterisk's own queue at once come to its end within milliseconds, in any order: one talk may be between them."""


def out_of_turn(phones: Iterable[PhoneCall], pages: Mapping[str, Call], away: Away) -> list[str]:
    """What is wrong with anybody's turn, in sentences. `pages` are the ledger's, with their steps, by the callers' numbers."""
    return [f"{problem} -- {call.story()}" for call in phones for problem in _one(call, pages.get(call.number), away)]


def steps(page: Call, kind: StepKind) -> list[Step]:
    """The page's steps of one kind, oldest first."""
    return [step for step in page.steps if step.kind is kind]


def _one(call: PhoneCall, page: Call | None, away: Away) -> Iterable[str]:
    if page is None:
        yield "it has no page"
        return
    heard = [name.rpartition("/")[2] for name in call.heard or ()]
    if OPERATOR_SAYS not in heard:
        yield "it heard no operator"
        return
    first = heard.index(OPERATOR_SAYS)
    if set(heard[first:]) != {OPERATOR_SAYS}:
        yield f"its talk was broken off: after the operator it heard {heard[first:]}"
    yield from _steps(page)
    if not steps(page, K.FALLBACK):
        yield from _talk(call, page, call.heard_at[first], away)


def _steps(page: Call) -> Iterable[str]:
    in_fallback = bool(steps(page, K.FALLBACK))
    wanted = dict.fromkeys(ONCE_IN_FALLBACK if in_fallback else ONCE, 1)
    wanted |= dict.fromkeys(TWICE_IN_FALLBACK, 2) | dict.fromkeys(NEVER_IN_FALLBACK, 0) if in_fallback else {}
    for kind, times in wanted.items():
        if len(steps(page, kind)) != times:
            yield f"{len(steps(page, kind))} times {kind.value} in the ledger: {_kinds(page)}"
    order = [step.kind for step in page.steps if step.kind in ONCE]
    if not in_fallback and order != list(ONCE):
        yield f"the ledger's steps are in no order that can be: {_kinds(page)}"
    if len(steps(page, K.WRAPPED_UP)) > 1:
        yield f"its operator has wrapped up {len(steps(page, K.WRAPPED_UP))} times"
    if page.outcome is not Outcome.ANSWERED:
        yield f"its outcome is {page.outcome}"


def _talk(call: PhoneCall, page: Call, heard_at_s: float, away: Away) -> Iterable[str]:
    """The same talk on both sides: when it began, and how long it was."""
    bridged, talked = steps(page, K.BRIDGED), steps(page, K.TALKED)
    if len(bridged) != 1 or len(talked) != 1 or call.answered_at is None or call.ended_at is None:
        return
    began = call.answered_at + heard_at_s
    apart = began - bridged[0].at.timestamp()
    if abs(apart) > SAME_S:
        yield f"it heard the operator {apart:.1f} s after the ledger has them talking"
    talk_s = call.ended_at - began
    if bridged[0].detail["operator"] != talked[0].detail["operator"]:
        yield f"it was put through to {bridged[0].detail['operator']} and talked to {talked[0].detail['operator']}"
    begun, back = (at.timestamp() for at in away)
    # Who hangs up while nobody is there to see it has talked, for the ledger, until somebody is.
    unseen_s = max(0.0, back - call.ended_at) if call.ended_at > begun else 0.0
    if not -SAME_S <= talked[0].detail["talk_s"] - talk_s <= SAME_S + unseen_s:
        yield f"it talked for {talk_s:.1f} s, by the ledger for {talked[0].detail['talk_s']:.1f} s"


def overtaken(
    calls: Iterable[PhoneCall], pages: Mapping[str, Call], since: datetime, slow: Container[str]
) -> list[str]:
    """Who was before somebody that had come sooner, in sentences: by the offers from `since` on, and by what the phones heard.

    Whoever an operator of `slow` took heard how long that phone rang, not when their turn was.
    """
    line = _line(calls, pages)
    offers = [
        (call, next((step.at for step in steps(pages[call.number], K.OFFERED) if step.at >= since), None))
        for call in line
    ]
    heard = [(call, talked_at(call)) for call in line if _operator(pages[call.number]) not in slow]
    late_s = OVERTAKEN_IN_FALLBACK_S if any(steps(pages[call.number], K.FALLBACK) for call in line) else OVERTAKEN_S
    return [
        *_inversions([(call, at.timestamp()) for call, at in offers if at], 0.0, "was offered to an operator"),
        *_inversions([(call, at) for call, at in heard if at], late_s, "heard an operator"),
    ]


def _line(calls: Iterable[PhoneCall], pages: Mapping[str, Call]) -> list[PhoneCall]:
    queued = [(places[0].at, call) for call in calls if (places := steps(pages[call.number], K.QUEUED))]
    return [call for _, call in sorted(queued, key=lambda one: one[0])]


def _inversions(line: Sequence[tuple[PhoneCall, float]], by_s: float, what: str) -> Iterable[str]:
    for place, (before, at) in enumerate(line):
        for after, other in line[place + 1 :]:
            if at - other > by_s:
                yield f"{after.number} {what} {at - other:.1f} s before {before.number}, who came first"


def _operator(page: Call) -> str:
    answered = steps(page, K.ANSWERED)
    return str(answered[0].detail["operator"]).rpartition("/")[2] if answered else ""


def talked_at(call: PhoneCall) -> float | None:
    """When the phone first heard an operator, in seconds of the wall clock; None when it did not."""
    for name, at in zip(call.heard or (), call.heard_at, strict=True):
        if name.rpartition("/")[2] == OPERATOR_SAYS and call.answered_at is not None:
            return call.answered_at + at
    return None


def _kinds(page: Call) -> str:
    return ", ".join(step.kind.value for step in page.steps)
