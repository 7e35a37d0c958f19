"""Each process killed, frozen for ten seconds or restarted while callers are in every state of a call."""

from __future__ import annotations

import pytest

from tests.chaos import faults, plan
from tests.chaos.callers import Moment
from tests.chaos.faults import Fault
from tests.chaos.scene import Scene, told
from tests.promises.plugin import Measured

pytestmark = [pytest.mark.xdist_group("chaos"), pytest.mark.timeout(400)]

SILENCE_S = 10.0
EACH, MORE = 2, (Moment.RECORDING, Moment.RINGING)  # twenty calls


@pytest.mark.promise(
    "Any process of ours dies, freezes or restarts: no caller is dropped, and each ends in an outcome of the ledger"
)
@pytest.mark.promise("Any process of ours dies, freezes or restarts: no caller hears nothing for more than 10 s")
async def test_with_calls_in_every_state_a_process_may_die_freeze_or_restart(
    scene: Scene, strike: tuple[str, Fault], seed: int, figure: Measured
) -> None:
    target, fault = strike
    crowd = plan.crowd(f"{seed} {target} {fault}", plan.IVR_MOMENTS, EACH, scene.code)
    crowd += plan.crowd(f"{seed} {target} {fault} more", MORE, 1, scene.code)
    calls = await scene.strike_among(crowd, lambda: faults.strike(scene.platform, fault, target))
    agreement = await scene.reckon()
    longest = max(calls, key=lambda call: call.silent_since_fault_s)
    figure("longest silence", round(longest.silent_since_fault_s, 1), "s")
    figure("differences", len(agreement.differences))
    assert len({call.at_the_fault for call in calls}) >= len(plan.IVR_MOMENTS) - 1, told(calls)
    assert not agreement.differences, "\n".join(agreement.differences)
    assert longest.silent_since_fault_s <= SILENCE_S, longest.story()


@pytest.mark.promise(
    "With ivr dead and callers in the fallback, any other process may die: their messages become practices all the same"
)
@pytest.mark.parametrize("fault", [pytest.param(fault, id=str(fault), marks=pytest.mark.long) for fault in Fault])
@pytest.mark.parametrize("target", [name for name in faults.OURS if name != "ivr"])
async def test_callers_in_the_fallback_lose_nothing_when_another_process_fails(
    scene: Scene, target: str, fault: Fault, seed: int, figure: Measured
) -> None:
    crowd = plan.crowd(f"{seed} fallback {target} {fault}", plan.FALLBACK_MOMENTS, EACH, scene.code)
    async with faults.away(scene.platform, "ivr"):
        await scene.strike_among(crowd, lambda: faults.strike(scene.platform, fault, target))
    agreement = await scene.reckon(within_s=120)
    figure("differences", len(agreement.differences))
    assert not agreement.differences, "\n".join(agreement.differences)
