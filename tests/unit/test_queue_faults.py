"""The queue's switchboard when something fails in the worst moment: no caller is lost, nobody is left in silence."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.exc import OperationalError

from pbx.ari.client import EventsLost
from pbx.ari.fake import FakePbx
from pbx.ari.fake_model import Does, FakeChannel, HeldUp, Refused
from pbx.ari.line import SETTLE_S
from queue_manager.model import Duty, PlaceState, SeatState, Why
from queue_manager.waiting import Pace
from tests.polling import until
from tests.unit.queue_line import Line, a_line


@pytest.fixture
def pbx(tmp_path: Path) -> FakePbx:
    return FakePbx(tmp_path / "spool")


@pytest.fixture
async def line(tmp_path: Path, pbx: FakePbx) -> AsyncIterator[Line]:
    async with a_line(tmp_path, pbx) as line:
        yield line


def when_asked(pbx: FakePbx, wanted: Callable[[str, str], bool], then: Callable[[], None], times: int = 1) -> list[str]:
    """What the PBX does in place of answering the next requests that are `wanted`; returns those that came."""
    serve, came = pbx._serve, list[str]()

    def answer(method: str, steps: list[str], query: dict[str, Any]) -> Any:
        if len(came) < times and wanted(method, "/".join(steps)):
            came.append("/".join(steps))
            then()
        return serve(method, steps, query)

    pbx._serve = answer  # type: ignore[method-assign]
    return came


def refuse(status: int) -> Callable[[], None]:
    def refused() -> None:
        raise Refused(status, "because")

    return refused


def held_up() -> None:
    raise HeldUp


def bridges(method: str, path: str) -> bool:
    return path.endswith("addChannel")


async def waits(line: Line) -> FakeChannel:
    channel = await line.a_caller()
    await until(lambda: line.pbx.bridges.hears(channel) == "music", what="music")
    return channel


async def test_a_talk_whose_caller_is_taken_to_the_fallback_ends_for_the_operator_alone(line: Line) -> None:
    line.operator("201", Does.ANSWERS)
    channel = await line.a_caller()
    leg = await line.put_through(channel)
    line.pbx.redirect(channel, "queue-away")
    await until(lambda: leg not in line.pbx.channels, what="the operator free")
    await until(lambda: line.ends_of(channel) == ["handed_over"], what="the page handed over")
    assert channel.id in line.pbx.elsewhere


@pytest.mark.parametrize("status", [400, 422, 500])
async def test_whom_the_pbx_cannot_bridge_goes_to_the_fallback_and_the_operator_is_free(
    line: Line, status: int
) -> None:
    when_asked(line.pbx, bridges, refuse(status))
    line.operator("201", Does.ANSWERS)
    channel = await line.a_caller()
    await until(lambda: channel.sent_to == "queue-away", what="the fallback")
    await until(lambda: line.ends_of(channel) == ["handed_over"], what="the page handed over")
    await until(lambda: [*line.pbx.channels] == [], what="the operator's phone free")
    assert channel.id in line.pbx.elsewhere


async def test_an_operator_who_is_gone_before_the_two_hear_each_other_ends_no_call(line: Line) -> None:
    when_asked(line.pbx, bridges, held_up)
    line.operator("201", Does.ANSWERS)
    channel = await line.a_caller()
    await until(lambda: bool(line.pbx.bridges.by_id), what="the empty bridge")
    [leg] = line.pbx.bridges.by_id
    line.pbx.hang_up(line.pbx.channels[leg])
    await until(lambda: channel.sent_to == "queue-away", what="the fallback")
    assert channel.id in line.pbx.elsewhere


async def test_a_connection_lost_while_two_are_joined_leaves_neither_in_silence(line: Line) -> None:
    when_asked(line.pbx, bridges, held_up)
    line.operator("201", Does.ANSWERS)
    channel = await line.a_caller()
    await until(lambda: bool(line.pbx.bridges.by_id), what="the empty bridge")
    for app in ("queue", "queue-sound"):
        await line.pbx.drop(app)
    await line.put_through(channel)


async def test_a_queue_that_dies_between_the_answer_and_the_bridge_joins_the_two_after_it(
    tmp_path: Path, pbx: FakePbx
) -> None:
    when_asked(pbx, bridges, held_up)
    async with a_line(tmp_path, pbx) as line:
        line.operator("201", Does.ANSWERS)
        channel = await line.a_caller()
        await until(lambda: bool(pbx.bridges.by_id), what="the empty bridge")
        await until(lambda: "answered" in line.steps_of(channel), what="the answer on the page")
    async with a_line(tmp_path, pbx) as line:
        await line.put_through(channel)
        assert line.switchboard.board.seats["201"].state is SeatState.TALKING


async def test_who_talks_over_a_restart_talks_by_the_book_too(tmp_path: Path, pbx: FakePbx) -> None:
    async with a_line(tmp_path, pbx) as line:
        line.operator("201", Does.ANSWERS)
        channel = await line.a_caller()
        await line.put_through(channel)
        await until(lambda: "bridged" in line.steps_of(channel), what="the talk on the page")
    async with a_line(tmp_path, pbx, "201") as line:
        await until(lambda: line.switchboard.board.seats["201"].state is SeatState.TALKING, what="the talk taken up")
        await until(
            lambda: [e.body["state"] for e in line.written if e.kind == "operator"][-1:] == ["talking"],
            what="the state",
        )


async def test_after_a_restart_nobody_is_rung_who_still_talks(tmp_path: Path, pbx: FakePbx) -> None:
    async with a_line(tmp_path, pbx) as line:
        board = line.switchboard.board
        board.policy = replace(board.policy, ring_s=1000)
        line.operator("201", Does.RINGS)
        waiting = await waits(line)
        line.operator("204", Does.ANSWERS)
        gone = await line.a_caller()
        leg = await line.put_through(gone)
        line.operator("203", Does.ANSWERS)
        stays = await line.a_caller()
        await line.put_through(stays)
        await until(lambda: "bridged" in line.steps_of(stays), what="the talk on the page")
    pbx.hang_up(pbx.channels[leg])
    pbx.hang_up(gone)
    asked = when_asked(pbx, lambda method, path: (method, path) == ("POST", "channels"), lambda: None, times=100)
    async with a_line(tmp_path, pbx, "203") as line:
        board = line.switchboard.board
        await until(lambda: UUID(gone.args[1]) not in board.places and len(board.places) == 2, what="all taken up")
        await until(lambda: line.ends_of(gone) == ["answered"], what="the end of the other talk")
        assert board.seats["203"].call_id == UUID(stays.args[1])
        assert board.places[UUID(waiting.args[1])].state is PlaceState.WAITING
        assert asked == []


async def test_who_leaves_while_the_pbx_does_not_hear_us_gets_there_when_it_does(line: Line) -> None:
    line.operator("201", Does.RINGS, after_s=1000)
    channel = await waits(line)
    when_asked(line.pbx, lambda _, path: path.endswith("continue"), refuse(500), times=2)
    line.pbx.press(channel, "1")
    await until(lambda: channel.sent_to == "given-back", what="the way back")


async def test_who_leaves_in_mid_sentence_goes_on_at_once(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line.switchboard._reception, "_pace", Pace(0, 60))
    line.operator("201", Does.RINGS, after_s=1000)
    channel = await line.a_caller()
    await until(lambda: line.pbx.bridges.hears(channel) == "sound", what="the position")
    board = line.switchboard.board
    line.switchboard.do(board.leave(UUID(channel.args[1]), Why.WAITED_LONG, monotonic()))
    await until(lambda: channel.sent_to == "given-back", SETTLE_S / 2, "the way back")


async def test_who_hangs_up_on_the_way_back_has_a_closed_page(line: Line) -> None:
    line.operator("201", Does.RINGS, after_s=1000)
    channel = await waits(line)
    when_asked(line.pbx, lambda _, path: path.endswith("continue"), lambda: line.pbx.hang_up(channel))
    line.pbx.press(channel, "1")
    await until(lambda: line.ends_of(channel) == ["given_back", "abandoned"], what="the end of the page")


async def test_who_hangs_up_before_we_got_to_them_has_a_closed_page(line: Line) -> None:
    line.operator("201", Does.RINGS, after_s=1000)
    channel = line.comes()
    line.pbx.hang_up(channel)
    await until(lambda: line.ends_of(channel) == ["abandoned"], what="the end of the page")


async def test_a_fault_of_ours_in_a_wait_leads_to_the_fallback_not_into_silence(line: Line) -> None:
    line.operator("201", Does.RINGS, after_s=1000)
    channel = await waits(line)
    caller = line.switchboard._hall.callers[UUID(channel.args[1])]
    caller.line._inbox.put(EventsLost("500 events of one channel waited unread"))
    await until(lambda: channel.sent_to == "queue-away", what="the fallback")
    await until(lambda: line.ends_of(channel) == ["handed_over"], what="the page handed over")


async def test_one_stranger_who_is_gone_does_not_keep_the_others_waiting(tmp_path: Path, pbx: FakePbx) -> None:
    async with a_line(tmp_path, pbx):
        pass
    callers = [Line(pbx, None, []).comes() for _ in range(5)]  # type: ignore[arg-type]
    when_asked(pbx, lambda _, path: path.endswith("variable"), refuse(500))
    when_asked(pbx, lambda method, path: method == "GET" and path.startswith("channels/c"), refuse(404), times=2)
    async with a_line(tmp_path, pbx) as line:
        line.operator("201", Does.RINGS, after_s=1000)
        known = line.switchboard._hall.channels
        await until(lambda: len(known) == 3, what="the others taken in")
        assert {channel.id for channel in callers} >= known.keys()


async def test_a_caller_whom_nothing_is_written_of_keeps_their_language(tmp_path: Path, pbx: FakePbx) -> None:
    async with a_line(tmp_path, pbx):
        pass
    channel = Line(pbx, None, []).comes("en")  # type: ignore[arg-type]
    async with a_line(tmp_path, pbx) as line:
        line.operator("201", Does.RINGS, after_s=1000)
        place = line.switchboard.board.places
        await until(lambda: UUID(channel.args[1]) in place or channel.sent_to is not None, what="the caller taken in")
        assert [e.body["language"] for e in line.written if "language" in e.body] in ([], ["en"])
        await until(lambda: "en" in [e.body.get("language") for e in line.written], what="the page")


async def test_a_caller_who_is_both_found_and_told_has_one_place(line: Line) -> None:
    line.operator("201", Does.RINGS, after_s=1000)
    channel = line.comes()
    line.pbx.tell("StasisStart", channel, channel={**_shown(channel)}, args=channel.args)
    await until(lambda: line.pbx.bridges.hears(channel) == "music", what="music")
    await asyncio.sleep(0.2)
    assert [e.kind for e in line.written if e.subject == UUID(channel.args[1])].count("joined") == 1


async def test_an_operator_who_dials_is_no_stranger(line: Line) -> None:
    line.operator("201", Does.RINGS)
    channel = line.pbx.dial("own-phone", "keys", "201", "*13", app="queue")
    await until(lambda: channel.playback is not None, what="the confirmation")
    await line.switchboard.take_up()
    assert channel.id in line.pbx.channels


async def test_an_operator_who_dials_is_not_left_on_a_silent_line_by_a_lost_connection(line: Line) -> None:
    line.operator("201", Does.RINGS)
    channel = line.pbx.dial("own-phone", "keys", "201", "*13", app="queue")
    await until(lambda: channel.playback is not None, what="the confirmation")
    line.pbx.reachable = False
    await line.pbx.drop("queue-sound")
    await until(lambda: channel.id not in line.pbx.channels, 3, what="the end of the call")


def _shown(channel: FakeChannel) -> dict[str, Any]:
    return {"id": channel.id, "name": "PJSIP/x", "state": "Up", "caller": {"name": "", "number": channel.number}}


async def test_whom_the_board_paused_is_paused_by_the_row_too_when_postgresql_is_back(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[tuple[str, Duty, str]] = []

    async def set_duty(number: str, duty: Duty, reason: str) -> None:
        tries.append((number, duty, reason))
        if len(tries) < 3:
            raise OperationalError("update", {}, Exception("the server closed the connection"))

    monkeypatch.setattr(line.switchboard._operators, "_set_duty", set_duty)
    line.operator("201", Does.RINGS)
    await line.a_caller()
    await until(lambda: len(tries) == 3, what="the pause written")
    assert tries == [("201", Duty.PAUSED, "no_answer")] * 3


@pytest.mark.parametrize("told", [False, True], ids=["refused", "answered"])
async def test_what_a_phone_did_while_the_connection_was_lost_is_found_out(line: Line, told: bool) -> None:
    line.operator("201", Does.RINGS)
    board = line.switchboard.board
    board.policy = replace(board.policy, ring_s=1000)
    channel = await waits(line)
    await until(lambda: bool(line.pbx.elsewhere), what="the phone ringing")
    [leg] = line.pbx.elsewhere.values()
    line.pbx.reachable = False
    await line.pbx.drop("queue")
    if told:
        line.pbx.pick_up(leg)
    else:
        line.pbx.hang_up(leg)
    line.operator("203", Does.ANSWERS)
    line.pbx.reachable = True
    await line.put_through(channel)
