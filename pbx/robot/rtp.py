"""The sound of one robot call: RTP (RFC 3550) with A-law, both ways, in 20 ms packets."""

from __future__ import annotations

import asyncio
import struct
import time
from bisect import bisect_right
from contextlib import suppress
from typing import cast

import numpy as np
from numpy.typing import NDArray

from pbx.robot import g711

RATE_HZ = 8000  # one byte a sample
FRAME = 160  # samples in 20 ms
FRAME_S = FRAME / RATE_HZ
PAYLOAD_TYPE = 8
SILENT_FRAME = bytes([g711.SILENCE]) * FRAME
HEADER = struct.Struct("!BBHII")


class Sound(asyncio.DatagramProtocol):
    """Keeps all it hears, and speaks: like a real phone it sends silence when it has nothing to say."""

    def __init__(self) -> None:
        self._transport: asyncio.DatagramTransport | None = None
        self._heard = bytearray()
        self._to_say: asyncio.Queue[bytes] = asyncio.Queue()
        self._said_all = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.lost = 0
        self._last: int | None = None
        # Of each packet: how many samples came before it, and when it came. The last packet of a prompt is a short one.
        self._begins: list[int] = []
        self._arrivals: list[float] = []

    @classmethod
    async def open(cls) -> Sound:
        """Bind to a free loopback port."""
        sound = cls()
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: sound, local_addr=("127.0.0.1", 0))
        return sound

    @property
    def address(self) -> str:
        """Where it hears, host:port."""
        assert self._transport is not None
        host, port = self._transport.get_extra_info("sockname")[:2]
        return f"{host}:{port}"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: object) -> None:
        if len(data) <= HEADER.size or data[1] & 0x7F != PAYLOAD_TYPE:
            return
        number = int.from_bytes(data[2:4], "big")
        self.lost += self._last is not None and (number - self._last) & 0xFFFF not in (0, 1)
        self._last = number
        self._begins.append(len(self._heard))
        self._arrivals.append(time.monotonic())
        self._heard += data[HEADER.size :]

    @property
    def seconds(self) -> float:
        """How much sound came."""
        return len(self._heard) / RATE_HZ

    def heard(self, since_s: float = 0.0) -> NDArray[np.int16]:
        """What was heard, 8 kHz 16-bit mono, from `since_s` seconds on."""
        return g711.decode(bytes(self._heard[int(since_s * RATE_HZ) :]))

    def arrived_at(self, sound_s: float) -> float:
        """When (monotonic seconds) a moment of what was heard arrived.

        Asterisk sends nothing while it says nothing, so time runs ahead of sound.
        """
        return self._arrivals[max(0, bisect_right(self._begins, sound_s * RATE_HZ) - 1)]

    def packets(self) -> list[tuple[float, int]]:
        """Of each packet: when it came (monotonic seconds), and how many samples came before it."""
        return list(zip(self._arrivals, self._begins, strict=True))

    def hush(self) -> None:
        """Say no more: `speak` returns, what it had not sent yet is never said."""
        while not self._to_say.empty():
            self._to_say.get_nowait()
        self._said_all.set()

    def start(self, host: str, port: int) -> None:
        """Begin to send to the PBX's end."""
        self._task = asyncio.create_task(self._send(host, port))

    async def speak(self, samples: NDArray[np.int16]) -> None:
        """Say samples (8 kHz); returns when the last was sent."""
        self._said_all.clear()
        encoded = g711.encode(samples)
        for at in range(0, len(encoded), FRAME):
            self._to_say.put_nowait(encoded[at : at + FRAME].ljust(FRAME, bytes([g711.SILENCE])))
        await self._said_all.wait()

    async def _send(self, host: str, port: int) -> None:
        assert self._transport is not None
        loop = asyncio.get_running_loop()
        begun = loop.time()
        number = 0
        while True:
            frame = SILENT_FRAME
            with suppress(asyncio.QueueEmpty):
                frame = self._to_say.get_nowait()
            self._transport.sendto(
                HEADER.pack(0x80, PAYLOAD_TYPE, number & 0xFFFF, (number * FRAME) & 0xFFFFFFFF, 0x0C417A10) + frame,
                (host, port),
            )
            if self._to_say.empty():
                self._said_all.set()
            number += 1
            # An absolute schedule: a late packet is followed by one on time, so speech keeps its pace.
            await asyncio.sleep(max(0.0, begun + number * FRAME_S - loop.time()))

    def close(self) -> None:
        """Stop sending and hearing."""
        if self._task:
            self._task.cancel()
        if self._transport:
            self._transport.close()
