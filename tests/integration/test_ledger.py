"""Calls and their steps on a real PostgreSQL."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from foundation.database import Database
from ledger.model import Happened, Outcome, StepKind
from ledger.rules import why_call_back
from ledger.service import Ledger, UnknownCall
from tests.clocks import HeldClock

CALLER = "+390612345678"


@pytest.fixture
def ledger(database: Database, clock: HeldClock) -> Ledger:
    return Ledger(database, clock)


async def a_call(ledger: Ledger, clock: HeldClock, outcome: Outcome, caller: str | None = CALLER) -> UUID:
    call_id = uuid4()
    await ledger.arrived(call_id, caller, "800840840", "it")
    clock.move(seconds=30)
    await ledger.ended(call_id, outcome)
    clock.move(minutes=1)
    return call_id


async def test_a_call_is_kept_with_its_steps_in_order(ledger: Ledger, clock: HeldClock) -> None:
    call_id = uuid4()
    await ledger.arrived(call_id, CALLER, "800840840", "it")
    clock.move(seconds=2)
    await ledger.step(call_id, StepKind.MENU, name="menu-closed")
    await ledger.step(call_id, "key", key="3")
    await ledger.language(call_id, "en")
    await ledger.ended(call_id, Outcome.MESSAGE_LEFT)
    call = await ledger.call(call_id)
    assert call is not None
    assert [step.kind for step in call.steps] == ["arrived", "menu", "key", "language", "ended"]
    assert [step.seq for step in call.steps] == [1, 2, 3, 4, 5]
    assert call.steps[1].detail == {"name": "menu-closed"}
    assert call.steps[1].mono - call.steps[0].mono == 2.0
    assert (call.language, call.outcome) == ("en", Outcome.MESSAGE_LEFT)
    assert call.ended_at == call.started_at + timedelta(seconds=2)


async def test_a_second_arrival_or_end_changes_nothing(ledger: Ledger, clock: HeldClock) -> None:
    call_id = await a_call(ledger, clock, Outcome.STATUS_HEARD)
    before = await ledger.call(call_id)
    await ledger.arrived(call_id, None, None, "en")
    await ledger.ended(call_id, Outcome.ERROR)
    assert await ledger.call(call_id) == before


async def test_choosing_the_language_one_hears_already_is_no_step(ledger: Ledger) -> None:
    call_id = uuid4()
    await ledger.arrived(call_id, CALLER, "800840840", "it")
    await ledger.language(call_id, "it")
    call = await ledger.call(call_id)
    assert call is not None
    assert len(call.steps) == 1


async def test_steps_written_at_once_are_numbered_without_gaps(ledger: Ledger) -> None:
    call_id = uuid4()
    await ledger.arrived(call_id, CALLER, "800840840", "it")
    await asyncio.gather(*(ledger.step(call_id, StepKind.PROMPT, n=n) for n in range(8)))
    call = await ledger.call(call_id)
    assert call is not None
    assert [step.seq for step in call.steps] == list(range(1, 10))


async def test_a_step_of_an_unknown_call_or_kind_is_a_clear_error(ledger: Ledger) -> None:
    with pytest.raises(UnknownCall, match="arrival first"):
        await ledger.step(uuid4(), StepKind.KEY)
    call_id = uuid4()
    await ledger.arrived(call_id, CALLER, "800840840", "it")
    with pytest.raises(ValueError, match="sneezed"):
        await ledger.step(call_id, "sneezed")
    with pytest.raises(ValueError, match="bored"):
        await ledger.ended(call_id, "bored")
    call = await ledger.call(call_id)
    assert call is not None
    assert len(call.steps) == 1
    assert await ledger.call(uuid4()) is None


async def test_calls_on_the_line_are_listed_until_they_end(ledger: Ledger, clock: HeldClock) -> None:
    ended = await a_call(ledger, clock, Outcome.ABANDONED)
    on_the_line = uuid4()
    await ledger.arrived(on_the_line, None, "800840840", "it")
    assert [call.call_id for call in await ledger.open_calls()] == [on_the_line]
    assert [call.call_id for call in await ledger.recent(10)] == [on_the_line, ended]


async def test_a_missed_number_is_to_be_called_back_once_newest_first(ledger: Ledger, clock: HeldClock) -> None:
    await a_call(ledger, clock, Outcome.MISSED)
    again = await a_call(ledger, clock, Outcome.ERROR)
    other = await a_call(ledger, clock, Outcome.MISSED, "+390698765432")
    await a_call(ledger, clock, Outcome.MISSED, None)
    await a_call(ledger, clock, Outcome.STATUS_HEARD, "+390611111111")
    assert [call.call_id for call in await ledger.callback_list()] == [other, again]


@pytest.mark.parametrize("outcome", [Outcome.MESSAGE_LEFT, Outcome.ANSWERED])
async def test_a_number_that_is_heard_later_leaves_the_call_back_list(
    ledger: Ledger, clock: HeldClock, outcome: Outcome
) -> None:
    await a_call(ledger, clock, Outcome.MISSED)
    await a_call(ledger, clock, Outcome.STATUS_HEARD)
    assert len(await ledger.callback_list()) == 1
    await a_call(ledger, clock, outcome)
    assert await ledger.callback_list() == []
    later = await a_call(ledger, clock, Outcome.MISSED)
    assert [call.call_id for call in await ledger.callback_list()] == [later]


async def test_a_simulated_call_is_nobody_to_call_back(ledger: Ledger) -> None:
    call_id = uuid4()
    await ledger.arrived(call_id, CALLER, "800840840", "it", simulated=True)
    await ledger.ended(call_id, Outcome.MISSED)
    assert await ledger.callback_list() == []


async def test_who_left_a_message_with_the_fallback_is_called_back_with_the_code(
    ledger: Ledger, clock: HeldClock
) -> None:
    call_id = uuid4()
    await ledger.import_call(call_id, CALLER, clock.now(), "it", Outcome.MESSAGE_LEFT)
    clock.move(minutes=1)
    [to_call] = await ledger.callback_list()
    assert to_call.call_id == call_id
    assert to_call.outcome is not None
    assert "heard no code" in why_call_back(to_call.outcome)
    await a_call(ledger, clock, Outcome.MESSAGE_LEFT)
    assert [call.call_id for call in await ledger.callback_list()] == [call_id], (
        "another message tells no code of this one"
    )


@pytest.mark.parametrize("outcome", [Outcome.STATUS_HEARD, Outcome.ANSWERED])
async def test_who_then_hears_a_state_or_a_person_is_called_back_no_more(
    ledger: Ledger, clock: HeldClock, outcome: Outcome
) -> None:
    await ledger.import_call(uuid4(), CALLER, clock.now(), "it", Outcome.MESSAGE_LEFT)
    clock.move(minutes=1)
    await a_call(ledger, clock, outcome, "+390698765432")
    assert len(await ledger.callback_list()) == 1
    await a_call(ledger, clock, outcome)
    assert await ledger.callback_list() == []


async def test_who_was_called_back_leaves_the_list_and_the_ledger_says_by_whom(
    ledger: Ledger, clock: HeldClock
) -> None:
    missed, message = await a_call(ledger, clock, Outcome.MISSED, "+390698765432"), uuid4()
    await ledger.import_call(message, CALLER, clock.now(), "it", Outcome.MESSAGE_LEFT)
    for call_id in (missed, message):
        await ledger.called_back(call_id, "anna")
    assert await ledger.callback_list() == []
    call = await ledger.call(message)
    assert call is not None
    assert (call.steps[-1].kind, call.steps[-1].detail) == (StepKind.CALLED_BACK, {"author": "anna"})


async def test_the_fallbacks_steps_are_written_once_with_the_times_at_which_they_were_made(
    ledger: Ledger, clock: HeldClock
) -> None:
    call_id, began = uuid4(), clock.now() - timedelta(minutes=5)
    answered = Happened(StepKind.ANSWERED, began + timedelta(seconds=40), {"operator": "PJSIP/201"})
    ended = began + timedelta(seconds=90)
    for _ in range(2):
        await ledger.import_call(call_id, CALLER, began, "it", Outcome.ANSWERED, ended, "800840840", (answered,))
    call = await ledger.call(call_id)
    assert call is not None
    assert [step.kind for step in call.steps] == ["fallback", "answered", "ended"]
    assert [step.at for step in call.steps] == [began, answered.at, ended]
    assert call.steps[1].detail == {"operator": "PJSIP/201"}
    assert (call.outcome, call.dialled, call.ended_at) == (Outcome.ANSWERED, "800840840", ended)


async def test_a_call_of_the_fallback_is_imported_once(ledger: Ledger, clock: HeldClock) -> None:
    call_id, started = uuid4(), clock.now() - timedelta(minutes=5)
    ended = started + timedelta(seconds=40)
    for _ in range(2):
        await ledger.import_call(call_id, CALLER, started, "it", Outcome.MESSAGE_LEFT, ended)
    call = await ledger.call(call_id)
    assert call is not None
    assert (call.started_at, call.ended_at, call.outcome) == (started, ended, Outcome.MESSAGE_LEFT)
    assert [step.kind for step in call.steps] == ["fallback", "ended"]


async def test_a_call_that_the_fallback_took_over_keeps_its_steps(ledger: Ledger, clock: HeldClock) -> None:
    call_id = uuid4()
    await ledger.arrived(call_id, CALLER, "800840840", "en")
    await ledger.import_call(call_id, CALLER, clock.now(), "it", Outcome.MESSAGE_LEFT)
    call = await ledger.call(call_id)
    assert call is not None
    assert [step.kind for step in call.steps] == ["arrived", "fallback", "ended"]
    assert (call.language, call.dialled) == ("en", "800840840")
