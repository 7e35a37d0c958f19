"""A robot phone: dials the PBX over real SIP, listens for prompts, presses keys, speaks, hangs up, keeps what it heard."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from pbx.ari import operations as op
from pbx.ari.client import Ari, AriError, ConnectionLost, Inbox
from pbx.ari.events import ChannelDestroyed, StasisEnd, StasisStart
from pbx.ari.transport import WebSocketTransport
from pbx.robot.ear import Ear, Heard
from pbx.robot.rtp import Sound
from pbx.settings import PbxSettings

LISTEN_EVERY_S = 0.1
TAIL_S = 1.0
HEAD_S = 0.6
LAST_S = 0.15
INSIDE_S = 0.1
OVERLAP_S = 0.05
RECOGNISED = 0.85


class NotHeard(AssertionError):
    """A robot waited for a prompt that did not come: the text says which, how long, and what was heard instead."""


class NotAnswered(Exception):
    """The PBX did not take the robot's call."""


class RobotCall:
    """One call of a robot, from answer to hang-up."""

    def __init__(self, ari: Ari, channel_id: str, sound: Sound, ear: Ear, inbox: Inbox) -> None:
        self._ari = ari
        self._channel_id = channel_id
        self._sound = sound
        self._ear = ear
        self._inbox = inbox
        self._listened_to_s = 0.0
        self._answered = time.monotonic()
        self.ended = asyncio.Event()

    @property
    def seconds(self) -> float:
        """Seconds since the answer."""
        return time.monotonic() - self._answered

    @property
    def sound(self) -> Sound:
        """Its ear and mouth."""
        return self._sound

    async def press(self, keys: str, between_ms: int = 100) -> None:
        """Press keys (RFC 4733 events on the wire)."""
        await self._ari.request(
            op.SEND_DTMF, {"channelId": self._channel_id}, dtmf=keys, between=between_ms, duration=100
        )

    async def hold(self, on: bool) -> None:
        """Put the call on hold, or take it up again, as a phone does: by a re-INVITE."""
        await self._ari.request(op.HOLD if on else op.UNHOLD, {"channelId": self._channel_id})

    async def speak(self, samples: NDArray[np.int16]) -> None:
        """Say samples (8 kHz 16-bit mono); returns when the last was sent."""
        await self._sound.speak(samples)

    async def hear(self, prompt: str, within_s: float = 60.0) -> float:
        """Wait until a prompt, not heard before this point, was heard to its end.

        Returns its end, in seconds of sound. Raises `NotHeard`.
        """
        tail = max(0.0, self._ear.duration_s(prompt) - TAIL_S)
        end_s = await self._wait(prompt, tail, None, within_s)
        await self._let_it_end(end_s)
        return end_s

    async def hear_start(self, prompt: str, within_s: float = 60.0) -> float:
        """Wait for the first half second of a prompt. Raises `NotHeard`."""
        return await self._wait(prompt, 0.0, HEAD_S, within_s)

    async def _wait(self, prompt: str, from_s: float, to_s: float | None, within_s: float) -> float:
        deadline = time.monotonic() + within_s
        while True:
            last_look = self.ended.is_set()
            score, end_s = self._ear.score_in(self._sound.heard(self._listened_to_s), prompt, from_s, to_s)
            if score > RECOGNISED:
                end_s += self._listened_to_s
                # The PBX leaves out the last samples of a prompt that do not fill a packet: the next begins before the end.
                self._listened_to_s = end_s - OVERLAP_S
                return end_s
            if time.monotonic() > deadline or last_look:
                raise NotHeard(self._complaint(prompt, within_s))
            # Sound older than a prompt's part can no longer begin a match: keeps the search short.
            self._listened_to_s = max(self._listened_to_s, self._sound.seconds - TAIL_S - 3.0)
            await asyncio.sleep(LISTEN_EVERY_S)

    async def _let_it_end(self, end_s: float) -> None:
        """A tone is recognised by its first nine tenths: its last packets may still be on their way."""
        before = -1.0
        while before < self._sound.seconds < end_s + LAST_S:
            before = self._sound.seconds
            await asyncio.sleep(LAST_S)

    def _complaint(self, prompt: str, within_s: float) -> str:
        heard = ", ".join(hit.name for hit in self.heard()) or "nothing known"
        why = "the call ended" if self.ended.is_set() else f"{within_s:g} s passed"
        lost = f" ({self._sound.lost} gaps in its sound)" if self._sound.lost else ""
        return f"did not hear '{prompt}' before {why}; heard in this call: {heard}{lost}"

    async def wait(self, seconds: float) -> None:
        """Stay on the line in silence; returns early when the call ends."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.ended.wait(), seconds)

    async def until_ended(self, within_s: float = 30.0) -> None:
        """Wait for the far side to hang up. Raises TimeoutError."""
        await asyncio.wait_for(self.ended.wait(), within_s)

    async def hang_up(self) -> None:
        """Say BYE; harmless when the call has ended."""
        with suppress(AriError, ConnectionLost):
            await self._ari.request(op.HANG_UP, {"channelId": self._channel_id})
        await self.until_ended(5.0)

    def audio(self) -> NDArray[np.int16]:
        """All that was heard so far, 8 kHz 16-bit mono."""
        return self._sound.heard()

    def heard(self) -> list[Heard]:
        """The prompts heard so far, in order, with seconds since the answer."""
        return [
            replace(
                hit,
                start_s=self._since_answer(hit.start_s, INSIDE_S),
                end_s=self._since_answer(hit.end_s, -INSIDE_S),
            )
            for hit in self._ear.all_in(self._sound.heard())
        ]

    def _since_answer(self, sound_s: float, inside_s: float) -> float:
        # Between two prompts nothing is sent, so the packet beside an edge may be seconds away: one inside is asked.
        return round(self._sound.arrived_at(sound_s + inside_s) - inside_s - self._answered, 3)

    async def watch(self) -> None:
        """Set `ended` when the channel goes."""
        with suppress(ConnectionLost):
            while not self.ended.is_set():
                event = await self._inbox.get(3600)
                if isinstance(event, ChannelDestroyed | StasisEnd):
                    self.ended.set()
        self.ended.set()


class RobotPhone:
    """Places calls through the second Asterisk. One object an application name, many calls at once."""

    def __init__(self, settings: PbxSettings, ear: Ear, application: str = "robot") -> None:
        self._ear = ear
        self._started: dict[str, asyncio.Event] = {}
        self._connected = asyncio.Event()
        self._application = application
        self._ari = Ari(
            application,
            lambda: WebSocketTransport.connect(settings, application),
            on_start=self._on_start,
            on_connected=self._on_connected,
        )

    async def _on_connected(self) -> None:
        self._connected.set()

    def _on_start(self, event: StasisStart) -> None:
        waiting = self._started.get(event.channel.id)
        if waiting:
            waiting.set()

    @asynccontextmanager
    async def switched_on(self) -> AsyncIterator[RobotPhone]:
        """Connected to its Asterisk for the length of the block."""
        running = asyncio.create_task(self._ari.run())
        try:
            await asyncio.wait_for(self._connected.wait(), 10)
            yield self
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running

    @asynccontextmanager
    async def call(
        self, number: str, caller: str = "", answer_within_s: float = 10.0, through: str = "pbx"
    ) -> AsyncIterator[RobotCall]:
        """Dial `number` showing `caller` ("" shows none). The block runs while the call is up. Raises `NotAnswered`.

        `through` is the endpoint to dial with: the trunk's, or an operator's phone ("operator-201").
        """
        name = uuid4().hex
        call_id, ear_id, bridge_id = f"call-{name}", f"ear-{name}", f"bridge-{name}"
        sound = await Sound.open()
        inbox = self._ari.listen(call_id)
        watching: asyncio.Task[None] | None = None
        try:
            await self._open_ear(sound, ear_id, bridge_id)
            await self._dial(number, through, caller, call_id, answer_within_s)
            await self._ari.request(op.ADD_TO_BRIDGE, {"bridgeId": bridge_id}, channel=call_id)
            call = RobotCall(self._ari, call_id, sound, self._ear, inbox)
            watching = asyncio.create_task(call.watch())
            yield call
        finally:
            if watching:
                watching.cancel()
            await self._tear_down(call_id, ear_id, bridge_id)
            sound.close()

    async def _open_ear(self, sound: Sound, ear_id: str, bridge_id: str) -> None:
        self._started[ear_id] = asyncio.Event()
        await self._ari.request(op.CREATE_BRIDGE, type="mixing", bridgeId=bridge_id)
        await self._ari.request(
            op.EXTERNAL_MEDIA, app=self._application, channelId=ear_id, external_host=sound.address, format="alaw"
        )
        await asyncio.wait_for(self._started[ear_id].wait(), 5)
        answer = await self._ari.request(op.GET_VARIABLE, {"channelId": ear_id}, variable="UNICASTRTP_LOCAL_PORT")
        await self._ari.request(op.ADD_TO_BRIDGE, {"bridgeId": bridge_id}, channel=ear_id)
        sound.start("127.0.0.1", int(answer["value"]))

    async def _dial(self, number: str, through: str, caller: str, call_id: str, within_s: float) -> None:
        self._started[call_id] = asyncio.Event()
        await self._ari.request(
            op.ORIGINATE, endpoint=f"PJSIP/{number}@{through}", app=self._application, callerId=caller,
            channelId=call_id, timeout=int(within_s),
        )  # fmt: skip
        try:
            await asyncio.wait_for(self._started[call_id].wait(), within_s)
        except TimeoutError:
            raise NotAnswered(f"nobody answered {number} within {within_s:g} s: is the platform up?") from None

    async def _tear_down(self, call_id: str, ear_id: str, bridge_id: str) -> None:
        for operation, path in (
            (op.HANG_UP, {"channelId": call_id}), (op.HANG_UP, {"channelId": ear_id}), (op.DELETE_BRIDGE, {"bridgeId": bridge_id}),
        ):  # fmt: skip
            with suppress(AriError, ConnectionLost):
                await self._ari.request(operation, path)
        self._ari.forget(call_id)
        self._started.pop(call_id, None)
        self._started.pop(ear_id, None)
