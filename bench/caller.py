"""A caller that measures: one SIP call with RTP from this process, every packet with its time of arrival at the socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
from numpy.typing import NDArray

from bench.model import CouldNotMeasure
from bench.mouth import Mouth
from bench.sip import Address, Dialog, Message
from bench.wire import Wire, now
from pbx.robot import g711
from pbx.robot.rtp import HEADER, PAYLOAD_TYPE

ANSWER_WITHIN_S = 5.0
SOUND_WITHIN_S = 5.0
AGAIN_S = 0.5  # T1 of RFC 3261: a lost request is sent again


class MeasuringCall:
    """A call in progress. Times are wall seconds of the kernel's stamps, see `bench.wire`."""

    def __init__(self, number: str, caller: str, pbx: Address) -> None:
        self._pbx = pbx
        self._signals, self._sound = Wire(self._on_signal), Wire(self._on_sound)
        self._dialog = Dialog(number, caller, pbx, self._signals.address, self._sound.address)
        self._mouth = Mouth(self._sound)
        self._answer: asyncio.Future[tuple[Message, float]] = asyncio.get_running_loop().create_future()
        self._agreed = asyncio.Event()
        self._news = asyncio.Event()
        self._heard: list[tuple[float, bytes]] = []
        self.invited_at = 0.0
        self.answered_at = 0.0
        self.ended = False

    async def dial(self) -> None:
        """Call, and begin to send sound as soon as the call is answered. Raises `CouldNotMeasure`."""
        self.invited_at = self._signals.send(self._dialog.invite(), self._pbx)
        try:
            answer, self.answered_at = await asyncio.wait_for(self._answer, ANSWER_WITHIN_S)
        except TimeoutError:
            raise CouldNotMeasure(f"no answer within {ANSWER_WITHIN_S:g} s") from None
        self._signals.send(self._dialog.ack(answer), self._pbx)
        if answer.status != 200:
            raise CouldNotMeasure(f"the call was refused with {answer.status}")
        self._mouth.start(answer.sound_address())

    async def press(self, keys: str) -> float:
        """Press keys; returns when the end of the last one left."""
        return await self._mouth.press(keys)

    async def sound_after(self, since: float) -> float:
        """When the first packet of sound after `since` arrived. Raises `CouldNotMeasure` when none comes."""
        deadline = now() + SOUND_WITHIN_S
        while True:
            found = next((at for at, _ in self._heard if at > since), None)
            if found is not None:
                return found
            await self._wait(deadline, "no sound came")

    async def sound_from(self, begin: float, seconds: float) -> NDArray[np.int16]:
        """The sound (8 kHz 16-bit mono) that began to arrive at `begin`, `seconds` long. Raises `CouldNotMeasure`."""
        deadline = now() + SOUND_WITHIN_S + seconds
        while True:
            sound = b"".join(payload for at, payload in self._heard if at >= begin)
            if len(sound) >= seconds * 8000:
                return g711.decode(sound[: int(seconds * 8000)])
            await self._wait(deadline, "the sound broke off")

    async def _wait(self, deadline: float, complaint: str) -> None:
        self._news.clear()
        if self.ended:
            raise CouldNotMeasure(f"{complaint}: the far side hung up")
        try:
            await asyncio.wait_for(self._news.wait(), deadline - now())
        except TimeoutError:
            raise CouldNotMeasure(f"{complaint} within {SOUND_WITHIN_S:g} s") from None

    async def hang_up(self) -> None:
        """Say BYE until it is agreed to; harmless when the far side has ended the call, or never answered."""
        for _ in range(4):
            if self.ended or not self.answered_at:
                return
            self._signals.send(self._dialog.bye(), self._pbx)
            try:
                await asyncio.wait_for(self._agreed.wait(), AGAIN_S)
            except TimeoutError:
                continue
            return

    def close(self) -> None:
        """Give the sockets back."""
        self._mouth.close()
        self._signals.close()
        self._sound.close()

    def _on_signal(self, data: bytes, at: float) -> None:
        message = Message.read(data)
        if message.status is None:
            self.ended = self.ended or message.method == "BYE"
            self._signals.send(self._dialog.agree(message), self._pbx)
            self._news.set()
        elif message.header("CSeq").endswith("BYE"):
            self._agreed.set()
        elif message.status >= 200 and not self._answer.done():
            self._answer.set_result((message, at))

    def _on_sound(self, data: bytes, at: float) -> None:
        if len(data) > HEADER.size and data[1] & 0x7F == PAYLOAD_TYPE:
            self._heard.append((at, data[HEADER.size :]))
            self._news.set()


@asynccontextmanager
async def calling(number: str, caller: str, pbx: Address) -> AsyncIterator[MeasuringCall]:
    """An answered call for the length of the block. Raises `CouldNotMeasure`."""
    call = MeasuringCall(number, caller, pbx)
    try:
        await call.dial()
        yield call
        await call.hang_up()
    finally:
        call.close()
