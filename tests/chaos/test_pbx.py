"""The PBX crashes or hangs: it is started again, and what was being said is not lost."""

from __future__ import annotations

import signal
import time

import pytest

from tests.chaos import faults, plan
from tests.chaos.agree import Circumstances
from tests.chaos.callers import Manner, Moment, Wish
from tests.chaos.scene import Scene, told
from tests.polling import until
from tests.promises.plugin import Measured

pytestmark = [pytest.mark.xdist_group("chaos"), pytest.mark.timeout(400)]

SPOKEN_S, LOST_AT_MOST_S = 20.0, 2.0
RESTARTED_WITHIN_S = 30.0


@pytest.mark.promise("The PBX crashes while a caller speaks: all but the last 2 s become a practice")
async def test_a_crash_of_the_pbx_keeps_what_was_said_but_for_the_last_seconds(scene: Scene, figure: Measured) -> None:
    async def crash() -> None:
        faults.signal_tree(scene.platform.supervisor.running["asterisk"].pid, signal.SIGKILL)

    speaking = Manner(Wish.MESSAGE, Moment.RECORDING, speech_s=1.0, ends_with_key=False, holds_s=SPOKEN_S)
    await scene.strike_among([speaking, speaking], crash)
    agreement = await scene.reckon(Circumstances(pbx_crashed=True))
    seconds = [message.seconds or 0.0 for message in (await scene.books.read()).messages]
    figure("recovered of 20 s", round(min(seconds, default=0.0), 1), "s", more_is_better=True)
    assert not agreement.differences, "\n".join(agreement.differences)
    assert len(seconds) == 2
    assert min(seconds) >= SPOKEN_S - LOST_AT_MOST_S


@pytest.mark.promise(
    "The PBX crashes under calls in every state: every call is in the ledger with an outcome, every message kept once"
)
@pytest.mark.long
async def test_a_crash_of_the_pbx_leaves_no_call_without_an_outcome(scene: Scene, seed: int, figure: Measured) -> None:
    async def crash() -> None:
        faults.signal_tree(scene.platform.supervisor.running["asterisk"].pid, signal.SIGKILL)

    await scene.strike_among(plan.crowd(f"{seed} crash", plan.IVR_MOMENTS, 2, scene.code), crash)
    agreement = await scene.reckon(Circumstances(pbx_crashed=True))
    figure("differences", len(agreement.differences))
    assert not agreement.differences, "\n".join(agreement.differences)


@pytest.mark.promise("A PBX that hangs is started again by the guard, and answers calls")
@pytest.mark.long
async def test_a_hung_pbx_is_started_again_and_answers(scene: Scene, figure: Measured) -> None:
    running = scene.platform.supervisor.running["asterisk"]
    before, begun = running.restarts, time.monotonic()
    async with faults.frozen(running):
        await until(lambda: running.restarts > before, RESTARTED_WITHIN_S, "the restart of the hung PBX")
    await faults.all_up(scene.platform)
    figure("until it answers again", round(time.monotonic() - begun, 1), "s")
    [call] = await scene.calls(Manner(Wish.MESSAGE))
    assert any(call.codes), told([call])
    agreement = await scene.reckon()
    assert not agreement.differences, "\n".join(agreement.differences)
