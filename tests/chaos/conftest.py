"""One platform for all chaos tests of a process: what they break mends itself, which is what they test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.chaos import plan
from tests.chaos.scene import Scene, a_scene

IN_THE_SHORT_RUN = 1, ("ivr",)  # so many, drawn from the faults of these


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every process and every fault; all but a sample drawn from the seed are long."""
    seed = metafunc.config.getoption("--chaos-seed")
    if "strike" in metafunc.fixturenames:
        count, targets = IN_THE_SHORT_RUN
        short = plan.sample(seed, targets, count)
        cases = [
            pytest.param(case, id="-".join(case), marks=[] if case in short else [pytest.mark.long])
            for case in plan.matrix()
        ]
        metafunc.parametrize("strike", cases)
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", [seed], ids=[f"seed-{seed}"])


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def _scene() -> AsyncIterator[Scene]:
    async with a_scene() as scene:
        yield scene


@pytest_asyncio.fixture(loop_scope="session")
async def scene(_scene: Scene) -> Scene:
    """The platform up, closed, nobody on the line, and books that begin here."""
    await _scene.ready()
    return _scene
