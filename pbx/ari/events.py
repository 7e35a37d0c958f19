"""The ARI events this project acts on, as frozen values. A contract test holds each field against Asterisk's own `events.json`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Channel:
    """A channel as an event shows it. `caller_number` is "" when there is none."""

    id: str
    name: str
    state: str
    caller_number: str

    @classmethod
    def read(cls, body: Json) -> Channel:
        return cls(body["id"], body["name"], body["state"], body["caller"]["number"])


@dataclass(frozen=True)
class StasisStart:
    """A channel entered our application with these arguments."""

    channel: Channel
    args: tuple[str, ...]


@dataclass(frozen=True)
class StasisEnd:
    """A channel left our application: hung up, moved, or sent on in the dialplan."""

    channel: Channel


@dataclass(frozen=True)
class ChannelStateChange:
    """The channel's `state` is another now; a phone that is called goes from "Down" over "Ringing" to "Up"."""

    channel: Channel


@dataclass(frozen=True)
class KeyPressed:
    """ChannelDtmfReceived."""

    channel: Channel
    key: str


@dataclass(frozen=True)
class HangUpAsked:
    """ChannelHangupRequest: the far side said BYE, or we did."""

    channel: Channel


@dataclass(frozen=True)
class ChannelDestroyed:
    """The channel is gone; `cause` is the Q.850 number: 16 hung up, 17 busy, 19 rang out, 21 refused.

    Told of channels that we had rung alone. Who came through the dialplan is told of up to `StasisEnd` (measured).
    """

    channel: Channel
    cause: int


@dataclass(frozen=True)
class ChannelHold:
    """The far side of the channel put the call on hold."""

    channel: Channel


@dataclass(frozen=True)
class ChannelUnhold:
    """The far side of the channel took the call up again."""

    channel: Channel


@dataclass(frozen=True)
class ChannelEnteredBridge:
    """The channel is in the bridge: from here on it hears and is heard."""

    channel: Channel
    bridge_id: str


@dataclass(frozen=True)
class ChannelLeftBridge:
    """The channel is in the bridge no more: taken out, moved, or hung up."""

    channel: Channel
    bridge_id: str


@dataclass(frozen=True)
class BridgeDestroyed:
    """The bridge is gone; its channels, which left it before, are not.

    Asterisk does not always tell it, for an application follows a bridge only while a channel of its own is in it (measured).
    """

    bridge_id: str


@dataclass(frozen=True)
class PlaybackFinished:
    """A playback (a whole list of media) ended: `state` is "done" or "failed". It is said of a stopped one too.

    `channel_id` is "" when it played to a bridge.
    """

    playback_id: str
    channel_id: str
    state: str


@dataclass(frozen=True)
class RecordingFinished:
    """A recording ended. `seconds` and `talk_seconds` are whole; talk is None unless silence was measured.

    It is said even where the file could not be written: look at the file. `channel_id` is "" when it was a bridge's.
    """

    name: str
    channel_id: str
    seconds: int
    talk_seconds: int | None


@dataclass(frozen=True)
class RecordingFailed:
    """A recording could not go on; `cause` is Asterisk's word for it."""

    name: str
    channel_id: str
    cause: str


@dataclass(frozen=True)
class Replaced:
    """ApplicationReplaced: another process connected with our application's name; this one gets nothing more."""

    application: str


Event = (
    StasisStart | StasisEnd | ChannelStateChange | KeyPressed | HangUpAsked | ChannelDestroyed | ChannelHold | ChannelUnhold
    | ChannelEnteredBridge | ChannelLeftBridge | BridgeDestroyed | PlaybackFinished
    | RecordingFinished | RecordingFailed | Replaced
)  # fmt: skip


def _target(uri: str) -> str:
    kind, _, name = uri.partition(":")
    return name if kind == "channel" else ""


# Event type -> (the fields read, dotted; how they are read). The fields are what the contract test looks up.
READERS: dict[str, tuple[tuple[str, ...], Callable[[Json], Event]]] = {
    "StasisStart": (("channel", "args"), lambda e: StasisStart(Channel.read(e["channel"]), tuple(e["args"]))),
    "StasisEnd": (("channel",), lambda e: StasisEnd(Channel.read(e["channel"]))),
    "ChannelStateChange": (("channel",), lambda e: ChannelStateChange(Channel.read(e["channel"]))),
    "ChannelDtmfReceived": (("channel", "digit"), lambda e: KeyPressed(Channel.read(e["channel"]), e["digit"])),
    "ChannelHangupRequest": (("channel",), lambda e: HangUpAsked(Channel.read(e["channel"]))),
    "ChannelDestroyed": (("channel", "cause"), lambda e: ChannelDestroyed(Channel.read(e["channel"]), e["cause"])),
    "ChannelHold": (("channel",), lambda e: ChannelHold(Channel.read(e["channel"]))),
    "ChannelUnhold": (("channel",), lambda e: ChannelUnhold(Channel.read(e["channel"]))),
    "ChannelEnteredBridge": (
        ("channel", "bridge.id"), lambda e: ChannelEnteredBridge(Channel.read(e["channel"]), e["bridge"]["id"])
    ),
    "ChannelLeftBridge": (
        ("channel", "bridge.id"), lambda e: ChannelLeftBridge(Channel.read(e["channel"]), e["bridge"]["id"])
    ),
    "BridgeDestroyed": (("bridge.id",), lambda e: BridgeDestroyed(e["bridge"]["id"])),
    "PlaybackFinished": (
        ("playback.id", "playback.target_uri", "playback.state"),
        lambda e: PlaybackFinished(e["playback"]["id"], _target(e["playback"]["target_uri"]), e["playback"]["state"]),
    ),
    "RecordingFinished": (
        ("recording.name", "recording.target_uri", "recording.duration", "recording.talking_duration"),
        lambda e: RecordingFinished(
            e["recording"]["name"], _target(e["recording"]["target_uri"]),
            e["recording"].get("duration", 0), e["recording"].get("talking_duration"),
        ),
    ),
    "RecordingFailed": (
        ("recording.name", "recording.target_uri", "recording.cause"),
        lambda e: RecordingFailed(
            e["recording"]["name"], _target(e["recording"]["target_uri"]), e["recording"].get("cause", "unknown")
        ),
    ),
    "ApplicationReplaced": (("application",), lambda e: Replaced(e["application"])),
}  # fmt: skip


def read(body: Json) -> Event | None:
    """The typed event, or None for one we do not act on. Raises KeyError when a field is missing."""
    known = READERS.get(body["type"])
    return known[1](body) if known else None


def channel_of(event: Event) -> str | None:
    """The id of the channel an event is about, if it is about one."""
    if isinstance(event, PlaybackFinished | RecordingFinished | RecordingFailed):
        return event.channel_id or None
    if isinstance(event, BridgeDestroyed | Replaced):
        return None
    return event.channel.id
