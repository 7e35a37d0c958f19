"""The queue's switchboard on the simulated PBX: from the music to the end of the talk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from foundation.clock import SystemClock
from foundation.health import Check
from foundation.journal import Journal
from foundation.outbox import Entry, Outbox
from pbx.ami.phones import PhoneState
from pbx.ari.fake import FakePbx
from pbx.ari.fake_model import Does, FakeChannel
from pbx.settings import PbxSettings
from queue_manager.board import Board
from queue_manager.diary import Diary
from queue_manager.model import Duty, Policy, Seat
from queue_manager.switchboard import Switchboard
from queue_manager.waiting import Pace
from tests.polling import until

RING_S = 0.5


@dataclass
class Line:
    """The queue at work, with what it wrote."""

    pbx: FakePbx
    switchboard: Switchboard
    written: list[Entry]

    def operator(self, number: str, does: Does, after_s: float = 1.0) -> None:
        """Somebody comes on duty at a phone that is free."""
        self.pbx.phone(number, does, after_s)
        self.switchboard.board.seat(Seat(number, frozenset(), frozenset({"main"})))
        self.switchboard.phone(f"PJSIP/{number}", PhoneState.FREE)
        self.switchboard.duty(number, Duty.ON, "")

    async def a_caller(self) -> FakeChannel:
        """Somebody comes to the queue, and has a place."""
        call_id = uuid4()
        channel = self.pbx.dial(
            f"caller-{call_id}", "join", str(call_id), "800840840", "it", app="queue", number="+390612345678"
        )
        channel.state = "Up"
        channel.variables |= {"CALL_ID": str(call_id), "DIALLED": "800840840"}
        await until(lambda: call_id in self.switchboard.board.places, what="a place in line")
        return channel

    def steps_of(self, channel: FakeChannel) -> list[str]:
        """The kinds of the steps that were written of a caller."""
        call_id = UUID(channel.args[1])
        return [str(entry.body["kind"]) for entry in self.written if entry.subject == call_id and entry.kind == "step"]

    async def put_through(self, channel: FakeChannel) -> str:
        """The caller talks; returns the operator's channel."""
        await until(lambda: self.pbx.bridges.hears(channel) == "others", what="the caller put through")
        [leg] = set(self.pbx.bridges.by_id[channel.bridge or ""].channels) - {channel.id}
        return leg


@pytest.fixture
async def line(tmp_path: Path) -> AsyncIterator[Line]:
    async with at_work(FakePbx(tmp_path / "spool"), tmp_path) as line:
        yield line


@asynccontextmanager
async def at_work(pbx: FakePbx, folder: Path) -> AsyncIterator[Line]:
    """A process `queue` for the length of the block. Another on the same folder is the same one, started again."""
    written = list[Entry]()

    async def apply(entry: Entry) -> None:
        written.append(entry)

    async def set_duty(number: str, duty: Duty, reason: str) -> None:
        return None

    outbox = Outbox(Journal(folder / "outbox"), Journal(folder / "refused"), apply)
    reach = PbxSettings(ari_address="127.0.0.1:1", ari_password="x", spool=folder, sounds=folder)  # type: ignore[arg-type]
    switchboard = Switchboard(
        pbx.connect_as, Board(Policy(ring_s=RING_S, wrap_up_s=0.1)), Diary(outbox, SystemClock()), reach,
        Pace(60, 60), SystemClock(), Check("pbx", "connecting"), set_duty,
    )  # fmt: skip

    async def tick() -> None:
        while True:
            await switchboard.tick()
            await asyncio.sleep(0.05)

    work = (switchboard.ari.run(), switchboard.sound.run(), switchboard.reception(), outbox.run(), tick())
    tasks = [asyncio.ensure_future(one) for one in work]
    await until(lambda: pbx.is_open("queue") and pbx.is_open("queue-sound"), what="both connections")
    yield Line(pbx, switchboard, written)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


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
    async with at_work(pbx, tmp_path) as line:
        line.operator("201", Does.ANSWERS)
        channel = await line.a_caller()
        leg = await line.put_through(channel)
    pbx.hang_up(channel)
    async with at_work(pbx, tmp_path) as line:
        await until(lambda: leg not in pbx.channels and not pbx.bridges.by_id, what="the operator and the bridge gone")


async def test_two_whom_a_dying_queue_did_not_put_through_any_more_talk_after_its_restart(tmp_path: Path) -> None:
    pbx = FakePbx(tmp_path / "spool")
    async with at_work(pbx, tmp_path) as line:
        line.operator("201", Does.ANSWERS)
        channel = await line.a_caller()
        leg = await line.put_through(channel)
    pbx.bridges.serve("DELETE", [leg], {})
    async with at_work(pbx, tmp_path) as line:
        assert await line.put_through(channel) == leg
