"""One way to drive a simulated and a real PBX: somebody dials, and does things to the line our client holds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
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
from pbx.ari.events import StasisStart
from pbx.ari.fake import SECOND, FakeChannel, FakePbx
from pbx.ari.heartbeat import IVR, QUEUE, Heartbeat
from pbx.ari.line import Line
from pbx.ari.transport import Connect, WebSocketTransport
from pbx.robot.ear import Ear
from pbx.robot.phone import RobotCall, RobotPhone
from pbx.settings import PbxSettings

PROMPT = "two-seconds"


class Caller(Protocol):
    """The far end of a line."""

    async def press(self, keys: str) -> None: ...
    async def speak(self, seconds: float) -> None: ...
    async def hang_up(self) -> None: ...


class FakeCaller:
    """A caller of the simulated PBX."""

    def __init__(self, pbx: FakePbx, channel: FakeChannel) -> None:
        self._pbx, self._channel = pbx, channel

    async def press(self, keys: str) -> None:
        self._pbx.press(self._channel, keys)

    async def speak(self, seconds: float) -> None:
        self._pbx.speak(self._channel, seconds)

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

    async def hang_up(self) -> None:
        await self._call.hang_up()


@dataclass
class Exchange:
    """A PBX, a way to connect to it and to dial it. `second` is how long one of its seconds lasts."""

    connect: Connect
    spool: Path
    second: float
    media: str

    async def dial(self, stack: AsyncExitStack) -> Caller:
        raise NotImplementedError

    def queue(self) -> AbstractAsyncContextManager[asyncio.Queue[tuple[str, ...]]]:
        """The queue's process, which takes whoever is sent to its context; the arguments of each."""
        raise NotImplementedError


class FakeExchange(Exchange):
    """The simulated PBX."""

    def __init__(self, folder: Path) -> None:
        self.pbx = FakePbx(folder)
        super().__init__(self.pbx.connect, folder, SECOND, "sound:anything")

    async def dial(self, stack: AsyncExitStack) -> Caller:
        return FakeCaller(self.pbx, self.pbx.dial(uuid4().hex, str(uuid4()), "800840840"))

    @asynccontextmanager
    async def queue(self) -> AsyncIterator[asyncio.Queue[tuple[str, ...]]]:
        yield self.pbx.queue


class RealExchange(Exchange):
    """A real Asterisk, called by a second one."""

    def __init__(self, settings: PbxSettings, phone: RobotPhone) -> None:
        self._phone = phone
        self._settings = settings
        super().__init__(self._open, settings.spool, 1.0, f"sound:{settings.sounds}/{PROMPT}")

    async def _open(self) -> WebSocketTransport:
        return await WebSocketTransport.connect(self._settings, "ivr")

    async def dial(self, stack: AsyncExitStack) -> Caller:
        return RobotCaller(await stack.enter_async_context(self._phone.call("800840840", "+390612345678")))

    @asynccontextmanager
    async def queue(self) -> AsyncIterator[asyncio.Queue[tuple[str, ...]]]:
        came, connected = asyncio.Queue[tuple[str, ...]](), asyncio.Event()

        async def on_connected() -> None:
            connected.set()

        async def connect() -> WebSocketTransport:
            return await WebSocketTransport.connect(self._settings, "queue")

        ari = Ari("queue", connect, lambda start: came.put_nowait(start.args), on_connected)
        running = asyncio.create_task(ari.run())
        await asyncio.wait_for(connected.wait(), 15)
        await Heartbeat(ari, QUEUE, SystemClock(), Check("pbx", "connecting")).beat()
        yield came
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


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
