"""Redis killed and emptied, PostgreSQL away: callers notice nothing, or are told the truth; afterwards everything is written, once."""

from __future__ import annotations

import asyncio
import signal

import pytest

from tests.chaos import faults, plan
from tests.chaos.callers import Manner, Wish
from tests.chaos.scene import Scene, told
from tests.polling import until
from tests.promises.plugin import Measured

pytestmark = [pytest.mark.xdist_group("chaos"), pytest.mark.timeout(600)]

MESSAGES = 4


@pytest.mark.promise("Redis is killed and comes back empty: callers notice nothing, every message is transcribed, once")
@pytest.mark.long
async def test_redis_killed_and_emptied_loses_no_message_and_transcribes_each_once(
    scene: Scene, seed: int, figure: Measured
) -> None:
    async def lose_it() -> None:
        faults.signal_tree(scene.platform.supervisor.running["redis"].pid, signal.SIGKILL)
        await until(lambda: faults.flushed(scene.platform), 30, "an empty Redis")

    crowd = plan.crowd(f"{seed} redis", (plan.HELD[1], plan.HELD[4]), 1, scene.code)
    calls = await scene.strike_among(crowd, lose_it)
    agreement = await scene.reckon()
    books = await scene.books.read()
    figure("differences", len(agreement.differences))
    assert not agreement.differences, "\n".join(agreement.differences)
    assert len(books.messages) == len(calls)
    for message in books.messages:
        done = await scene.line.transcribed(message)
        practice = await scene.line.records.practices.practice(done.practice_id)  # type: ignore[arg-type]
        assert practice is not None
        assert [entry.what for entry in practice.history].count(done.state.value) == 1


@pytest.mark.promise(
    "PostgreSQL is away under calls: messages are taken and their codes told, a look-up is honestly refused; all is written later, once"
)
@pytest.mark.parametrize("away_s", [20.0, pytest.param(180.0, marks=pytest.mark.long)], ids=["20-s", "minutes"])
async def test_what_callers_do_while_the_database_is_away_is_in_it_afterwards(
    scene: Scene, away_s: float, seed: int, figure: Measured
) -> None:
    manners = [Manner(Wish.MESSAGE, speech_s=4.5 + number) for number in range(MESSAGES)]
    manners += [Manner(Wish.STATUS, code=scene.code) for _ in range(2)]
    calling: list[asyncio.Task[object]] = []
    async with faults.away(scene.platform, "postgres"):
        calling.append(asyncio.create_task(scene.calls(*manners)))
        await asyncio.sleep(away_s)
    await asyncio.gather(*calling)
    await faults.all_up(scene.platform)
    agreement = await scene.reckon()
    told_a_code = [call for call in scene.phones if any(call.codes)]
    refused = [call for call in scene.phones if call.has_heard("status-not-available")]
    figure("differences", len(agreement.differences))
    figure("codes told meanwhile", len(told_a_code), more_is_better=True)
    assert not agreement.differences, "\n".join(agreement.differences)
    assert len(told_a_code) == MESSAGES, told(scene.phones)
    assert len(refused) == 2, told(scene.phones)
    [asked] = await scene.calls(Manner(Wish.STATUS, code=told_a_code[0].codes[0]))
    assert asked.has_heard("status-practice"), asked.story()
