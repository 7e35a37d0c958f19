"""Who waited for an operator and hung up is to be called back, until they are heard."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from foundation.database import Database
from ledger.model import Call, Outcome
from ledger.rules import why_call_back
from ledger.service import Ledger
from tests.clocks import HeldClock
from tests.waiting import Made, a_call, abandoned, answered_call, ended, left, queued, write

CALLER = "+390612345678"
WAITED: tuple[Made, ...] = (queued(), abandoned(40, 40), ended(40))


@pytest.fixture
def ledger(database: Database, clock: HeldClock) -> Ledger:
    return Ledger(database, clock)


async def listed(ledger: Ledger) -> list[UUID]:
    return [call.call_id for call in await ledger.callback_list()]


async def comes(ledger: Ledger, clock: HeldClock, *made: Made, outcome: Outcome, caller: str | None = CALLER) -> Call:
    call = a_call(clock.now(), *made, caller=caller, outcome=outcome)
    await write(ledger, call)
    clock.move(minutes=10)
    return call


async def test_who_hung_up_in_the_line_is_listed_with_the_reason_and_who_hung_up_in_the_menu_is_not(
    ledger: Ledger, clock: HeldClock
) -> None:
    waited = await comes(ledger, clock, *WAITED, outcome=Outcome.ABANDONED)
    await comes(ledger, clock, ended(10), outcome=Outcome.ABANDONED, caller="+390698765432")
    await comes(ledger, clock, *WAITED, outcome=Outcome.ABANDONED, caller=None)
    [to_call] = await ledger.callback_list()
    assert to_call.call_id == waited.call_id
    assert to_call.outcome is not None
    assert why_call_back(to_call.outcome) == "waited for an operator and hung up"


async def test_who_calls_again_and_is_answered_is_off_the_list(ledger: Ledger, clock: HeldClock) -> None:
    await comes(ledger, clock, *WAITED, outcome=Outcome.ABANDONED)
    await write(ledger, answered_call(clock.now(), "201", 5, 60, 5, caller=CALLER))
    assert await listed(ledger) == []


async def test_who_calls_again_and_leaves_a_message_is_off_the_list(ledger: Ledger, clock: HeldClock) -> None:
    await comes(ledger, clock, *WAITED, outcome=Outcome.ABANDONED)
    await comes(ledger, clock, queued(), left(30, "message", 30), ended(90), outcome=Outcome.MESSAGE_LEFT)
    assert await listed(ledger) == []


async def test_who_calls_again_and_hangs_up_in_the_menu_stays_on_it(ledger: Ledger, clock: HeldClock) -> None:
    waited = await comes(ledger, clock, *WAITED, outcome=Outcome.ABANDONED)
    await comes(ledger, clock, ended(5), outcome=Outcome.ABANDONED)
    assert await listed(ledger) == [waited.call_id]


async def test_a_number_that_waited_in_vain_twice_or_was_missed_too_stands_there_once(
    ledger: Ledger, clock: HeldClock
) -> None:
    await comes(ledger, clock, ended(40), outcome=Outcome.MISSED)
    await comes(ledger, clock, *WAITED, outcome=Outcome.ABANDONED)
    again = await comes(ledger, clock, *WAITED, outcome=Outcome.ABANDONED)
    assert await listed(ledger) == [again.call_id]


async def test_who_was_called_back_is_off_the_list(ledger: Ledger, clock: HeldClock) -> None:
    waited = await comes(ledger, clock, *WAITED, outcome=Outcome.ABANDONED)
    await ledger.called_back(waited.call_id, "anna")
    assert await listed(ledger) == []


async def test_exercises_are_called_back_by_nobody_and_clear_nobody(ledger: Ledger, clock: HeldClock) -> None:
    waited = await comes(ledger, clock, *WAITED, outcome=Outcome.ABANDONED)
    await write(ledger, answered_call(clock.now(), "201", 5, 60, 5, caller=CALLER, simulated=True))
    exercise = a_call(
        clock.now() + timedelta(hours=1), *WAITED, caller="+390611111111", outcome=Outcome.ABANDONED, simulated=True
    )
    await write(ledger, exercise)
    assert await listed(ledger) == [waited.call_id]


async def test_who_was_called_back_in_vain_is_listed_under_the_number_they_had_keyed_in(
    ledger: Ledger, clock: HeldClock
) -> None:
    way = (queued(), left(30, "callback", 30), ended(3600))
    call = await comes(ledger, clock, *way, outcome=Outcome.MISSED, caller=None)
    assert await listed(ledger) == []
    await ledger.reached_at(call.call_id, CALLER)
    assert [(to_call.call_id, to_call.caller) for to_call in await ledger.callback_list()] == [(call.call_id, CALLER)]
