"""Callbacks on the simulated PBX: from the key to the end of the talk, and over the death of the queue."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pbx.ari.fake import FakePbx
from pbx.ari.fake_model import Does, FakeChannel
from queue_manager.model import Phone
from tests.polling import until
from tests.unit.queue_line import CITIZEN, Line, a_line

ON_THE_TRUNK = f"{CITIZEN}@trunk"


@pytest.fixture
def pbx(tmp_path: Path) -> FakePbx:
    return FakePbx(tmp_path / "spool")


@pytest.fixture
async def line(tmp_path: Path, pbx: FakePbx) -> AsyncIterator[Line]:
    async with a_line(tmp_path, pbx) as line:
        yield line


async def asks_for_a_callback(line: Line) -> FakeChannel:
    """A caller in line keeps the place, and is hung up on; no operator is there yet."""
    line.operator("202", Does.RINGS)
    line.switchboard.board.phone("202", Phone.BUSY, 0)
    channel = await line.a_caller()
    await until(lambda: line.pbx.bridges.hears(channel) == "music", what="music")
    line.pbx.press(channel, "2")
    await until(lambda: line.pbx.bridges.hears(channel) == "sound", what="the question at which number")
    line.pbx.press(channel, "1")
    await until(lambda: channel.id not in line.pbx.channels, what="the farewell")
    return channel


async def talks_to_the_citizen(line: Line) -> FakeChannel:
    """Returns the citizen's channel."""
    await until(lambda: bool(line.pbx.bridges.by_id), what="the two together")
    [bridge] = line.pbx.bridges.by_id.values()
    await until(lambda: len(bridge.channels) == 2, what="both in it")
    [citizen] = [line.pbx.channels[name] for name in bridge.channels if name.endswith("-citizen")]
    await until(lambda: line.pbx.bridges.hears(citizen) == "others", what="the operator heard")
    return citizen


async def test_a_citizen_who_asked_is_called_through_the_trunk_and_talks_to_the_operator(line: Line) -> None:
    channel = await asks_for_a_callback(line)
    line.pbx.phone(ON_THE_TRUNK, Does.ANSWERS)
    line.operator("201", Does.ANSWERS)
    citizen = await talks_to_the_citizen(line)
    line.pbx.hang_up(citizen)
    await until(lambda: not line.pbx.channels and not line.pbx.bridges.by_id, what="everybody gone")
    await until(lambda: line.steps_of(channel)[-1:] == ["talked"], what="the end of the page")
    assert line.steps_of(channel) == ["left_queue", "queued", "offered", "answered", "bridged", "talked"]


async def test_an_operator_whose_citizen_is_busy_is_told_and_free_for_the_next_caller(line: Line) -> None:
    channel = await asks_for_a_callback(line)
    line.pbx.phone(ON_THE_TRUNK, Does.IS_BUSY)
    line.operator("201", Does.ANSWERS, after_s=0.1)
    await until(lambda: "not_reached" in line.steps_of(channel), what="the call in vain")
    await until(lambda: not line.pbx.channels, what="the operator's phone free")
    await line.put_through(await line.a_caller())


async def test_a_citizen_whom_the_trunk_does_not_take_counts_as_not_reached(line: Line) -> None:
    channel = await asks_for_a_callback(line)
    line.operator("201", Does.ANSWERS, after_s=0.1)
    await until(lambda: "not_reached" in line.steps_of(channel), what="the call in vain")
    [why] = [e.body["detail"]["why"] for e in line.written if e.body.get("kind") == "not_reached"]
    assert why == "unreachable"


async def test_a_callback_outlives_the_queue_and_a_citizen_who_was_being_called_is_called_again(
    tmp_path: Path, pbx: FakePbx
) -> None:
    pbx.phone(ON_THE_TRUNK, Does.RINGS)
    async with a_line(tmp_path, pbx) as line:
        await asks_for_a_callback(line)
    async with a_line(tmp_path, pbx) as line:
        line.operator("201", Does.ANSWERS, after_s=0.1)
        await until(lambda: any(name.endswith("-citizen") for name in pbx.elsewhere), what="the call")
    pbx.phone(ON_THE_TRUNK, Does.ANSWERS)
    async with a_line(tmp_path, pbx) as line:
        line.operator("201", Does.ANSWERS, after_s=0.1)
        await talks_to_the_citizen(line)


async def test_a_talk_with_a_citizen_goes_on_while_the_queue_is_dead_and_its_end_is_written(
    tmp_path: Path, pbx: FakePbx
) -> None:
    pbx.phone(ON_THE_TRUNK, Does.ANSWERS)
    async with a_line(tmp_path, pbx) as line:
        channel = await asks_for_a_callback(line)
        line.operator("201", Does.ANSWERS, after_s=0.1)
        citizen = await talks_to_the_citizen(line)
    async with a_line(tmp_path, pbx) as line:
        assert pbx.bridges.hears(citizen) == "others"
        pbx.hang_up(citizen)
        await until(lambda: line.steps_of(channel)[-1:] == ["talked"], what="the end of the page")
        await until(lambda: not pbx.channels and not pbx.bridges.by_id, what="everybody gone")
