"""One way to drive a simulated and a real PBX: somebody dials, and does things to the line our client holds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from uuid import uuid4

import numpy as np
import soundfile

from foundation.clock import SystemClock
from foundation.health import Check
from pbx.ari.client import Ari
from pbx.ari.events import Event, StasisStart
from pbx.ari.fake import FakePbx
from pbx.ari.fake_model import SECOND, Does, FakeChannel
from pbx.ari.heartbeat import IVR, QUEUE, Heartbeat
from pbx.ari.line import Line
from pbx.ari.transport import Connect, WebSocketTransport
from pbx.robot.ear import Ear
from pbx.robot.phone import RobotCall, RobotPhone
from pbx.settings import PbxSettings

PROMPT = "two-seconds"
LISTEN_S, LOUDER_THAN_MUSIC = 1.0, 4500
# What the phone of each number does; the real ones, in asterisk_conf/robot/extensions.conf, likewise.
OPERATORS = {
    "201": Does.ANSWERS,
    "202": Does.RINGS,
    "203": Does.ANSWERS,
    "280": Does.IS_BUSY,
    "281": Does.HANGS_UP,
    "282": Does.REFUSES,
}
UNREGISTERED = "299"


class Caller(Protocol):
    """The far end of a line."""

    async def press(self, keys: str) -> None: ...
    async def speak(self, seconds: float) -> None: ...
    async def hold(self, on: bool) -> None: ...
    async def hears(self) -> str: ...
    async def hang_up(self) -> None: ...


class FakeCaller:
    """A caller of the simulated PBX."""

    def __init__(self, pbx: FakePbx, channel: FakeChannel) -> None:
        self._pbx, self._channel = pbx, channel

    async def press(self, keys: str) -> None:
        self._pbx.press(self._channel, keys)

    async def speak(self, seconds: float) -> None:
        self._pbx.speak(self._channel, seconds)

    async def hold(self, on: bool) -> None:
        self._pbx.hold(self._channel, on)

    async def hears(self) -> str:
        return self._pbx.bridges.hears(self._channel)

    async def hang_up(self) -> None:
        self._pbx.hang_up(self._channel)


class RobotCaller:
    """A robot phone on the real PBX."""

    def __init__(self, call: RobotCall) -> None:
        self._call = call

    async def press(self, keys: str) -> None:
        await self._call.press(keys)

    async def speak(self, seconds: float) -> None:
        time = np.arange(int(seconds * 8000)) / 8000
        # A wobbling tone: loud enough to be talk for Asterisk's silence detector.
        await self._call.speak(
            (12000 * np.sin(2 * np.pi * 440 * time) * (0.6 + 0.4 * np.sin(12 * time))).astype(np.int16)
        )

    async def hold(self, on: bool) -> None:
        await self._call.hold(on)

    async def hears(self) -> str:
        """Told apart by how loud the next second is: an operator's robot says a tone, louder than any music, and seldom pauses."""
        before = len(self._call.audio())
        await asyncio.sleep(LISTEN_S)
        heard = self._call.audio()[before:].astype(float)
        if not len(heard):
            return "nothing"
        return "others" if float(np.sqrt(np.mean(heard**2))) > LOUDER_THAN_MUSIC else "music"

    async def hang_up(self) -> None:
        await self._call.hang_up()


@dataclass
class Exchange:
    """A PBX, a way to connect to it and to dial it. `second` is how long one of its seconds lasts."""

    connect_as: Callable[[str], Connect]
    spool: Path
    second: float
    media: str

    async def dial(self, stack: AsyncExitStack) -> Caller:
        raise NotImplementedError

    @property
    def connect(self) -> Connect:
        """The connection of `ivr`, which callers come to."""
        return self.connect_as("ivr")

    @asynccontextmanager
    async def queue(self) -> AsyncIterator[asyncio.Queue[tuple[str, ...]]]:
        """The queue's process, which takes whoever is sent to its context; the words that come along with each."""
        came = asyncio.Queue[tuple[str, ...]]()
        async with at_the_queue(self, lambda start: came.put_nowait(start.args)):
            yield came


@asynccontextmanager
async def connected(
    connect: Connect,
    name: str,
    on_start: Callable[[StasisStart], None],
    on_event: Callable[[Event], None] = lambda event: None,
) -> AsyncIterator[Ari]:
    """The client of an application, at work."""
    greeted = asyncio.Event()

    async def on_connected() -> None:
        greeted.set()

    ari = Ari(name, connect, on_start, on_connected, on_event=on_event)
    running = asyncio.create_task(ari.run())
    try:
        await asyncio.wait_for(greeted.wait(), 15)
        yield ari
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    def application(self, name: str) -> AbstractAsyncContextManager[asyncio.Queue[tuple[str, ...]]]:
        """Another application that takes whoever is moved to it; the arguments of each."""
        raise NotImplementedError


@asynccontextmanager
async def at_the_queue(
    exchange: Exchange, on_start: Callable[[StasisStart], None], on_event: Callable[[Event], None] = lambda event: None
) -> AsyncIterator[Ari]:
    """The application `queue`, which shows a heartbeat: without one the real dialplan hands it nobody."""
    async with connected(exchange.connect_as("queue"), "queue", on_start, on_event) as ari:
        heartbeat = Heartbeat(ari, QUEUE, SystemClock(), Check("pbx", "connecting"))
        await heartbeat.beat()
        beating = asyncio.create_task(heartbeat.run())
        try:
            yield ari
        finally:
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)


class FakeExchange(Exchange):
    """The simulated PBX."""

    def __init__(self, folder: Path) -> None:
        self.pbx = FakePbx(folder)
        for number, does in OPERATORS.items():
            self.pbx.phone(number, does, after_s=10 if does is Does.HANGS_UP else 1)  # time enough to be bridged
        super().__init__(self.pbx.connect_as, folder, SECOND, "sound:anything")

    async def dial(self, stack: AsyncExitStack) -> Caller:
        return FakeCaller(self.pbx, self.pbx.dial(uuid4().hex, str(uuid4()), "800840840"))


class RealExchange(Exchange):
    """A real Asterisk, called by a second one."""

    def __init__(self, settings: PbxSettings, phone: RobotPhone) -> None:
        self._phone = phone
        self._settings = settings
        super().__init__(self._door, settings.spool, 1.0, f"sound:{settings.sounds}/{PROMPT}")

    def _door(self, name: str) -> Connect:
        return lambda: WebSocketTransport.connect(self._settings, name)

    async def dial(self, stack: AsyncExitStack) -> Caller:
        return RobotCaller(await stack.enter_async_context(self._phone.call("800840840", "+390612345678")))


class Desk:
    """Our side: the client, and the lines of the callers that came in."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self.lines: asyncio.Queue[tuple[Line, StasisStart]] = asyncio.Queue()
        self.connections = asyncio.Semaphore(0)
        self.running: asyncio.Task[None] | None = None
        self.ari = Ari("ivr", exchange.connect, self._on_start, self._on_connected, most_back_off_s=0.2)
        self.heartbeat = Heartbeat(self.ari, IVR, SystemClock(), Check("pbx", "connecting"))

    def _on_start(self, event: StasisStart) -> None:
        self.lines.put_nowait((Line(self.ari, event.channel.id, self._exchange.spool), event))

    async def _on_connected(self) -> None:
        # The real dialplan hands calls to whoever shows a heartbeat: this desk stands for ivr.
        await self.heartbeat.beat()
        self.connections.release()


@asynccontextmanager
async def at_the_desk(exchange: Exchange) -> AsyncIterator[Desk]:
    """A connected client."""
    desk = Desk(exchange)
    desk.running = running = asyncio.create_task(desk.ari.run())
    beating = asyncio.create_task(desk.heartbeat.run())
    try:
        await asyncio.wait_for(desk.connections.acquire(), 15)
        yield desk
    finally:
        running.cancel()
        beating.cancel()
        await asyncio.gather(running, beating, return_exceptions=True)


@asynccontextmanager
async def a_call(exchange: Exchange) -> AsyncIterator[tuple[Line, Caller, Desk]]:
    """A caller on an answered line."""
    async with AsyncExitStack() as stack:
        desk = await stack.enter_async_context(at_the_desk(exchange))
        # A robot waits for the answer, so dialling and answering go on together.
        dialling = asyncio.create_task(exchange.dial(stack))
        line, _ = await asyncio.wait_for(desk.lines.get(), 15)
        await line.answer()
        caller = await dialling
        yield line, caller, desk


def make_prompt(folder: Path, name: str = PROMPT) -> None:
    """A two-second sound for the real PBX to play."""
    folder.mkdir(parents=True, exist_ok=True)
    time = np.arange(16000) / 8000
    soundfile.write(
        folder / f"{name}.wav", (9000 * np.sin(2 * np.pi * (300 + 200 * time) * time)).astype(np.int16), 8000
    )


def the_ear(folder: Path) -> Ear:
    """An ear that knows the two-second sound."""
    samples, _ = soundfile.read(folder / f"{PROMPT}.wav", dtype="int16")
    return Ear({PROMPT: samples})
