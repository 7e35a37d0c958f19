"""The client's own promises, on a pipe in memory."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from pbx.ari import operations as op
from pbx.ari.client import (
    MOST_EVENTS_WAITING,
    Ari,
    AriError,
    AriTimeout,
    Conflict,
    ConnectionLost,
    EventsLost,
    Inbox,
    NotFound,
    back_off_s,
)
from pbx.ari.events import (
    BridgeDestroyed,
    Channel,
    ChannelEnteredBridge,
    ChannelLeftBridge,
    ChannelStateChange,
    Event,
    HangUpAsked,
    KeyPressed,
    PlaybackFinished,
    RecordingFinished,
    StasisEnd,
    StasisStart,
    channel_of,
    read,
)
from pbx.ari.fake import FakePbx
from tests.polling import until

CHANNEL = {"id": "c1", "name": "PJSIP/trunk-1", "state": "Up", "caller": {"name": "", "number": "+39061"}}


class Connected:
    """A client that is connected to a simulated PBX, and what it was told."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.pbx = FakePbx(folder)
        self.started: list[StasisStart] = []
        self.connections = 0
        self.ari = Ari("ivr", self.pbx.connect, self.started.append, self._connected, most_back_off_s=0.01, **options)
        self._running: asyncio.Task[None] | None = None

    async def _connected(self) -> None:
        self.connections += 1

    async def __aenter__(self) -> Connected:
        self._running = asyncio.create_task(self.ari.run())
        if self.pbx.reachable:
            await until(lambda: self.connections == 1, what="the connection")
        return self

    async def __aexit__(self, *error: object) -> None:
        assert self._running
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)


async def test_a_call_that_enters_is_told_with_its_arguments(tmp_path: Path) -> None:
    async with Connected(tmp_path) as desk:
        desk.pbx.dial("c1", "id", "800840840")
        await until(lambda: bool(desk.started), what="the call")
        assert desk.started[0].args == ("id", "800840840")


async def test_the_client_connects_again_when_the_pbx_comes_back(tmp_path: Path) -> None:
    async with Connected(tmp_path) as desk:
        desk.pbx.reachable = False
        await desk.pbx.drop()
        with pytest.raises(ConnectionLost):
            await _ask_until_refused(lambda: desk.ari.request(op.LIST_CHANNELS))
        desk.pbx.reachable = True
        await until(lambda: desk.connections == 2, what="the second connection")
        assert await desk.ari.request(op.LIST_CHANNELS) == []


async def _ask_until_refused(ask: Callable[[], Awaitable[Any]]) -> None:
    for _ in range(100):
        await ask()
        await asyncio.sleep(0)


async def test_a_lost_connection_fails_what_was_asked_and_wakes_who_listens(tmp_path: Path) -> None:
    async with Connected(tmp_path) as desk:
        inbox = desk.ari.listen("c1")
        desk.pbx.frozen = True
        asking = asyncio.create_task(desk.ari.request(op.LIST_CHANNELS))
        await asyncio.sleep(0)
        await desk.pbx.drop()
        with pytest.raises(ConnectionLost):
            await asking
        with pytest.raises(ConnectionLost):
            await inbox.get(1)


async def test_a_pbx_that_does_not_answer_is_a_time_out_not_a_hang(tmp_path: Path) -> None:
    async with Connected(tmp_path, request_timeout_s=0.05) as desk:
        desk.pbx.frozen = True
        with pytest.raises(AriTimeout, match="no answer to GET channels"):
            await desk.ari.request(op.LIST_CHANNELS)


@pytest.mark.parametrize(
    ("status", "kind"), [(404, NotFound), (409, Conflict), (412, Conflict), (500, AriError), (400, AriError)]
)
async def test_a_refusal_says_what_was_asked_and_why(tmp_path: Path, status: int, kind: type[Exception]) -> None:
    async with Connected(tmp_path) as desk:
        answer = {
            "type": "RESTResponse",
            "status_code": status,
            "reason_phrase": "No",
            "message_body": json.dumps({"message": "because"}),
        }
        desk.pbx.answer = lambda request: {**answer, "request_id": request["request_id"]}  # type: ignore[method-assign]
        with pytest.raises(kind, match=rf"refused POST channels/.*: {status} because"):
            await desk.ari.request(op.ANSWER, {"channelId": "c1"})


async def test_a_parameter_that_asterisk_does_not_describe_is_refused_here(tmp_path: Path) -> None:
    async with Connected(tmp_path) as desk:
        with pytest.raises(TypeError, match="has no parameter lnag"):
            await desk.ari.request(op.PLAY, {"channelId": "c1"}, media="sound:a", lnag="it")


async def test_hostile_text_in_a_request_stays_one_value(tmp_path: Path) -> None:
    async with Connected(tmp_path) as desk:
        channel = desk.pbx.dial("c/1?x=y&z", "id")
        channel.variables["1&variable=B#%"] = "kept"
        answer = await desk.ari.request(op.GET_VARIABLE, {"channelId": "c/1?x=y&z"}, variable="1&variable=B#%")
        assert answer == {"value": "kept"}


async def test_an_event_that_is_not_as_described_costs_no_other_call(tmp_path: Path) -> None:
    async with Connected(tmp_path) as desk:
        desk.pbx.tell_app("ivr", "StasisStart")
        desk.pbx.tell_app("ivr", "SomethingNew")
        desk.pbx.dial("c1", "id")
        await until(lambda: bool(desk.started), what="the call behind the broken event")


async def test_one_listener_that_never_reads_is_bounded_and_told() -> None:
    inbox = Inbox()
    for _ in range(MOST_EVENTS_WAITING + 50):
        inbox.put(read({"type": "ChannelDtmfReceived", "channel": CHANNEL, "digit": "1"}))  # type: ignore[arg-type]
    for _ in range(MOST_EVENTS_WAITING):
        assert isinstance(await inbox.get(1), KeyPressed)
    with pytest.raises(EventsLost):
        await inbox.get(1)


def test_the_back_off_doubles_to_its_limit_and_never_comes_in_step() -> None:
    assert [back_off_s(tries, 3.0, 1.0) for tries in (1, 2, 3, 10)] == [0.2, 0.4, 0.8, 3.0]
    assert back_off_s(10, 3.0, 0.0) == 1.5


def test_events_are_read_as_asterisk_sends_them() -> None:
    assert read({"type": "ChannelHangupRequest", "channel": CHANNEL, "cause": 16}) is not None
    assert isinstance(read({"type": "ChannelHangupRequest", "channel": CHANNEL}), HangUpAsked)
    finished = read(
        {
            "type": "RecordingFinished",
            "recording": {"name": "a", "target_uri": "channel:c1", "duration": 3, "talking_duration": 2},
        }
    )
    assert finished == RecordingFinished("a", "c1", 3, 2)
    assert read({"type": "Dial"}) is None


def test_the_events_of_a_talk_are_read_with_their_channel_and_bridge() -> None:
    channel, bridge = Channel("c1", "PJSIP/trunk-1", "Up", "+39061"), {"id": "b1", "bridge_type": "mixing"}
    assert read({"type": "ChannelStateChange", "channel": CHANNEL}) == ChannelStateChange(channel)
    entered = read({"type": "ChannelEnteredBridge", "channel": CHANNEL, "bridge": bridge})
    assert entered == ChannelEnteredBridge(channel, "b1")
    assert channel_of(ChannelEnteredBridge(channel, "b1")) == "c1"
    assert read({"type": "ChannelLeftBridge", "channel": CHANNEL, "bridge": bridge}) == ChannelLeftBridge(channel, "b1")
    assert read({"type": "BridgeDestroyed", "bridge": bridge}) == BridgeDestroyed("b1")
    assert channel_of(BridgeDestroyed("b1")) is None


def test_what_played_to_a_bridge_is_no_channels() -> None:
    playback = {"id": "p1", "target_uri": "bridge:b1", "state": "done"}
    event = read({"type": "PlaybackFinished", "playback": playback})
    assert event == PlaybackFinished("p1", "", "done")
    assert channel_of(event) is None


async def test_every_event_but_an_arrival_is_heard_in_order_whether_or_not_somebody_listens(tmp_path: Path) -> None:
    heard: list[Event] = []
    async with Connected(tmp_path, on_event=heard.append) as desk:
        channel = desk.pbx.dial("c1", "id")
        inbox = desk.ari.listen("c1")
        desk.pbx.press(channel, "1")
        desk.pbx.hang_up(channel)
        kinds = [KeyPressed, HangUpAsked, StasisEnd]
        await until(lambda: len(heard) == len(kinds), what="every event")
        assert [type(event) for event in heard] == kinds
        assert [await inbox.get(1) for _ in kinds] == heard


async def test_a_hearer_that_fails_on_one_event_hears_the_next(tmp_path: Path) -> None:
    heard: list[Event] = []

    def hear(event: Event) -> None:
        heard.append(event)
        raise ValueError("a fault of ours")

    async with Connected(tmp_path, on_event=hear) as desk:
        desk.pbx.press(desk.pbx.dial("c1", "id"), "12")
        await until(lambda: len(heard) == 2, what="both keys")
        assert await desk.ari.request(op.LIST_CHANNELS)


async def test_variables_of_a_new_channel_go_into_the_requests_body(tmp_path: Path) -> None:
    async with Connected(tmp_path) as desk:
        asked: list[dict[str, Any]] = []

        def answer(request: dict[str, Any]) -> dict[str, Any]:
            asked.append(request)
            return {"type": "RESTResponse", "request_id": request["request_id"], "status_code": 200}

        desk.pbx.answer = answer  # type: ignore[method-assign]
        await desk.ari.request(op.ORIGINATE, endpoint="PJSIP/201", app="queue", variables={"CALL_ID": "è 1"})
        [request] = asked
        assert request["uri"] == "channels?endpoint=PJSIP%2F201&app=queue"
        assert json.loads(request["message_body"]) == {"variables": {"CALL_ID": "è 1"}}
        assert request["content_type"] == "application/json"
