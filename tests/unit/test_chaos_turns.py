"""The reckoning of a line: a turn that was lost, broken off or taken is found, and none is invented."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from ledger.model import Call, Outcome, Step, StepKind
from tests.chaos.phones import THE_CALLER, PhoneCall
from tests.chaos.turns import out_of_turn, overtaken

BEGAN = datetime(2026, 10, 5, 10, 0, tzinfo=UTC)
NEVER = BEGAN + timedelta(days=1), BEGAN + timedelta(days=1)
TURN = (StepKind.QUEUED, StepKind.OFFERED, StepKind.ANSWERED, StepKind.BRIDGED, StepKind.TALKED, StepKind.ENDED)


def a_phone(number: str = "1", heard_s: float = 20.0, *more: str) -> PhoneCall:
    """A call answered at once, whose operator is heard after `heard_s`, and which ends ten seconds later."""
    heard = ["it/welcome", "it/other-channels", *more]
    at = [1.0, heard_s, *(heard_s + 1 for _ in more)]
    return PhoneCall(
        number, BEGAN.timestamp(), BEGAN.timestamp(), BEGAN.timestamp() + heard_s + 10, THE_CALLER, heard, at, "1"
    )  # fmt: skip


def a_page(
    *kinds: StepKind, number: str = "1", queued_s: float = 2.0, offered_s: float = 19.0, talk_s: float = 10.0, operator: str = "201"
) -> Call:  # fmt: skip
    """What the ledger says of such a call."""
    at = {StepKind.QUEUED: queued_s, StepKind.OFFERED: offered_s, StepKind.ANSWERED: 20.0, StepKind.BRIDGED: 20.0}
    detail = {"operator": operator, "talk_s": talk_s}
    steps = [
        Step(seq, BEGAN + timedelta(seconds=at.get(kind, 30.0)), 0.0, kind, detail) for seq, kind in enumerate(kinds)
    ]
    return Call(uuid4(), number, "800", "it", BEGAN, BEGAN, Outcome.ANSWERED, False, tuple(steps))


def test_a_turn_that_both_sides_tell_alike_is_no_difference() -> None:
    assert out_of_turn([a_phone()], {"1": a_page(*TURN)}, NEVER) == []


@pytest.mark.parametrize(
    ("phone", "page", "said"),
    [
        (a_phone(), a_page(StepKind.QUEUED, *TURN), "2 times queued"),
        (a_phone(), a_page(*TURN[:4], StepKind.ENDED), "0 times talked"),
        (a_phone(), a_page(*TURN, talk_s=20.0), "it talked for 10.0 s, by the ledger for 20.0 s"),
        (a_phone("1", 27.0), a_page(*TURN), "it heard the operator 7.0 s after"),
        (a_phone("1", 20.0, "it/queue-menu-message"), a_page(*TURN), "broken off"),
        (a_phone(), a_page(*TURN[1:], TURN[0]), "no order that can be"),
    ],
)
def test_a_turn_that_is_told_in_two_ways_is_a_difference(phone: PhoneCall, page: Call, said: str) -> None:
    found = out_of_turn([phone], {"1": page}, NEVER)
    assert [one for one in found if said in one], found


def test_who_hangs_up_while_nobody_sees_it_may_have_talked_until_somebody_does() -> None:
    back = BEGAN + timedelta(seconds=40)
    assert out_of_turn([a_phone()], {"1": a_page(*TURN, talk_s=20.0)}, (BEGAN, back)) == []


def test_a_caller_without_a_page_or_an_operator_is_a_difference() -> None:
    silent = a_phone()
    silent.heard, silent.heard_at = ["it/welcome"], [1.0]
    assert "it has no page" in out_of_turn([a_phone()], {}, NEVER)[0]
    assert "it heard no operator" in out_of_turn([silent], {"1": a_page(*TURN)}, NEVER)[0]


def test_who_is_offered_or_heard_before_those_who_came_sooner_is_found() -> None:
    first, second = a_page(*TURN), a_page(*TURN, number="2", queued_s=3.0, offered_s=18.0)
    calls = [a_phone("1", 24.0), a_phone("2", 20.0)]
    assert overtaken(calls, {"1": first, "2": second}, BEGAN, ()) == [
        "2 was offered to an operator 1.0 s before 1, who came first",
        "2 heard an operator 4.0 s before 1, who came first",
    ]


def test_a_phone_that_rings_long_makes_nobody_be_overtaken() -> None:
    first, second = a_page(*TURN, operator="271"), a_page(*TURN, number="2", queued_s=3.0)
    calls = [a_phone("1", 30.0), a_phone("2", 20.0)]
    assert overtaken(calls, {"1": first, "2": second}, BEGAN, ("271",)) == []
