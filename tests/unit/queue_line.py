"""The queue's switchboard on the simulated PBX, for tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

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
from queue_manager.reception import Outward
from queue_manager.switchboard import Switchboard
from queue_manager.waiting import Pace
from tests.polling import until

RING_S = 0.5
CITIZEN = "+390612345678"


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
        channel = self.comes()
        call_id = UUID(channel.args[1])
        await until(lambda: call_id in self.switchboard.board.places, what="a place in line")
        return channel

    def comes(self, language: str = "it") -> FakeChannel:
        """Somebody comes to the queue."""
        call_id = uuid4()
        channel = self.pbx.dial(
            f"caller-{call_id}", "join", str(call_id), "800840840", language, app="queue", number=CITIZEN
        )
        channel.state = "Up"
        channel.variables |= {"CALL_ID": str(call_id), "DIALLED": "800840840"}
        return channel

    def ends_of(self, channel: FakeChannel) -> list[str]:
        """How the caller's stories were closed, in order."""
        call_id = UUID(channel.args[1])
        told = [entry for entry in self.written if entry.subject == call_id and entry.closes]
        return [str(entry.body.get("outcome", entry.kind)) for entry in told]

    def steps_of(self, channel: FakeChannel) -> list[str]:
        """The kinds of the steps that were written of a caller."""
        call_id = UUID(channel.args[1])
        return [str(entry.body["kind"]) for entry in self.written if entry.subject == call_id and entry.kind == "step"]

    async def put_through(self, channel: FakeChannel) -> str:
        """The caller talks; returns the operator's channel."""
        await until(lambda: self.pbx.bridges.hears(channel) == "others", what="the caller put through")
        [leg] = set(self.pbx.bridges.by_id[channel.bridge or ""].channels) - {channel.id}
        return leg


@asynccontextmanager
async def a_line(folder: Path, pbx: FakePbx, *on_duty: str) -> AsyncIterator[Line]:
    """A process `queue` for the length of the block. Another on the same folder is the same one, started again.

    `on_duty` are operators whose rows it finds there, before it has a connection.
    """
    written = list[Entry]()

    async def apply(entry: Entry) -> None:
        written.append(entry)

    async def set_duty(number: str, duty: Duty, reason: str) -> None:
        return None

    outbox = Outbox(Journal(folder / "outbox"), Journal(folder / "refused"), apply)
    reach = PbxSettings(ari_address="127.0.0.1:1", ari_password="x", spool=folder, sounds=folder)  # type: ignore[arg-type]
    switchboard = Switchboard(
        pbx.connect_as, Board(Policy(ring_s=RING_S, wrap_up_s=0.1)), Diary(outbox, SystemClock()), reach,
        Pace(60, 60), SystemClock(), Check("pbx", "connecting"), set_duty, Outward("trunk"),
    )  # fmt: skip

    for number in on_duty:
        switchboard.board.seat(Seat(number))
        switchboard.duty(number, Duty.ON, "")

    async def tick() -> None:
        while True:
            await switchboard.tick()
            await asyncio.sleep(0.05)

    work = (switchboard.ari.run(), switchboard.sound.run(), switchboard.reception(), outbox.run(), tick())
    tasks = [asyncio.ensure_future(one) for one in work]
    await until(lambda: pbx.is_open("queue") and pbx.is_open("queue-sound"), what="both connections")
    try:
        yield Line(pbx, switchboard, written)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for app in ("queue", "queue-sound"):
            await pbx.drop(app)
