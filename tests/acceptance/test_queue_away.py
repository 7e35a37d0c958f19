"""Between the phone script and the queue: with a stand-in for the queue's process that takes callers, gives them back, and dies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
import pytest_asyncio

from foundation.clock import SystemClock
from foundation.health import Check
from ledger.model import Outcome, StepKind
from pbx.ari import operations as op
from pbx.ari.client import Ari
from pbx.ari.events import StasisStart
from pbx.ari.heartbeat import QUEUE, Heartbeat
from pbx.ari.line import Line
from pbx.ari.transport import WebSocketTransport
from tests.acceptance.line import NUMBER, ServiceLine, a_line
from tests.acceptance.test_fallback import ANSWERS, OPERATOR_SAYS, RINGS, on_duty
from tests.acceptance.test_guard import dead, frozen
from tests.polling import until

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


@dataclass
class StandIn:
    """Takes callers, and does nothing with them by itself."""

    ari: Ari
    beating: asyncio.Task[None]
    came: asyncio.Queue[StasisStart] = field(default_factory=asyncio.Queue)


@asynccontextmanager
async def a_stand_in(line: ServiceLine) -> AsyncIterator[StandIn]:
    """In place of the queue's process, which is dead."""
    reach, connected = line.platform.pbx_settings(), asyncio.Event()

    async def connect() -> WebSocketTransport:
        return await WebSocketTransport.connect(reach, "queue")

    async def on_connected() -> None:
        connected.set()

    def on_start(event: StasisStart) -> None:
        stand_in.came.put_nowait(event)

    with dead(line, "queue"):
        ari = Ari("queue", connect, on_start, on_connected)
        running = asyncio.create_task(ari.run())
        await asyncio.wait_for(connected.wait(), 15)
        heartbeat = Heartbeat(ari, QUEUE, SystemClock(), Check("pbx", "connecting"))
        await heartbeat.beat()
        stand_in = StandIn(ari, asyncio.create_task(heartbeat.run()))
        yield stand_in
        stand_in.beating.cancel()
        running.cancel()
        await asyncio.gather(stand_in.beating, running, return_exceptions=True)


async def test_a_caller_goes_to_the_queue_and_comes_back_to_the_mailbox_told_why(line: ServiceLine) -> None:
    async with a_stand_in(line) as queue:
        calling = asyncio.create_task(
            line.call(
                "hear-start it/welcome", "press 9", "hear-start en/welcome", "press 1", "hear en/operators-busy", "hear en/mailbox",
                "hear beep", "speak {en}", "press #", "hear en/code-is", "hang up",
            )
        )  # fmt: skip
        came = await asyncio.wait_for(queue.came.get(), 30)
        join, _, _, language = came.args
        assert (join, language) == ("join", "en")
        caller = Line(queue.ari, came.channel.id, line.platform.pbx_settings().spool)
        await caller.send_to_dialplan("given-back", f"mailbox,{language},full")
        told = await calling
        page = await line.page_of(told)
    assert "en/no-operator" not in told.names()
    assert page.outcome is Outcome.MESSAGE_LEFT
    flows = [step.detail for step in page.steps if step.kind is StepKind.FLOW]
    assert flows == [{"flow": "queue"}, {"flow": "mailbox", "why": "full"}]


@pytest.mark.promise("`queue` is frozen: who waits in it hears the operators' phones ring within 10 s")
async def test_who_waits_in_a_queue_that_freezes_comes_to_an_operator_by_asterisk_alone(line: ServiceLine) -> None:
    await on_duty(line, ANSWERS)
    async with a_stand_in(line) as queue, line.phone.call(NUMBER, line.a_number()) as call:
        await call.hear_start("it/welcome")
        await call.press("1")
        await asyncio.wait_for(queue.came.get(), 15)
        queue.beating.cancel()
        await call.hear_start("it/fallback-hold", 10)
        await call.hear(OPERATOR_SAYS, 30)
        await call.hang_up()


async def test_who_waits_when_the_queue_freezes_is_with_asterisk_alone_and_stays_there_when_it_thaws(
    line: ServiceLine,
) -> None:
    await on_duty(line, RINGS)
    number = line.a_number()
    async with line.phone.call(NUMBER, number) as call:
        await call.hear_start("it/welcome")
        await call.press("1")
        await call.hear_start("it/position-1", 30)
        with frozen(line, "queue"):
            await call.hear_start("it/fallback-hold", 10)
        await call.hear_start("it/mailbox", 60)
        await call.hang_up()
    page = await line.page_of_number(number)
    assert page.outcome is Outcome.MISSED
    kinds = [step.kind for step in page.steps]
    assert kinds.index(StepKind.QUEUED) < kinds.index(StepKind.FALLBACK)


async def test_who_waits_in_the_queue_notices_nothing_of_the_phone_scripts_death(line: ServiceLine) -> None:
    async with a_stand_in(line) as queue, line.phone.call(NUMBER, line.a_number()) as call:
        await call.hear_start("it/welcome")
        await call.press("1")
        came = await asyncio.wait_for(queue.came.get(), 15)
        with dead(line, "ivr"):
            await call.wait(9.0)
        await until(line.platform.ivr_is_up, 60, "ivr back")
        await call.wait(4.0)
        held = await queue.ari.request(op.GET_APPLICATION, {"applicationName": "queue"})
        assert held["channel_ids"] == [came.channel.id]
        await call.hang_up()


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
