"""One channel in our application, as a line: play, listen for keys, record. One coroutine drives it.

Every verb ends with the channel idle (no playback, no recording), because a request that needs the channel's own thread,
such as setting a variable, would otherwise hold up the websocket of every call.
"""

from __future__ import annotations

import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from foundation import logs
from pbx.ari import operations as op
from pbx.ari.client import Ari, AriError, Conflict, NotFound
from pbx.ari.events import (
    ChannelDestroyed,
    Event,
    HangUpAsked,
    KeyPressed,
    PlaybackFinished,
    RecordingFailed,
    RecordingFinished,
    StasisEnd,
)
from pbx.ari.recordings import BadRecording, seconds_on_disk, verified_seconds

log = logs.get(__name__)

LONGEST_PLAYBACK_S = 180.0
SETTLE_S = 5.0
LATE_KEY_S = 0.5


class ChannelGone(Exception):
    """The channel has left our application: the caller hung up, or it was sent elsewhere."""


@dataclass(frozen=True)
class Take:
    """What was recorded: `seconds` by the file; `talk_seconds` by the PBX, or `seconds` when nobody measured it."""

    name: str
    seconds: float
    talk_seconds: float
    ended: str


class Line:
    """The events and requests of one channel.

    `gone` when it is ours no more; `hung_up` when that is known to be because the call ended. `requests` is another connection for what
    is asked of the channel, where that must not hold up what else is asked over `ari`.
    """

    def __init__(self, ari: Ari, channel_id: str, spool: Path, requests: Ari | None = None) -> None:
        self.channel_id = channel_id
        self._ari = ari
        self._requests = requests or ari
        self._inbox = ari.listen(channel_id)
        self._spool = spool
        self.gone = False
        self.hung_up = False
        self.keys: deque[str] = deque()
        self._plays = 0

    async def quiet(self) -> None:
        """Stop what a process that died left playing here: until it ends, the channel would take no other request."""
        for playback in self._playbacks():
            with suppress(NotFound):
                await self._requests.request(op.STOP_PLAYBACK, {"playbackId": playback})

    async def stop(self) -> None:
        """End what is heard, speech or music; the channel is idle when this returns."""
        playing = set()
        for playback in self._playbacks():
            with suppress(NotFound):
                await self._requests.request(op.STOP_PLAYBACK, {"playbackId": playback})
                playing.add(playback)
        ends = time.monotonic() + SETTLE_S
        while playing and (event := await self._next(ends - time.monotonic())) is not None:
            if isinstance(event, PlaybackFinished):
                playing.discard(event.playback_id)
        await self._ask(op.STOP_MOH)

    def _playbacks(self) -> tuple[str, str]:
        # Two names in turn, that whoever takes the call over knows; two, because the one that just ended may not be free yet.
        return f"{self.channel_id}-0", f"{self.channel_id}-1"

    async def answer(self) -> None:
        """Answer the call. Harmless when it is answered already."""
        await self._ask(op.ANSWER)

    async def hang_up(self) -> None:
        """End the call; harmless when it has ended."""
        with suppress(ChannelGone):
            await self._ask(op.HANG_UP)
            self.hung_up = True

    async def send_to_dialplan(self, context: str, extension: str = "s") -> None:
        """Leave our application for another context of the dialplan, which may hand the call to another application."""
        await self._ask(op.CONTINUE, context=context, extension=extension, priority=1)

    async def music(self) -> None:
        """Let the caller hear music from now on. A prompt ends it: start it again after each."""
        await self._ask(op.START_MOH)

    async def play(self, *media: str) -> bool:
        """Play media URIs in order. False when a key cut it short (the key is kept), True when it was heard to the end."""
        self._plays += 1
        playback = self._playbacks()[self._plays % 2]
        await self._ask(op.PLAY, media=",".join(media), playbackId=playback)
        cut_short = False
        ends = time.monotonic() + LONGEST_PLAYBACK_S
        while True:
            event = await self._next(ends - time.monotonic())
            if isinstance(event, PlaybackFinished) and event.playback_id == playback:
                if event.state == "failed" and not cut_short:
                    log.error("playback_failed", channel=self.channel_id)
                return not cut_short
            if event is None:
                log.error("playback_never_finished", channel=self.channel_id)
                return False
            if isinstance(event, KeyPressed) and not cut_short:
                cut_short = True
                ends = time.monotonic() + SETTLE_S
                with suppress(NotFound):
                    await self._requests.request(op.STOP_PLAYBACK, {"playbackId": playback})

    async def key(self, timeout_s: float) -> str | None:
        """The next key, typed ahead or typed now; None when none came in `timeout_s` seconds."""
        ends = time.monotonic() + timeout_s
        while not self.keys:
            event = await self._next(ends - time.monotonic())
            if event is None:
                return None
        return self.keys.popleft()

    def has_keys(self) -> bool:
        """Whether keys were typed ahead, as far as their events have come."""
        while (event := self._inbox.get_nowait()) is not None:
            self._note(event)
        return bool(self.keys)

    async def record(self, name: str, limit_s: float, silence_s: float, end: str) -> Take:
        """Record into the spool until a key of `end`, silence, the limit or hang-up. Raises `BadRecording`.

        Under a name that is being recorded already (by a process that died), that recording goes on; under one that
        has ended, what it holds is returned.
        """
        path = self._spool / "recording" / f"{name}.wav"
        try:
            await self._ask(
                op.RECORD, name=name, format="wav", maxDurationSeconds=int(limit_s), maxSilenceSeconds=int(silence_s),
                ifExists="fail", beep=False, terminateOn=end,
            )  # fmt: skip
        except Conflict:
            if not await self._is_live(name):
                seconds = seconds_on_disk(path)
                return Take(name, seconds, seconds, "hang_up" if self.gone else "silence")
        except ChannelGone:
            # They hung up in the instant in which we went on with what a process that died was recording: that is there all the same.
            if not path.exists():
                raise
            seconds = seconds_on_disk(path)
            return Take(name, seconds, seconds, "hang_up")
        self.keys.clear()
        finished = await self._recording_end(name, limit_s + SETTLE_S)
        await self._late_key(end)
        pressed = list(self.keys)
        # Keys pressed while speaking are no answer to anything; those after the end key are typed ahead.
        self.keys = deque(pressed[pressed.index(end) + 1 :] if end in pressed else [])
        said_s = finished.seconds if finished else 0
        seconds = await verified_seconds(path, said_s)
        talked = finished.talk_seconds if finished else None
        return Take(
            name, seconds, seconds if talked is None else float(talked), self._why(end in pressed, seconds, limit_s)
        )

    async def _late_key(self, end: str) -> None:
        """Asterisk tells of a recording's end and of the key that ended it on two ways: under load the key comes last."""
        ends = time.monotonic() + LATE_KEY_S
        while end not in self.keys and not self.gone:
            if await self._next(ends - time.monotonic(), even_when_gone=True) is None:
                return

    async def _recording_end(self, name: str, timeout_s: float) -> RecordingFinished | None:
        ends = time.monotonic() + timeout_s
        while True:
            try:
                event = await self._next(ends - time.monotonic(), even_when_gone=True)
            except ChannelGone:
                return None
            if isinstance(event, RecordingFinished) and event.name == name:
                return event
            if isinstance(event, RecordingFailed) and event.name == name:
                raise BadRecording(f"the PBX could not record: {event.cause}")
            if self.gone:
                ends = min(ends, time.monotonic() + SETTLE_S)
            if event is None:
                return None

    def _why(self, key: bool, seconds: float, limit_s: float) -> str:
        if self.gone:
            return "hang_up"
        if key:
            return "key"
        return "limit" if seconds >= limit_s - 1 else "silence"

    async def _is_live(self, name: str) -> bool:
        try:
            await self._requests.request(op.LIVE_RECORDING, {"recordingName": name})
        except NotFound:
            return False
        return True

    async def _next(self, timeout_s: float, even_when_gone: bool = False) -> Event | None:
        """The next event, after noting keys and hang-up. Raises `ChannelGone` once the caller is."""
        if self.gone and not even_when_gone:
            raise ChannelGone
        event = await self._inbox.get(max(0.0, timeout_s))
        if event is not None:
            self._note(event)
        if self.gone and not even_when_gone:
            raise ChannelGone
        return event

    def _note(self, event: Event) -> None:
        if isinstance(event, KeyPressed):
            self.keys.append(event.key)
        elif isinstance(event, HangUpAsked | ChannelDestroyed):
            self.gone = self.hung_up = True
        elif isinstance(event, StasisEnd):
            self.gone = True

    async def _ask(self, operation: op.Operation, **query: object) -> None:
        if self.gone:
            raise ChannelGone
        try:
            await self._requests.request(operation, {"channelId": self.channel_id}, **query)
        except NotFound:
            self.gone = True
            raise ChannelGone from None
        except Conflict as error:
            if operation is op.RECORD:
                raise
            self.gone = True
            raise ChannelGone from error
        except AriError as error:
            # Asterisk answers 500 to some requests on a channel that is hanging up.
            if not await self._still_there():
                raise ChannelGone from error
            raise

    async def _still_there(self) -> bool:
        channels = await self._requests.request(op.LIST_CHANNELS)
        self.gone = self.gone or self.channel_id not in {channel["id"] for channel in channels}
        return not self.gone

    def close(self) -> None:
        """Stop listening to this channel."""
        self._ari.forget(self.channel_id)
