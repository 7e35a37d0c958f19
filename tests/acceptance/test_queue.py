"""The line on real calls: who is put through to whom, and what a caller who waits hears."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from ledger.model import Call, Outcome, StepKind
from queue_manager.model import Duty
from queue_manager.settings import QueueSettings
from tests.acceptance.line import ServiceLine, a_line
from tests.polling import until

ANSWERS, RINGS = "201", "202"
ASKS = ("hear-start it/welcome", "press 1")
"""A caller who knows the menu, and asks for an operator at once."""
OPERATOR_SAYS = "it/other-channels"
"""What no caller hears but from an operator's phone (`asterisk_conf/robot/extensions.conf`)."""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def _line() -> AsyncIterator[ServiceLine]:
    queue = QueueSettings(ring_s=4, wrap_up_s=1, nobody_s=1)
    async with a_line(1, (ANSWERS, RINGS), queue=queue) as line:
        await line.opened()
        yield line


@pytest_asyncio.fixture(loop_scope="session")
async def line(_line: ServiceLine) -> AsyncIterator[ServiceLine]:
    """Open, with nobody on duty."""
    await on_duty(_line)
    yield _line


async def on_duty(line: ServiceLine, *numbers: str) -> None:
    """These operators are on duty and no others, and the queue knows it."""
    for number in (ANSWERS, RINGS):
        await line.records.duties.set(number, Duty.ON if number in numbers else Duty.OFF)

    async def is_known() -> bool:
        states = await seats(line)
        return all((states.get(number, "off") == "off") == (number not in numbers) for number in (ANSWERS, RINGS))

    await until(is_known, 10, f"the queue's knowledge of {numbers}")


async def seats(line: ServiceLine) -> dict[str, str]:
    """What each operator does now, by the ledger."""
    return {step.number: step.state.value for step in await line.records.ledger.operators_now()}


async def does(line: ServiceLine, number: str, state: str) -> bool:
    return (await seats(line)).get(number) == state


async def is_told_a_place(line: ServiceLine) -> bool:
    """Whether somebody who still waits has heard their place."""
    for call in await line.records.ledger.open_calls():
        page = await line.records.ledger.call(call.call_id)
        if page and StepKind.POSITION_TOLD in kinds(page) and StepKind.BRIDGED not in kinds(page):
            return True
    return False


def kinds(page: Call) -> list[StepKind]:
    return [step.kind for step in page.steps]


def detail(page: Call, kind: StepKind) -> dict[str, Any]:
    """What the one step of this kind says."""
    [found] = [step.detail for step in page.steps if step.kind is kind]
    return dict(found)


async def test_a_caller_who_asks_for_a_person_speaks_to_the_operator_on_duty(line: ServiceLine) -> None:
    await on_duty(line, ANSWERS)
    told = await line.call(*ASKS, f"hear {OPERATOR_SAYS}", "hang up")
    page = await line.page_of(told)
    assert page.outcome is Outcome.ANSWERED
    wanted = [StepKind.QUEUED, StepKind.OFFERED, StepKind.ANSWERED, StepKind.BRIDGED, StepKind.TALKED, StepKind.ENDED]
    assert [kind for kind in kinds(page) if kind in wanted] == wanted


async def test_with_nobody_on_duty_the_caller_is_told_so_and_leaves_a_message(line: ServiceLine) -> None:
    told = await line.call(
        *ASKS, "hear it/no-operator", "hear it/mailbox", "speak {it}", "press #", "hear-start it/after-message", "press 1",
        "hear it/code-is", "hang up",
    )  # fmt: skip
    page = await line.page_of(told)
    assert page.outcome is Outcome.MESSAGE_LEFT
    assert detail(page, StepKind.LEFT_QUEUE)["why"] == "no_operator"


async def test_who_waits_is_told_their_place_and_leaves_for_the_mailbox_by_a_key(line: ServiceLine) -> None:
    await on_duty(line, RINGS)
    told = await line.call(
        *ASKS, "hear it/position-1", "press 1", "hear it/mailbox", "speak {it}", "press #", "hear-start it/after-message",
        "press 1", "hear it/code-is", "hang up",
    )  # fmt: skip
    page = await line.page_of(told)
    assert page.outcome is Outcome.MESSAGE_LEFT
    assert detail(page, StepKind.LEFT_QUEUE)["why"] == "message"
    assert detail(page, StepKind.POSITION_TOLD)["position"] == 1


async def test_an_operator_who_lets_it_ring_is_paused_and_the_next_one_takes_the_caller(line: ServiceLine) -> None:
    await on_duty(line, RINGS)
    call = asyncio.create_task(line.call(*ASKS, "hear it/position-1", f"hear {OPERATOR_SAYS}", "hang up"))
    await until(lambda: does(line, RINGS, "ringing"), 30, "the phone that nobody answers")
    await line.records.duties.set(ANSWERS, Duty.ON)
    page = await line.page_of(await call)
    assert page.outcome is Outcome.ANSWERED
    assert detail(page, StepKind.NOT_ANSWERED) | {"rang_s": 0} == {"operator": RINGS, "why": "timeout", "rang_s": 0}
    [paused] = [row for row in await line.records.duties.all() if row.number == RINGS]
    assert (paused.duty, paused.reason) == (Duty.PAUSED, "no_answer")


@pytest.mark.parametrize("fault", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "restarted"])
@pytest.mark.promise("`queue` dies: who talks hears nothing of it, who waits keeps the place and is put through")
async def test_with_the_queue_killed_a_talk_goes_on_and_who_waits_is_next(
    line: ServiceLine, fault: signal.Signals
) -> None:
    await on_duty(line, ANSWERS)
    talks = asyncio.create_task(
        line.call(*ASKS, f"hear {OPERATOR_SAYS}", f"hear {OPERATOR_SAYS}", f"hear {OPERATOR_SAYS}", "hang up")
    )
    await until(lambda: does(line, ANSWERS, "talking"), 30, "a talk")
    waits = asyncio.create_task(line.call(*ASKS, "hear it/position-1", f"hear {OPERATOR_SAYS}", "hang up"))
    await until(lambda: is_told_a_place(line), 30, "a caller in line")
    queue = line.platform.supervisor.running["queue"]
    before = queue.restarts
    os.killpg(queue.pid, fault)
    await until(lambda: queue.restarts > before, 30, "the queue started again")
    first, second = await line.page_of(await talks), await line.page_of(await waits)
    assert (first.outcome, second.outcome) == (Outcome.ANSWERED, Outcome.ANSWERED)
    assert kinds(second).count(StepKind.QUEUED) == 1
    assert StepKind.FALLBACK not in kinds(first) + kinds(second)
    ended = next(step.at for step in first.steps if step.kind is StepKind.TALKED)
    offered = [step.at for step in second.steps if step.kind is StepKind.OFFERED]
    assert [at for at in offered if at >= ended]


async def test_an_operator_says_on_their_own_phone_that_they_are_on_duty_pause_and_go(line: ServiceLine) -> None:
    for dialled, prompt, duty in (
        ("*11", "it/duty-on", Duty.ON), ("*13", "it/paused", Duty.PAUSED), ("*12", "it/duty-off", Duty.OFF)
    ):  # fmt: skip
        async with line.phone.call(dialled, through=f"operator-{RINGS}") as call:
            await call.hear(prompt, within_s=10)
            await call.until_ended()
        [row] = [row for row in await line.records.duties.all() if row.number == RINGS]
        assert row.duty is duty
    async with line.phone.call("*14", through=f"operator-{RINGS}") as call:
        await call.hear("it/not-understood", within_s=10)
