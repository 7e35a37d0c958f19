"""The two PBXs of the contract suite."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from centralino.platform import Platform
from pbx.robot.phone import RobotPhone
from tests.contract.exchange import Exchange, FakeExchange, RealExchange, make_prompt, the_ear
from tests.places import a_platform


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def two_asterisks() -> AsyncIterator[Platform]:
    """A real PBX without our processes, and the robots' one."""
    async with a_platform(place=2) as platform:
        make_prompt(platform.folders.sounds)
        await platform.start_pbx()
        await platform.start_robots()
        yield platform


@pytest_asyncio.fixture(loop_scope="session", params=["simulated", "real"])
async def exchange(request: pytest.FixtureRequest, tmp_path: Path, two_asterisks: Platform) -> AsyncIterator[Exchange]:
    """Each contract test runs on the simulated PBX and on the real one."""
    if request.param == "simulated":
        yield FakeExchange(tmp_path)
        return
    async with RobotPhone(two_asterisks.robot_settings(), the_ear(two_asterisks.folders.sounds)).switched_on() as phone:
        yield RealExchange(two_asterisks.pbx_settings(), phone)
