"""A simulated PBX under the byte pipe only: the real client runs on it, and one contract suite holds it to the real one.

It knows what the clients ask of channels and bridges, and operators' phones. Time is scaled down (`SECOND`).
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from pbx.ari.fake_model import Does, FakeChannel, FakePhone, Refused
from pbx.ari.fake_sound import FakeSound
from pbx.ari.fake_talk import NORMAL, RINGS_S, FakeBridges, FakePhones
from pbx.ari.fake_wire import FakeWire, show

# What a request turns on with POST and off with DELETE.
SWITCHES = {"moh": "music", "hold": "held", "ring": "ringing", "mute": "muted"}


class FakePbx(FakeWire):
    """Channels of applications, and what callers and operators do on them.

    `queue` has what the queue's application is told of those who come to it, also where none is connected.
    """

    def __init__(self, spool: Path) -> None:
        super().__init__()
        self.channels: dict[str, FakeChannel] = {}
        self.elsewhere: dict[str, FakeChannel] = {}
        self.globals: dict[str, str] = {}
        self.spool = spool
        self.tells_keys_late = False
        self.queue: asyncio.Queue[tuple[str, ...]] = asyncio.Queue()
        self.sound = FakeSound(self, spool)
        self.bridges = FakeBridges(self, self._held)
        self._phones = FakePhones(self, self.pick_up, self._end)

    # -- the caller's side

    def dial(self, channel_id: str, *args: str, app: str = "ivr", number: str = "") -> FakeChannel:
        """A caller enters an application."""
        channel = FakeChannel(channel_id, [], number=number)
        self._enter(channel, app, list(args))
        return channel

    def press(self, channel: FakeChannel, keys: str) -> None:
        """The caller presses keys."""
        for key in keys:
            recording = channel.recording
            ends = recording is not None and not recording.finished and key == recording.end
            if ends and self.tells_keys_late:
                self.sound.finish_recording(channel)
            self.tell("ChannelDtmfReceived", channel, channel=show(channel), digit=key, duration_ms=100)
            if ends and not self.tells_keys_late:
                self.sound.finish_recording(channel)

    def speak(self, channel: FakeChannel, seconds: float) -> None:
        """The caller talks, then is silent."""
        for heard in (channel, *channel.snoops):
            if heard.recording:
                heard.recording.spoken_s += seconds
                self.sound.time_recording(heard)

    def hold(self, channel: FakeChannel, on: bool) -> None:
        """The far side puts the call on hold, or takes it up again."""
        self.tell("ChannelHold" if on else "ChannelUnhold", channel, channel=show(channel))

    def redirect(self, channel: FakeChannel, context: str) -> None:
        """Somebody takes the channel out of its application, alive, as AMI's Redirect does."""
        if channel.playback:
            self.sound.finish_playback(channel)
        self._to_dialplan(channel, context)

    def hang_up(self, channel: FakeChannel, cause: int = NORMAL) -> None:
        """The caller, or the operator, hangs up."""
        self._end(channel, cause, True)

    # -- the operators' side

    def phone(self, number: str, does: Does = Does.RINGS, after_s: float = 1.0) -> FakePhone:
        """An operator's phone registers."""
        self._phones.by_number[number] = FakePhone(does, after_s)
        return self._phones.by_number[number]

    def unregister(self, number: str) -> None:
        """The phone is there no more."""
        self._phones.by_number.pop(number, None)

    def pick_up(self, channel: FakeChannel) -> None:
        """The operator answers a phone that rings."""
        if channel.timer:
            channel.timer.cancel()
        self.channels[channel.id] = self.elsewhere.pop(channel.id)
        channel.state, channel.app = "Up", channel.made_by
        self.tell("ChannelStateChange", channel, channel=show(channel))
        self.tell("StasisStart", channel, channel=show(channel), args=channel.args)

    # -- requests

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """The RESTResponse to a RESTRequest. Raises `HeldUp`."""
        address = urlsplit(request["uri"])
        steps = [unquote(step) for step in address.path.split("/")]
        query = dict(parse_qsl(address.query)) | json.loads(request.get("message_body", "{}"))
        body: Any
        try:
            body, status = self._serve(request["method"], steps, query), 200
        except Refused as refusal:
            body, status = {"message": str(refusal)}, refusal.status
        return {
            "type": "RESTResponse", "request_id": request["request_id"], "status_code": status, "reason_phrase": "",
            "message_body": "" if body is None else json.dumps(body),
        }  # fmt: skip

    def _serve(self, method: str, steps: list[str], query: dict[str, Any]) -> Any:
        match method, steps:
            case "GET", ["channels"]:
                return [show(channel) for channel in self._all().values()]
            case "POST", ["channels"]:
                return self._originate(query)
            case "GET", ["channels", name]:
                return show(self._any(name))
            case "DELETE", ["channels", name]:
                return self.hang_up(self._any(name), int(query.get("reason_code", NORMAL)))
            case _, ["channels", name, verb, *rest]:
                return self._on_channel(method, self._held(name), [verb, *rest], query)
            case _, ["bridges", *rest]:
                return self.bridges.serve(method, rest, query)
            case _, ["recordings", "live", name, *rest]:
                return self._on_recording(name, rest)
            case "DELETE", ["playbacks", playback]:
                return self.sound.stop_playback(self.channels.values(), playback)
            case "GET", ["applications", name]:
                return self._application(name)
            case "GET", ["asterisk", "variable"]:
                return {"value": self.globals.get(query["variable"], "")}
            case "POST", ["asterisk", "variable"]:
                self.globals[query["variable"]] = query.get("value", "")
                return None
        raise Refused(404, f"the simulated PBX does not know {method} {'/'.join(steps)}")

    def _on_channel(self, method: str, channel: FakeChannel, steps: list[str], query: dict[str, Any]) -> Any:
        match method, steps:
            case "POST", ["answer"]:
                channel.state = "Up"
            case "GET", ["variable"]:
                if query["variable"] not in channel.variables:
                    raise Refused(404, "Provided variable was not found")
                return {"value": channel.variables[query["variable"]]}
            case "POST" | "DELETE", [switch] if switch in SWITCHES:
                setattr(channel, SWITCHES[switch], method == "POST")
            case "POST", ["play"]:
                return self.sound.play(channel, query)
            case "POST", ["record"]:
                return self.sound.record(channel, query)
            case "POST", ["snoop", name]:
                return self._snoop(channel, name, query)
            case "POST", ["continue"]:
                self._to_dialplan(channel, query["context"], query["extension"])
            case _:
                raise Refused(404, f"the simulated PBX does not know {method} {'/'.join(steps)}")
        return None

    def _on_recording(self, name: str, steps: list[str]) -> Any:
        channel = self.sound.live(self.channels.values(), name)
        if steps == ["stop"]:
            return self.sound.finish_recording(channel)
        return {"name": name, "state": "recording"}

    def _application(self, name: str) -> Any:
        if not self.is_known(name):
            raise Refused(404, "Application not found")
        ours = [channel.id for channel in self._all().values() if name in (channel.app, channel.made_by)]
        return {"name": name, "channel_ids": ours, "bridge_ids": []}

    def _originate(self, query: dict[str, Any]) -> Any:
        if query["channelId"] in self._all():
            raise Refused(409, "Channel with given unique ID already exists")
        args = query.get("appArgs", "").split(",")
        channel = FakeChannel(query["channelId"], args, "", query["app"], query["endpoint"], "Down")
        channel.variables |= query.get("variables", {})
        self._phones.ring(channel, float(query.get("timeout", RINGS_S)))
        self.elsewhere[channel.id] = channel
        return show(channel)

    def _snoop(self, channel: FakeChannel, name: str, query: dict[str, Any]) -> Any:
        snoop = FakeChannel(name, [], endpoint="Snoop/x", state="Up")
        channel.snoops.append(snoop)
        self._enter(snoop, query["app"], query.get("appArgs", "").split(","))
        return show(snoop)

    # -- mechanics

    def _end(self, channel: FakeChannel, cause: int, asked: bool) -> None:
        if asked:
            self.tell("ChannelHangupRequest", channel, channel=show(channel))
        self._leave(channel)
        self.elsewhere.pop(channel.id, None)
        # Whoever came by way of the dialplan is told of until they leave the application; whom it had rung, to the end.
        self.tell_app(channel.made_by, "ChannelDestroyed", channel=show(channel), cause=cause, cause_txt="")

    def _to_dialplan(self, channel: FakeChannel, context: str, extension: str = "s") -> None:
        channel.sent_to = context
        self._leave(channel)
        app, args = self._way(channel, context, extension)
        if context == "queue":
            self.queue.put_nowait(tuple(args))
        if self.is_open(app):
            self._enter(channel, app, args)
        else:
            self.elsewhere[channel.id] = channel

    def _way(self, channel: FakeChannel, context: str, extension: str) -> tuple[str, list[str]]:
        """To which application `dialplan/queue.conf` takes a caller, with which words; "" when to none."""
        call = channel.args[1:3] if channel.args[:1] == ["join"] else channel.args[:2]
        ways = {"queue": ("queue", ["join", *call, extension]), "given-back": ("ivr", [*call, *extension.split(",")])}
        return ways.get(context, ("", []))

    def _enter(self, channel: FakeChannel, app: str, args: list[str]) -> None:
        channel.app, channel.args = app, args
        self.channels[channel.id] = channel
        self.elsewhere.pop(channel.id, None)
        self.tell("StasisStart", channel, channel=show(channel), args=args)

    def _leave(self, channel: FakeChannel) -> None:
        self.sound.silence(channel)
        self.bridges.leave(channel)
        if self.channels.pop(channel.id, None):
            self.tell_app(channel.app, "StasisEnd", channel=show(channel))
        channel.app = ""

    def _all(self) -> dict[str, FakeChannel]:
        return {**self.channels, **self.elsewhere}

    def _any(self, name: str) -> FakeChannel:
        channel = self._all().get(name)
        if channel is None:
            raise Refused(404, "Channel not found")
        return channel

    def _held(self, name: str) -> FakeChannel:
        """A channel that an application holds: most requests want one."""
        if name in self.elsewhere:
            raise Refused(409, "Channel not in Stasis application")
        return self._any(name)
