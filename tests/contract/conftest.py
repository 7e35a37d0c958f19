"""The two PBXs of the contract suite."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from centralino.platform import Platform
from pbx.ami.client import Ami
from pbx.robot.phone import RobotPhone
from phone.voice import render_music
from tests.contract.exchange import OPERATORS, UNREGISTERED, Exchange, FakeExchange, RealExchange, make_prompt, the_ear
from tests.places import a_platform
from tests.polling import until


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def two_asterisks() -> AsyncIterator[Platform]:
    """A real PBX without our processes, and the robots' one."""
    async with a_platform(place=2, operators=(*OPERATORS, UNREGISTERED)) as platform:
        make_prompt(platform.folders.sounds)
        make_prompt(platform.folders.sounds / "it", "other-channels")  # what an operator's robot says
        render_music(platform.folders.sounds, platform.folders.studio)
        await platform.start_pbx()
        await platform.start_robots(tuple(OPERATORS))
        await registered(platform)
        yield platform


async def registered(platform: Platform) -> None:
    """Every operator's phone can be rung."""

    async def is_so() -> bool:
        async with Ami.connected(platform.services.ami("queue")) as ami:
            devices = await ami.list("DeviceStateList", "DeviceStateChange")
        free = {device["Device"] for device in devices if device["State"] == "NOT_INUSE"}
        return free >= {f"PJSIP/{number}" for number in OPERATORS}

    await until(is_so, 20, "the operators' phones registered")


@pytest_asyncio.fixture(loop_scope="session", params=["simulated", "real"])
async def exchange(request: pytest.FixtureRequest, tmp_path: Path, two_asterisks: Platform) -> AsyncIterator[Exchange]:
    """Each contract test runs on the simulated PBX and on the real one."""
    if request.param == "simulated":
        yield FakeExchange(tmp_path)
        return
    async with RobotPhone(two_asterisks.robot_settings(), the_ear(two_asterisks.folders.sounds)).switched_on() as phone:
        yield RealExchange(two_asterisks.pbx_settings(), phone)
