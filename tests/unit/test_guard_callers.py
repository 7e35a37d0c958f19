"""The guard's look at callers: who is rescued, over a manager interface that may have a bad day."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from foundation.health import Check, Standing
from pbx.guard.ami import Ami
from pbx.guard.callers import Callers
from tests.ami import AmiServer, Day
from tests.clocks import HeldClock

CALL = "8a6c4816-45ec-487a-893d-597fcc8be707"


@pytest.fixture
async def server() -> AsyncIterator[AmiServer]:
    server = AmiServer()
    server.add("PJSIP/trunk-1", data=f"ivr,{CALL},800840840")
    server.add("PJSIP/trunk-2", data=f"ivr,{CALL},800840840")
    server.add("PJSIP/trunk-3", data=f"queue,join,{CALL},800840840,it")
    server.add("PJSIP/201-4", data=f"queue,operator,{CALL}")
    server.add("PJSIP/robot-5", data="robot,1")
    async with server.listening():
        yield server


@pytest.fixture
async def callers(server: AmiServer, tmp_path: Path) -> AsyncIterator[Callers]:
    ami = Ami(server.settings())
    yield Callers(ami, HeldClock(), Check("callers", "looking"), tmp_path)
    ami.close()


def beat(server: AmiServer, clock: HeldClock, app: str = "IVR") -> None:
    server.variables[f"HEARTBEAT_{app}"] = str(int(clock.now().timestamp()))


def clock_of(callers: Callers) -> HeldClock:
    assert isinstance(callers.clock, HeldClock)
    return callers.clock


async def test_callers_of_an_ivr_that_beats_are_left_alone(server: AmiServer, callers: Callers) -> None:
    for _ in range(10):
        beat(server, clock_of(callers))
        await callers.look()
        clock_of(callers).move(seconds=1)
    assert server.redirected == []
    assert callers.check.seen.standing is Standing.WELL


async def test_callers_are_rescued_at_the_first_look_after_five_seconds_of_silence(
    server: AmiServer, callers: Callers
) -> None:
    beat(server, clock_of(callers))
    rescued_after = 0
    while not server.redirected:
        await callers.look()
        clock_of(callers).move(seconds=1)
        rescued_after += 1
    assert rescued_after == 7, "six seconds after the beat, at the seventh look"
    assert server.redirected == ["PJSIP/trunk-1", "PJSIP/trunk-2"]
    assert callers.check.seen.standing is Standing.DEGRADED


async def test_without_any_heartbeat_callers_are_rescued_at_once(server: AmiServer, callers: Callers) -> None:
    await callers.look()
    assert server.redirected == ["PJSIP/trunk-1", "PJSIP/trunk-2"]


async def test_a_wall_clock_that_jumps_rescues_nobody(server: AmiServer, callers: Callers) -> None:
    clock = clock_of(callers)
    for _ in range(3):
        beat(server, clock)
        await callers.look()
        clock.move(seconds=1)
    jumped = HeldClock(clock.now().replace(hour=23))
    jumped.move(seconds=3)
    callers.clock = jumped
    await callers.look()
    assert server.redirected == []


async def test_one_channel_that_cannot_be_moved_holds_up_nobody(server: AmiServer, callers: Callers) -> None:
    server.stuck.add("PJSIP/trunk-1")
    await callers.look()
    clock_of(callers).move(seconds=1)
    await callers.look()
    assert server.redirected == ["PJSIP/trunk-2"]
    server.stuck.clear()
    clock_of(callers).move(seconds=5)
    await callers.look()
    assert server.redirected == ["PJSIP/trunk-2", "PJSIP/trunk-1"]


async def test_a_manager_that_is_away_is_told_and_no_look_fails(server: AmiServer, callers: Callers) -> None:
    server.day = Day.SILENT_AFTER_LOGIN
    await callers.look()
    assert callers.check.seen.standing is Standing.DEGRADED
    assert "AMI gave no answer in 0.5 s" in callers.check.seen.says
    server.day = Day.GOOD
    await callers.look()
    assert server.redirected == ["PJSIP/trunk-1", "PJSIP/trunk-2"]


async def test_a_caller_who_waits_in_a_queue_that_died_goes_on_with_the_operators_and_one_in_talk_or_a_phone_is_left(
    server: AmiServer, callers: Callers
) -> None:
    server.add("PJSIP/trunk-6", data=f"queue,join,{CALL},800840840,it", bridge="a-talk")
    clock = clock_of(callers)
    beat(server, clock, "QUEUE")
    for _ in range(7):
        beat(server, clock)
        await callers.look()
        clock.move(seconds=1)
    assert server.redirected == ["PJSIP/trunk-3"]
    assert server.sent_to == ["queue-away"]


async def test_who_waits_in_the_queue_is_left_there_when_it_is_ivr_that_died(
    server: AmiServer, callers: Callers
) -> None:
    for _ in range(2):
        beat(server, clock_of(callers), "QUEUE")
        await callers.look()
        clock_of(callers).move(seconds=1)
    assert server.redirected == ["PJSIP/trunk-1", "PJSIP/trunk-2"]
    assert server.sent_to == ["fallback", "fallback"]


async def test_a_queue_that_has_never_beaten_holds_nobody_and_is_not_called_dead(
    server: AmiServer, callers: Callers
) -> None:
    beat(server, clock_of(callers))
    await callers.look()
    assert callers.check.seen.standing is Standing.WELL
