"""The queue's switchboard on the simulated PBX: from the music to the end of the talk."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pbx.ari.fake import FakePbx
from pbx.ari.fake_model import Does
from tests.polling import until
from tests.unit.queue_line import Line, a_line


@pytest.fixture
async def line(tmp_path: Path) -> AsyncIterator[Line]:
    async with a_line(tmp_path, FakePbx(tmp_path / "spool")) as line:
        yield line


async def test_a_caller_hears_music_until_an_operator_answers_and_then_the_operator(line: Line) -> None:
    line.operator("201", Does.ANSWERS, after_s=4)
    channel = await line.a_caller()
    await until(lambda: line.pbx.bridges.hears(channel) == "music", what="music")
    leg = await line.put_through(channel)
    line.pbx.hang_up(channel)
    await until(
        lambda: leg not in line.pbx.channels and not line.pbx.bridges.by_id, what="the operator and the bridge gone"
    )
    await until(lambda: line.steps_of(channel)[-1:] == ["talked"], what="the end of the page")
    assert line.steps_of(channel) == ["offered", "answered", "bridged", "talked"]


async def test_an_operator_who_hangs_up_ends_the_call_of_the_caller(line: Line) -> None:
    line.operator("201", Does.ANSWERS)
    channel = await line.a_caller()
    leg = await line.put_through(channel)
    line.pbx.hang_up(line.pbx.channels[leg])
    await until(lambda: channel.id not in line.pbx.channels, what="the caller's channel gone")


@pytest.mark.parametrize("does", [Does.RINGS, Does.IS_BUSY, Does.REFUSES])
async def test_when_one_phone_is_not_answered_the_next_one_rings(line: Line, does: Does) -> None:
    line.operator("201", does)
    channel = await line.a_caller()
    await until(lambda: "offered" in line.steps_of(channel), what="the first phone")
    line.operator("203", Does.ANSWERS)
    await line.put_through(channel)
    await until(lambda: line.steps_of(channel)[-1:] == ["bridged"], what="the page of the talk")
    assert line.steps_of(channel) == ["offered", "not_answered", "offered", "answered", "bridged"]


async def test_a_phone_that_is_gone_without_a_word_costs_the_caller_nothing(line: Line) -> None:
    line.operator("201", Does.ANSWERS)
    line.pbx.unregister("201")
    channel = await line.a_caller()
    line.operator("203", Does.ANSWERS)
    await line.put_through(channel)


async def test_a_caller_who_hangs_up_while_a_phone_rings_stops_the_ringing(line: Line) -> None:
    line.operator("201", Does.RINGS)
    channel = await line.a_caller()
    await until(lambda: bool(line.pbx.elsewhere), what="the phone ringing")
    line.pbx.hang_up(channel)
    await until(lambda: not line.pbx.elsewhere, what="the phone silent")
    await until(lambda: "abandoned" in line.steps_of(channel), what="the end of the page")


async def test_a_caller_who_presses_1_is_given_back_for_a_message(line: Line) -> None:
    line.operator("201", Does.ANSWERS, after_s=1000)
    channel = await line.a_caller()
    await until(lambda: line.pbx.bridges.hears(channel) == "music", what="music")
    line.pbx.press(channel, "1")
    await until(lambda: channel.sent_to == "given-back", what="the way back")


async def test_a_lost_connection_ends_no_talk_and_who_hung_up_meanwhile_is_found_out(line: Line) -> None:
    line.operator("201", Does.ANSWERS)
    line.operator("203", Does.ANSWERS)
    stays, goes = await line.a_caller(), await line.a_caller()
    await line.put_through(stays)
    leg = await line.put_through(goes)
    line.pbx.reachable = False
    await line.pbx.drop("queue")
    line.pbx.hang_up(goes)
    line.pbx.reachable = True
    await until(lambda: leg not in line.pbx.channels, what="the operator of whoever hung up free")
    assert line.pbx.bridges.hears(stays) == "others"


async def test_who_waits_over_a_lost_connection_is_put_through_after_it(line: Line) -> None:
    line.operator("201", Does.RINGS)
    channel = await line.a_caller()
    await until(lambda: line.pbx.bridges.hears(channel) == "music", what="music")
    for app in ("queue", "queue-sound"):
        await line.pbx.drop(app)
    await until(lambda: line.pbx.is_open("queue") and line.pbx.is_open("queue-sound"), what="both connections again")
    line.operator("203", Does.ANSWERS)
    await line.put_through(channel)


async def test_a_talk_that_ended_while_the_queue_was_dead_leaves_no_bridge_behind(tmp_path: Path) -> None:
    pbx = FakePbx(tmp_path / "spool")
    async with a_line(tmp_path, pbx) as line:
        line.operator("201", Does.ANSWERS)
        channel = await line.a_caller()
        leg = await line.put_through(channel)
    pbx.hang_up(channel)
    async with a_line(tmp_path, pbx) as line:
        await until(lambda: leg not in pbx.channels and not pbx.bridges.by_id, what="the operator and the bridge gone")


async def test_two_whom_a_dying_queue_did_not_put_through_any_more_talk_after_its_restart(tmp_path: Path) -> None:
    pbx = FakePbx(tmp_path / "spool")
    async with a_line(tmp_path, pbx) as line:
        line.operator("201", Does.ANSWERS)
        channel = await line.a_caller()
        leg = await line.put_through(channel)
    pbx.bridges.serve("DELETE", [leg], {})
    async with a_line(tmp_path, pbx) as line:
        assert await line.put_through(channel) == leg


async def test_an_operator_who_answers_when_the_guard_has_taken_the_caller_is_not_said_to_talk(line: Line) -> None:
    line.operator("201", Does.RINGS)
    channel = await line.a_caller()
    await until(lambda: bool(line.pbx.elsewhere), what="the phone ringing")
    [leg] = line.pbx.elsewhere.values()
    line.pbx.redirect(channel, "queue-away")
    line.pbx.pick_up(leg)
    await until(lambda: leg.id not in {*line.pbx.channels, *line.pbx.elsewhere}, what="the operator free")
    assert line.steps_of(channel) == ["offered"]
    assert channel.sent_to == "queue-away"
