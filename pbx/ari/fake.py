"""A simulated PBX under the byte pipe only: the real client runs on it, and one contract suite holds it to the real one.

It knows what the client asks of one channel: answer, play, record, variables, hang-up. Time is scaled down: a second of
sound takes `SECOND` real seconds.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from pbx.ari.recordings import BYTES_PER_SECOND, HEADER_BYTES
from pbx.ari.transport import CannotConnect

SECOND = 0.05
PROMPT_S = 2.0
# Asterisk hears a quiet line as silence at once; a caller who says nothing is recorded as long as silence is allowed.
ENDED = object()


@dataclass
class FakeRecording:
    """A recording under way."""

    name: str
    limit_s: float
    silence_s: float
    end: str
    spoken_s: float = 0.0
    finished: bool = False


@dataclass
class FakeChannel:
    """A caller."""

    id: str
    args: list[str]
    variables: dict[str, str] = field(default_factory=dict)
    answered: bool = False
    playback: str | None = None
    heard: list[list[str]] = field(default_factory=list)
    recording: FakeRecording | None = None
    timer: asyncio.Task[None] | None = None
    sent_to: str | None = None
    music: bool = False


class Refused(Exception):
    """A request the simulated PBX answers with an error status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class FakeTransport:
    """One websocket to the simulated PBX."""

    def __init__(self, pbx: FakePbx) -> None:
        self._pbx = pbx
        self.inbox: asyncio.Queue[Any] = asyncio.Queue()
        self.open = True

    async def send(self, text: str) -> None:
        if not self.open:
            raise ConnectionError("closed")
        if not self._pbx.frozen:
            self.tell(self._pbx.answer(json.loads(text)))

    def tell(self, body: dict[str, Any]) -> None:
        """Deliver one message to the client."""
        self.inbox.put_nowait(json.dumps(body))

    async def __aiter__(self) -> AsyncIterator[str]:
        while (text := await self.inbox.get()) is not ENDED:
            yield text

    async def close(self) -> None:
        self.open = False
        self.inbox.put_nowait(ENDED)


class FakePbx:
    """Channels of one application, and what a caller does on them. `queue` has what the queue is told of those who come to it."""

    def __init__(self, spool: Path) -> None:
        self.channels: dict[str, FakeChannel] = {}
        self.elsewhere: dict[str, FakeChannel] = {}
        self.globals: dict[str, str] = {}
        self.spool = spool
        self.reachable = True
        self.frozen = False
        self.disk_full = False
        self.tells_keys_late = False
        self.queue: asyncio.Queue[tuple[str, ...]] = asyncio.Queue()
        self._transport: FakeTransport | None = None
        (spool / "recording").mkdir(parents=True, exist_ok=True)

    async def connect(self) -> FakeTransport:
        """What the client's `connect` is."""
        if not self.reachable:
            raise CannotConnect("no ARI here: the simulated PBX is away")
        if self._transport and self._transport.open:
            self._transport.tell({"type": "ApplicationReplaced", "application": "ivr"})
        self._transport = FakeTransport(self)
        return self._transport

    @property
    def is_connected(self) -> bool:
        """Whether a client's websocket is open."""
        return self._transport is not None and self._transport.open

    async def drop(self) -> None:
        """Cut the websocket: events from now on are told to nobody."""
        if self._transport:
            await self._transport.close()
            self._transport = None

    # -- the caller's side

    def dial(self, channel_id: str, *args: str) -> FakeChannel:
        """A caller enters the application."""
        channel = FakeChannel(channel_id, list(args))
        self.channels[channel_id] = channel
        self.elsewhere.pop(channel_id, None)
        self._tell("StasisStart", channel, args=channel.args)
        return channel

    def press(self, channel: FakeChannel, keys: str) -> None:
        """The caller presses keys."""
        for key in keys:
            recording = channel.recording
            ends = recording is not None and not recording.finished and key == recording.end
            if ends and self.tells_keys_late:
                self._finish_recording(channel)
            self._tell("ChannelDtmfReceived", channel, digit=key, duration_ms=100)
            if ends and not self.tells_keys_late:
                self._finish_recording(channel)

    def speak(self, channel: FakeChannel, seconds: float) -> None:
        """The caller talks, then is silent."""
        if channel.recording:
            channel.recording.spoken_s += seconds
            self._time_recording(channel)

    def redirect(self, channel: FakeChannel, context: str) -> None:
        """Somebody takes the channel out of the application, alive, as AMI's Redirect does."""
        if channel.playback:
            self._finish_playback(channel)
        channel.sent_to = context
        self._leave(channel)
        self.elsewhere[channel.id] = channel

    def hang_up(self, channel: FakeChannel) -> None:
        """The caller hangs up."""
        self._tell("ChannelHangupRequest", channel)
        if channel.recording and not channel.recording.finished:
            self._finish_recording(channel)
        if channel.playback:
            self._finish_playback(channel)
        self._leave(channel)
        self._tell("ChannelDestroyed", channel, cause=16, cause_txt="Normal Clearing")

    # -- requests

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """The RESTResponse to a RESTRequest."""
        address = urlsplit(request["uri"])
        steps = [unquote(step) for step in address.path.split("/")]
        body: Any
        try:
            body, status = self._serve(request["method"], steps, dict(parse_qsl(address.query))), 200
        except Refused as refusal:
            body, status = {"message": str(refusal)}, refusal.status
        return {
            "type": "RESTResponse", "request_id": request["request_id"], "status_code": status, "reason_phrase": "",
            "message_body": "" if body is None else json.dumps(body),
        }  # fmt: skip

    def _serve(self, method: str, steps: list[str], query: dict[str, str]) -> Any:
        match method, steps:
            case "GET", ["channels"]:
                return [self._show(channel) for channel in self.channels.values()]
            case "GET", ["channels", name]:
                return self._show(self.elsewhere.get(name) or self._channel(name))
            case "GET", ["applications", name]:
                return {"name": name, "channel_ids": list(self.channels), "bridge_ids": []}
            case "GET", ["asterisk", "variable"]:
                return {"value": self.globals.get(query["variable"], "")}
            case "POST", ["asterisk", "variable"]:
                self.globals[query["variable"]] = query.get("value", "")
                return None
            case "GET", ["recordings", "live", name]:
                return self._live(name)
            case "DELETE", ["playbacks", playback]:
                return self._stop_playback(playback)
            case "DELETE", ["channels", name]:
                return self.hang_up(self._channel(name))
            case _, ["channels", name, verb]:
                return self._on_channel(method, self._channel(name), verb, query)
        raise Refused(404, f"the simulated PBX does not know {method} {'/'.join(steps)}")

    def _on_channel(self, method: str, channel: FakeChannel, verb: str, query: dict[str, str]) -> Any:
        match method, verb:
            case "POST", "answer":
                channel.answered = True
            case "GET", "variable":
                if query["variable"] not in channel.variables:
                    raise Refused(404, "Provided variable was not found")
                return {"value": channel.variables[query["variable"]]}
            case "POST", "moh":
                channel.music = True
            case "POST", "play":
                channel.playback, channel.music = query["playbackId"], False
                channel.heard.append(query["media"].split(","))
                self._after(channel, PROMPT_S * len(channel.heard[-1]), self._finish_playback)
                return {"id": channel.playback, "state": "queued"}
            case "POST", "record":
                return self._record(channel, query)
            case "POST", "continue":
                channel.sent_to = query["context"]
                if channel.sent_to == "queue":
                    self.queue.put_nowait(("join", *channel.args[:2], query["extension"]))
                self._leave(channel)
            case _:
                raise Refused(404, f"the simulated PBX does not know {verb}")
        return None

    def _record(self, channel: FakeChannel, query: dict[str, str]) -> Any:
        if self._path(query["name"]).exists():
            raise Refused(409, "Recording already exists")
        channel.recording = FakeRecording(
            query["name"], float(query["maxDurationSeconds"]), float(query["maxSilenceSeconds"]), query["terminateOn"]
        )
        self._path(query["name"]).touch()
        self._time_recording(channel)
        return {"name": query["name"], "state": "recording"}

    def _stop_playback(self, playback: str) -> None:
        for channel in self.channels.values():
            if channel.playback == playback:
                return self._finish_playback(channel)
        raise Refused(404, "Playback not found")

    def _live(self, name: str) -> Any:
        for channel in self.channels.values():
            if channel.recording and channel.recording.name == name and not channel.recording.finished:
                return {"name": name, "state": "recording"}
        raise Refused(404, "Recording not found")

    # -- mechanics

    def _time_recording(self, channel: FakeChannel) -> None:
        recording = channel.recording
        assert recording is not None
        self._after(channel, min(recording.limit_s, recording.spoken_s + recording.silence_s), self._finish_recording)

    def _finish_recording(self, channel: FakeChannel) -> None:
        recording = channel.recording
        assert recording is not None
        recording.finished = True
        seconds = min(recording.limit_s, recording.spoken_s or recording.silence_s)
        size = 0 if self.disk_full else HEADER_BYTES + int(seconds * BYTES_PER_SECOND)
        self._path(recording.name).write_bytes(bytes(size))
        self._tell(
            "RecordingFinished", None,
            recording={
                "name": recording.name, "format": "wav", "state": "done", "target_uri": f"channel:{channel.id}",
                "duration": round(seconds), "talking_duration": round(min(recording.limit_s, recording.spoken_s)),
            },
        )  # fmt: skip

    def _finish_playback(self, channel: FakeChannel) -> None:
        playback, channel.playback = channel.playback, None
        self._tell(
            "PlaybackFinished", None, playback={"id": playback, "target_uri": f"channel:{channel.id}", "state": "done"}
        )

    def _leave(self, channel: FakeChannel) -> None:
        if channel.timer:
            channel.timer.cancel()
        self.channels.pop(channel.id, None)
        self._tell("StasisEnd", channel)

    def _after(self, channel: FakeChannel, seconds: float, what: Any) -> None:
        if channel.timer:
            channel.timer.cancel()

        async def later() -> None:
            await asyncio.sleep(seconds * SECOND)
            what(channel)

        channel.timer = asyncio.create_task(later())

    def _channel(self, name: str) -> FakeChannel:
        with suppress(KeyError):
            return self.channels[name]
        raise Refused(404, "Channel not found")

    def _path(self, name: str) -> Path:
        return self.spool / "recording" / f"{name}.wav"

    def _show(self, channel: FakeChannel) -> dict[str, Any]:
        return {
            "id": channel.id, "name": f"PJSIP/trunk-{channel.id}", "state": "Up" if channel.answered else "Ring",
            "caller": {"name": "", "number": channel.variables.get("number", "")},
            "dialplan": {"context": channel.sent_to or "inbound", "app_data": ",".join(["ivr", *channel.args])},
        }  # fmt: skip

    def _tell(self, kind: str, channel: FakeChannel | None, **fields: Any) -> None:
        body = {"type": kind, "application": "ivr", **fields}
        if channel:
            body["channel"] = self._show(channel)
        if self._transport and self._transport.open:
            self._transport.tell(body)
