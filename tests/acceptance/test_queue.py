"""The line on real calls: who is put through to whom, and what a caller who waits hears."""

from __future__ import annotations

from collections.abc import AsyncIterator

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
        steps = {step.number: step.state for step in await line.records.ledger.operators_now()}
        return all((steps.get(number, "off") == "off") == (number not in numbers) for number in (ANSWERS, RINGS))

    await until(is_known, 10, f"the queue's knowledge of {numbers}")


def kinds(page: Call) -> list[StepKind]:
    return [step.kind for step in page.steps]


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
    [left] = [step for step in page.steps if step.kind is StepKind.LEFT_QUEUE]
    assert left.detail["why"] == "no_operator"
