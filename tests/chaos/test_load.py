"""Two thousand calls of SIPp: under kills, phones and ledger agree call by call; without, nothing is left behind."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from time import time

import pytest

from tests.acceptance.line import NUMBER
from tests.chaos import faults, plan, sipp
from tests.chaos.faults import Fault
from tests.chaos.levels import Level, above, levels
from tests.chaos.phones import PhoneCall
from tests.chaos.plan import Strike
from tests.chaos.scene import Scene
from tests.chaos.sipp import Habit, Step
from tests.chaos.voices import a_voice
from tests.polling import until
from tests.promises.plugin import Measured

pytestmark = [pytest.mark.xdist_group("chaos"), pytest.mark.timeout(1800), pytest.mark.long]

CALLS, A_SECOND, EVERY_S = 2000, 5.0, 10.0
SPEECH_S = 6.0
# What a phone that does not listen may have lived through otherwise: from the kill of `ivr` until it is back in every call.
DISTURBED_S = 8.0
DISTURBS = {"ivr": {"message", "status", "early"}, "postgres": {"status"}}
FIRST_NUMBER = 3390000000
# PostgreSQL's pages of 2,000 calls come into its cache, Redis keeps a stream of their news; the worker's decoder is loaded by the
# first message and its own test bounds it.
MAY_GROW_MB = {"postgres": 90.0, "redis": 8.0, "voicemail": 600.0, "asterisk": 25.0}
AGAIN_MB = {"postgres": 40.0, "redis": 4.0, "voicemail": 600.0, "asterisk": 8.0}


def habits(code: str, calls: int) -> list[Habit]:
    """Three of five leave a message, one asks for a practice's state, one hangs up in the greeting."""
    message = [Step(1.5, "3"), Step(1.2, "5"), Step(1.1, speak_s=SPEECH_S)]
    status = [Step(1.5, "2"), Step(2.5), *(Step(0.15, key) for key in f"{code}#"), Step(6.0)]
    fifth = calls // 5
    return [
        Habit("message", message, 3 * fifth, A_SECOND * 3 / 5),
        Habit("status", status, fifth, A_SECOND / 5),
        Habit("early", [Step(2.0)], fifth, A_SECOND / 5),
    ]


async def load(
    scene: Scene, calls: int, name: str, first_number: int, strikes: Sequence[Strike] = ()
) -> list[tuple[float, Strike]]:
    """Place the calls while the strikes strike; returns these with their instants."""
    folder = scene.platform.folders.data / name
    folder.mkdir()
    speech = a_voice(scene.material, "load", SPEECH_S)
    target = f"127.0.0.1:{scene.platform.ports.sip}"
    port = scene.platform.ports.first + 20_000
    kinds = habits(scene.code, calls)
    running = await sipp.start(folder, kinds, speech, first_number, target, NUMBER, port)
    done: list[tuple[float, Strike]] = []
    try:
        begun = time()
        for strike in strikes:
            await asyncio.sleep(max(0.0, begun + strike.at_s - time()))
            await faults.strike(scene.platform, strike.fault, strike.target)
            done.append((time(), strike))
        scene.phones += mark(await running.finish(), kinds, first_number, done)
    finally:
        running.stop()
    return done


def mark(
    calls: list[PhoneCall], kinds: Sequence[Habit], first_number: int, strikes: Sequence[tuple[float, Strike]]
) -> list[PhoneCall]:
    """Note at each call the kills that may have changed what became of it."""
    kind_of: dict[int, str] = {}
    for kind in kinds:
        kind_of |= {first_number + len(kind_of) + n: kind.name for n in range(kind.calls)}
    for call in calls:
        ended = call.ended_at or call.dialled_at
        for at, strike in strikes:
            touches = kind_of[int(call.number.removeprefix("+39"))] in DISTURBS.get(strike.target, ())
            if touches and call.dialled_at < at + DISTURBED_S and at < ended:
                call.at_the_fault = f"{strike.target} {strike.fault}"
    return calls


@pytest.mark.promise(
    "2,000 calls at 5 a second, a process killed every 10 s: the phones' list and the ledger agree call by call"
)
async def test_two_thousand_calls_under_kills_agree_call_by_call(scene: Scene, seed: int, figure: Measured) -> None:
    targets = faults.targets(scene.platform)
    strikes = plan.strikes(seed, targets, EVERY_S, CALLS / A_SECOND, [Fault.KILL])
    done = await load(scene, CALLS, "load", FIRST_NUMBER, strikes)
    agreement = await scene.reckon(within_s=420)
    figure("calls", agreement.calls, more_is_better=True)
    figure("messages", agreement.messages, more_is_better=True)
    figure("kills", len(done), more_is_better=True)
    figure("differences", len(agreement.differences))
    assert agreement.calls == CALLS
    assert not agreement.differences, "\n".join(agreement.differences)


@pytest.mark.promise("After 2,000 calls channels, bridges, descriptors, threads and memory are at the start's level")
async def test_after_two_thousand_calls_everything_is_at_the_starts_level(scene: Scene, figure: Measured) -> None:
    # Each process fills its pools once; from then on its level may not rise.
    await load(scene, 200, "warm", FIRST_NUMBER + 10_000)
    start = await at_rest(scene)
    await load(scene, CALLS, "soak", FIRST_NUMBER + 20_000)
    soaked = await at_rest(scene)
    await load(scene, CALLS // 4, "again", FIRST_NUMBER + 30_000)
    again = await at_rest(scene)
    for name, level in soaked.items():
        figure(f"{name} grew by", round(level.memory_mb - start[name].memory_mb, 1), "MB")
    agreement = await scene.reckon(within_s=120)
    grown = [*above(start, soaked, MAY_GROW_MB, 8.0), *above(soaked, again, AGAIN_MB, 4.0)]
    assert not grown, "\n".join(grown)
    assert not agreement.differences, "\n".join(agreement.differences[:20])


async def at_rest(scene: Scene) -> dict[str, Level]:
    """The levels once no call is up any more."""
    await until(scene.nothing_up, 60, "a PBX without channels and bridges")
    return levels(scene.platform)
