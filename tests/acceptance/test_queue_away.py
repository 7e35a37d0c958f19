"""With the queue's process away and the phone script there: who asks for an operator reaches one all the same, or the mailbox."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from ledger.model import Outcome, StepKind
from tests.acceptance.line import ServiceLine, a_line
from tests.acceptance.test_fallback import ANSWERS, OPERATOR_SAYS, RINGS, on_duty
from tests.acceptance.test_guard import dead

TO_OPERATOR = ("hear-start it/welcome", "press 1")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def _line() -> AsyncIterator[ServiceLine]:
    async with a_line(1, (ANSWERS, RINGS), operator_wait_s=8) as line:
        yield line


@pytest_asyncio.fixture(loop_scope="session")
async def line(_line: ServiceLine) -> ServiceLine:
    """Open, with nobody on duty."""
    await _line.opened()
    await on_duty(_line)
    return _line


@pytest.mark.promise("`queue` is dead: who asks for an operator reaches one")
async def test_who_asks_for_an_operator_while_the_queue_is_dead_reaches_one_and_is_not_greeted_again(
    line: ServiceLine,
) -> None:
    await on_duty(line, ANSWERS)
    with dead(line, "queue"):
        told = await line.call(*TO_OPERATOR, "hear it/fallback-hold", f"hear {OPERATOR_SAYS}", "hang up")
        page = await line.page_of_number(told.caller)
    assert told.names()[:2] == ["it/fallback-hold", "en/fallback-hold"]
    assert "en/welcome" not in told.names()
    assert page.outcome is Outcome.ANSWERED
    kinds = [step.kind for step in page.steps]
    assert kinds.index(StepKind.MENU) < kinds.index(StepKind.FALLBACK) < kinds.index(StepKind.ANSWERED)


async def test_with_nobody_on_duty_either_the_caller_leaves_a_message_of_which_the_ledger_knows_once(
    line: ServiceLine,
) -> None:
    with dead(line, "queue"):
        told = await line.call(
            *TO_OPERATOR,
            "hear it/no-operator",
            "hear beep",
            "speak {it}",
            "press #",
            "hear it/fallback-thanks",
            "hang up",
        )
        page = await line.page_of_number(told.caller)
    assert page.outcome is Outcome.MESSAGE_LEFT
    assert len(await line.messages_of(told)) == 1
    assert [step.kind for step in page.steps].count(StepKind.ENDED) == 1
