"""Something freezes or dies with callers on the line: the guard takes them to the fallback, and ends a hung PBX."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, AsyncExitStack, contextmanager
from time import monotonic

import pytest

from centralino.robot_call import load
from foundation.monitor import fetch
from pbx.guard.restart import age_s, find_asterisk
from pbx.robot.phone import RobotCall
from tests.acceptance.line import NUMBER, ServiceLine
from tests.acceptance.test_restarts import kill, line, restarted
from tests.polling import until

__all__ = ["line"]

SILENT_AT_MOST_S = 10.0
QUICKLY_S = 4.0
PBX_BACK_WITHIN_S = 30.0
NEW_S = 16.0  # one second more than the guard's own


@contextmanager
def frozen(line: ServiceLine, service: str) -> Iterator[None]:
    """A process that is there and does nothing."""
    group = line.platform.supervisor.running[service].pid
    os.killpg(group, signal.SIGSTOP)
    try:
        yield
    finally:
        os.killpg(group, signal.SIGCONT)


@contextmanager
def dead(line: ServiceLine, service: str) -> Iterator[None]:
    """A process that ended and does not come back."""
    running = line.platform.supervisor.running[service]
    running.hold()
    kill(line, service)
    try:
        yield
    finally:
        running.release()


async def in_greeting(line: ServiceLine, call: RobotCall) -> None:
    await call.hear_start("it/not-a-rescue-number")


async def in_menu(line: ServiceLine, call: RobotCall) -> None:
    await call.hear_start("it/welcome")
    await call.press("2")
    await call.hear("it/status-ask")


async def in_recording(line: ServiceLine, call: RobotCall) -> None:
    await call.hear_start("it/welcome")
    await call.press("3")
    await call.hear_start("it/mailbox")
    await call.press("5")
    await call.hear("beep")
    await call.speak(load(line.said("it"))[:24000])


@pytest.mark.parametrize("away", [frozen, dead])
@pytest.mark.promise("`ivr` is dead or frozen: its callers are in the fallback within 10 s")
async def test_callers_of_an_ivr_that_is_away_come_to_the_fallback_within_ten_seconds(
    line: ServiceLine, away: Callable[[ServiceLine, str], AbstractContextManager[None]]
) -> None:
    states = (in_greeting, in_menu, in_recording)
    async with AsyncExitStack() as stack:
        calls = [await stack.enter_async_context(line.phone.call(NUMBER, line.a_number())) for _ in states]
        await asyncio.gather(*(state(line, call) for state, call in zip(states, calls, strict=True)))
        with away(line, "ivr"):
            # Each had heard the welcome before: what comes now is the fallback's.
            await asyncio.gather(*(call.hear_start("it/welcome", SILENT_AT_MOST_S) for call in calls))
            await leave_message(line, calls.pop())
            for call in calls:
                await call.hang_up()
        assert 'centralino_callers_redirected_total{application="ivr"} 3.0' in await guards_metrics(line)
        await until(line.platform.ivr_is_up, 60, "ivr back")
    spool = line.platform.folders.spool / "fallback"
    await until(lambda: not list(spool.iterdir()), 60, "the fallback's messages imported")


async def leave_message(line: ServiceLine, call: RobotCall) -> None:
    await call.hear("beep", 60)
    await call.speak(load(line.said("it")))
    await call.press("#")
    await call.hear_start("it/fallback-thanks", 20)


@pytest.mark.promise("An `ivr` that comes back within seconds keeps its callers")
async def test_an_ivr_that_comes_back_quickly_keeps_its_callers(line: ServiceLine) -> None:
    async with line.phone.call(NUMBER, line.a_number()) as call:
        await in_menu(line, call)
        begun = monotonic()
        kill(line, "ivr")
        await restarted(line, "ivr")
        if monotonic() - begun > QUICKLY_S:
            pytest.skip("it did not come back within seconds on this machine: the guard is right to take its callers")
        await call.hear("it/status-ask", 20)
        await call.wait(7.0)
        heard = [hit.name for hit in await asyncio.to_thread(call.heard)]
        assert "en/not-a-rescue-number" not in heard
        await call.hang_up()


@pytest.mark.promise("A hung PBX takes calls again within half a minute")
async def test_a_frozen_pbx_is_killed_and_takes_calls_again_within_half_a_minute(line: ServiceLine) -> None:
    pid = find_asterisk(line.platform.folders.asterisk / "etc" / "asterisk.conf")
    assert pid is not None
    await until(lambda: (age_s(pid) or 0) > NEW_S, 60, "a PBX old enough to be killed")
    begun = monotonic()
    os.kill(pid, signal.SIGSTOP)
    await restarted(line, "asterisk")
    await until(line.platform.ivr_is_up, 60, "ivr connected to the new PBX")
    assert monotonic() - begun < PBX_BACK_WITHIN_S
    await line.call("hear-start it/welcome", "hear-start it/language-offer", "hang up")
    assert line.platform.supervisor.running["guard"].restarts == 0


async def test_a_guard_that_was_killed_guards_again(line: ServiceLine) -> None:
    async with line.phone.call(NUMBER, line.a_number()) as call:
        await in_menu(line, call)
        kill(line, "guard")
        await restarted(line, "guard")
        with frozen(line, "ivr"):
            await call.hear_start("it/welcome", SILENT_AT_MOST_S)
            await call.hang_up()


async def test_a_guard_that_was_frozen_harms_nobody_when_it_thaws(line: ServiceLine) -> None:
    async with line.phone.call(NUMBER, line.a_number()) as call:
        await in_menu(line, call)
        with frozen(line, "guard"):
            await call.wait(12.0)
        await call.wait(4.0)
        assert not call.ended.is_set()
        heard = [hit.name for hit in await asyncio.to_thread(call.heard)]
        assert "en/welcome" not in heard, "the fallback greets in both languages"
        await call.hang_up()
    assert line.platform.supervisor.running["asterisk"].restarts == 0
    assert "centralino_pbx_kills_total 0.0" in await guards_metrics(line)


async def guards_metrics(line: ServiceLine) -> str:
    return (await fetch(line.platform.services.monitor_address("guard"), "/metrics", 5.0)).text
