"""The websocket between `ivr` and the PBX cut, or silently dropped, while callers are in every state of a call."""

from __future__ import annotations

import asyncio

import pytest

from tests.chaos import faults, plan
from tests.chaos.scene import Scene
from tests.promises.plugin import Measured

pytestmark = [pytest.mark.xdist_group("chaos"), pytest.mark.timeout(400), pytest.mark.long]

SILENCE_S = 10.0
LASTS_S = {"reject with tcp reset": 2.0, "drop": 15.0}


@pytest.mark.promise(
    "The connection to the PBX is cut or goes dead without a word: callers hear something again within 10 s, none is lost"
)
@pytest.mark.parametrize(
    "verdict",
    [pytest.param("reject with tcp reset", id="cut"), pytest.param("drop", id="dropped")],
)
async def test_a_websocket_that_is_cut_or_silently_dropped_loses_no_caller(
    scene: Scene, verdict: str, seed: int, figure: Measured
) -> None:
    async def break_it() -> None:
        with faults.websocket(scene.platform, verdict):
            await asyncio.sleep(LASTS_S[verdict])

    calls = await scene.strike_among(plan.crowd(f"{seed} {verdict}", plan.IVR_MOMENTS, 1, scene.code), break_it)
    agreement = await scene.reckon()
    longest = max(calls, key=lambda call: call.silent_since_fault_s)
    figure("longest silence", round(longest.silent_since_fault_s, 1), "s")
    figure("differences", len(agreement.differences))
    assert not agreement.differences, "\n".join(agreement.differences)
    assert longest.silent_since_fault_s <= SILENCE_S, longest.story()
