"""What a measuring caller sends: a steady RTP stream (RFC 3550) of silence, with keys as events in it (RFC 4733)."""

from __future__ import annotations

import asyncio
import struct
from collections import deque
from dataclasses import dataclass

from bench.sip import EVENT_TYPE, Address
from bench.wire import Wire, now
from pbx.robot.rtp import FRAME, FRAME_S, HEADER, PAYLOAD_TYPE, SILENT_FRAME

KEYS = "0123456789*#"
EVENT = struct.Struct("!BBH")
VOLUME, END = 10, 0x80
# Asterisk stretches a key shorter than 80 ms and spaces keys nearer than 45 ms: ours are longer than both.
KEY_SLOTS, GAP_SLOTS = 5, 3
MARKER = 0x80
SOURCE = 0x0C417A11


@dataclass(frozen=True)
class Slot:
    """What is sent in one turn of 20 ms; an event's packets all carry the time of its begin, `age` turns ago."""

    kind: int
    payload: bytes
    age: int = 0
    times: int = 1
    ended: asyncio.Future[float] | None = None


SILENCE = Slot(PAYLOAD_TYPE, SILENT_FRAME)


def slots(key: str, ended: asyncio.Future[float] | None = None) -> list[Slot]:
    """A key of 100 ms, its end told three times, and 60 ms of silence."""
    code = KEYS.index(key)
    during = [
        Slot(EVENT_TYPE | (MARKER if n == 0 else 0), EVENT.pack(code, VOLUME, (n + 1) * FRAME), age=n)
        for n in range(KEY_SLOTS)
    ]
    end = Slot(EVENT_TYPE, EVENT.pack(code, END | VOLUME, KEY_SLOTS * FRAME), KEY_SLOTS, times=3, ended=ended)
    return [*during, end, *[SILENCE] * GAP_SLOTS]


class Mouth:
    """Sends from `start` to `close`."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._to_send: deque[Slot] = deque()
        self._task: asyncio.Task[None] | None = None
        self._number = 0

    def start(self, to: Address) -> None:
        """Begin to send."""
        self._task = asyncio.create_task(self._send(to))

    async def press(self, keys: str) -> float:
        """Press keys, one after the other; returns when the last one's first end packet left."""
        ended: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        for key in keys[:-1]:
            self._to_send.extend(slots(key))
        self._to_send.extend(slots(keys[-1], ended))
        return await ended

    async def _send(self, to: Address) -> None:
        begun, turn = now(), 0
        while True:
            slot = self._to_send.popleft() if self._to_send else SILENCE
            sent = [self._packet(slot, (turn - slot.age) * FRAME, to) for _ in range(slot.times)]
            if slot.ended is not None and not slot.ended.done():
                slot.ended.set_result(sent[0])
            turn += 1
            # An absolute schedule: a late packet is followed by one on time.
            await asyncio.sleep(max(0.0, begun + turn * FRAME_S - now()))

    def _packet(self, slot: Slot, timestamp: int, to: Address) -> float:
        self._number += 1
        header = HEADER.pack(0x80, slot.kind, self._number & 0xFFFF, timestamp & 0xFFFFFFFF, SOURCE)
        return self._wire.send(header + slot.payload, to)

    def close(self) -> None:
        """Fall silent."""
        if self._task:
            self._task.cancel()
