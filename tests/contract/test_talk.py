"""What the queue builds on: operators' phones that are rung, talks, music, hold; on the simulated and on the real PBX."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from uuid import uuid4

import pytest

from pbx.ari import operations as op
from pbx.ari.client import Ari, AriError, NotFound
from pbx.ari.events import (
    ChannelDestroyed,
    ChannelEnteredBridge,
    ChannelHold,
    ChannelLeftBridge,
    ChannelStateChange,
    ChannelUnhold,
    Event,
    HangUpAsked,
    KeyPressed,
    RecordingFinished,
    StasisEnd,
    StasisStart,
    channel_of,
)
from pbx.ari.line import Line
from tests.contract.exchange import UNREGISTERED, Caller, Exchange, a_call, at_the_queue
from tests.polling import until

pytestmark = pytest.mark.xdist_group("contract-line")


@dataclass
class Queue:
    """The application `queue`, a caller in it, and all it is told."""

    exchange: Exchange
    ari: Ari
    caller: Caller
    line: Line
    told: list[Event] = field(default_factory=list)

    async def ring(self, number: str, timeout_s: int = 30, **variables: str) -> str:
        """Ring an operator's phone; returns the name of the new channel."""
        leg = f"leg-{uuid4().hex}"
        await self.ari.request(
            op.ORIGINATE, endpoint=f"PJSIP/{number}", app="queue", appArgs=f"operator,{number}", channelId=leg,
            callerId="+390612345678", timeout=timeout_s, variables=variables,
        )  # fmt: skip
        return leg

    async def talk(self, number: str = "201") -> tuple[str, str]:
        """An operator answers and is bridged with the caller, whose music stops; returns the bridge and the operator's channel."""
        leg, bridge = await self.ring(number), f"bridge-{uuid4().hex}"
        await self.hears_of(leg, StasisStart)
        await self.ari.request(op.STOP_MOH, {"channelId": self.line.channel_id})
        await self.ari.request(op.CREATE_BRIDGE, type="mixing", bridgeId=bridge)
        await self.ari.request(op.ADD_TO_BRIDGE, {"bridgeId": bridge}, channel=f"{self.line.channel_id},{leg}")
        await self.hears_of(leg, ChannelEnteredBridge)
        return bridge, leg

    async def hears_of(self, channel_id: str, kind: type[Event]) -> Event:
        """The last event of this kind about a channel, once there is one."""

        def last() -> Event | None:
            return next(
                (event for event in reversed(self.told) if isinstance(event, kind) and about(event, channel_id)), None
            )

        await until(lambda: last() is not None, 15, f"{kind.__name__} of {channel_id}")
        event = last()
        assert event is not None
        return event

    def of(self, channel_id: str) -> list[type[Event]]:
        """The kinds of what was told of a channel; that it rings, which not every phone says, left out."""
        return [
            type(event) for event in self.told
            if about(event, channel_id) and not (isinstance(event, ChannelStateChange) and event.channel.state == "Ringing")
        ]  # fmt: skip

    async def in_bridge(self, bridge: str) -> list[str]:
        return sorted((await self.ari.request(op.GET_BRIDGE, {"bridgeId": bridge}))["channels"])

    async def caller_hears(self, what: str) -> None:
        """Sounds follow a request by a packet or two."""

        async def is_so() -> bool:
            return await self.caller.hears() == what

        await until(is_so, 10, f"the caller hearing {what}")


def about(event: Event, channel_id: str) -> bool:
    return channel_of(event) == channel_id


@asynccontextmanager
async def a_waiting_caller(exchange: Exchange) -> AsyncIterator[Queue]:
    """A caller who was handed to the queue, and hears its music."""
    told: list[Event] = []
    async with AsyncExitStack() as stack:
        ari = await stack.enter_async_context(at_the_queue(exchange, told.append, told.append))
        line, caller, _ = await stack.enter_async_context(a_call(exchange))
        await line.send_to_dialplan("queue", "it")
        queue = Queue(exchange, ari, caller, line, told)
        await queue.hears_of(line.channel_id, StasisStart)
        await ari.request(op.START_MOH, {"channelId": line.channel_id})
        yield queue
        for leg in {channel_of(event) for event in told} - {None, line.channel_id}:
            with suppress(AriError):
                await ari.request(op.HANG_UP, {"channelId": leg or ""})


def kinds(*names: type[Event]) -> list[type[Event]]:
    return list(names)


BRIDGED = kinds(ChannelStateChange, StasisStart, ChannelEnteredBridge)
GONE = kinds(HangUpAsked, ChannelLeftBridge, StasisEnd)


async def test_an_operator_who_answers_comes_with_our_words_and_variables(exchange: Exchange) -> None:
    async with a_waiting_caller(exchange) as queue:
        leg = await queue.ring("201", CALL_ID="a call")
        start = await queue.hears_of(leg, StasisStart)
        assert isinstance(start, StasisStart)
        assert (start.args, start.channel.state) == (("operator", "201"), "Up")
        answer = await queue.ari.request(op.GET_VARIABLE, {"channelId": leg}, variable="CALL_ID")
        assert answer == {"value": "a call"}


async def test_a_phone_that_rings_is_the_applications_before_it_answers(exchange: Exchange) -> None:
    async with a_waiting_caller(exchange) as queue:
        leg = await queue.ring("202")
        state = await queue.hears_of(leg, ChannelStateChange)
        assert isinstance(state, ChannelStateChange)
        assert state.channel.state == "Ringing"
        ours = await queue.ari.request(op.GET_APPLICATION, {"applicationName": "queue"})
        assert leg in ours["channel_ids"]
        await queue.ari.request(op.HANG_UP, {"channelId": leg})
        await queue.hears_of(leg, ChannelDestroyed)
        assert queue.of(leg) == kinds(HangUpAsked, ChannelDestroyed)


@pytest.mark.parametrize(
    ("number", "cause", "told"),
    [
        ("202", 19, kinds(ChannelDestroyed)),
        ("280", 17, kinds(HangUpAsked, ChannelDestroyed)),
        ("282", 21, kinds(HangUpAsked, ChannelDestroyed)),
    ],
    ids=["rings_out", "busy", "refused"],
)
async def test_why_a_phone_was_not_answered_is_told_by_its_cause(
    exchange: Exchange, number: str, cause: int, told: Iterable[type[Event]]
) -> None:
    async with a_waiting_caller(exchange) as queue:
        leg = await queue.ring(number, timeout_s=3)
        gone = await queue.hears_of(leg, ChannelDestroyed)
        assert isinstance(gone, ChannelDestroyed)
        assert gone.cause == cause
        assert queue.of(leg) == list(told)


async def test_a_phone_that_has_not_registered_is_refused_at_once_and_nothing_is_told(exchange: Exchange) -> None:
    async with a_waiting_caller(exchange) as queue:
        before = len(queue.told)
        with pytest.raises(AriError, match="500"):
            await queue.ring(UNREGISTERED)
        assert len(queue.told) == before


async def test_an_operator_whom_we_hang_up_leaves_the_caller_in_the_bridge(exchange: Exchange) -> None:
    async with a_waiting_caller(exchange) as queue:
        bridge, leg = await queue.talk()
        await queue.ari.request(op.HANG_UP, {"channelId": leg}, reason_code=16)
        gone = await queue.hears_of(leg, ChannelDestroyed)
        assert isinstance(gone, ChannelDestroyed)
        assert gone.cause == 16
        assert queue.of(leg) == [*BRIDGED, *GONE, ChannelDestroyed]
        assert await queue.in_bridge(bridge) == [queue.line.channel_id]


async def test_an_operator_who_hangs_up_is_told_in_the_same_order(exchange: Exchange) -> None:
    async with a_waiting_caller(exchange) as queue:
        bridge, leg = await queue.talk("281")
        await queue.hears_of(leg, ChannelDestroyed)
        assert queue.of(leg) == [*BRIDGED, *GONE, ChannelDestroyed]
        assert await queue.in_bridge(bridge) == [queue.line.channel_id]


async def test_a_caller_who_hangs_up_in_a_talk_is_never_told_as_destroyed(exchange: Exchange) -> None:
    """Asterisk forgets who came through the dialplan as they leave the application: wait for `StasisEnd`."""
    async with a_waiting_caller(exchange) as queue:
        bridge, leg = await queue.talk()
        await queue.caller.hang_up()
        await queue.hears_of(queue.line.channel_id, StasisEnd)
        assert await queue.in_bridge(bridge) == [leg]
        await queue.ari.request(op.HANG_UP, {"channelId": leg})
        await queue.hears_of(leg, ChannelDestroyed)
        assert queue.of(queue.line.channel_id) == [StasisStart, ChannelEnteredBridge, *GONE]


async def test_a_bridge_that_is_removed_lets_its_channels_go_alive(exchange: Exchange) -> None:
    async with a_waiting_caller(exchange) as queue:
        bridge, leg = await queue.talk()
        await queue.ari.request(op.DELETE_BRIDGE, {"bridgeId": bridge})
        for channel_id in (leg, queue.line.channel_id):
            await queue.hears_of(channel_id, ChannelLeftBridge)
            await queue.ari.request(op.GET_CHANNEL, {"channelId": channel_id})
        with pytest.raises(NotFound):
            await queue.ari.request(op.DELETE_BRIDGE, {"bridgeId": bridge})


async def test_a_third_channel_joins_a_talk_and_leaves_it_as_it_was(exchange: Exchange) -> None:
    async with a_waiting_caller(exchange) as queue:
        bridge, leg = await queue.talk()
        third = await queue.ring("203")
        await queue.hears_of(third, StasisStart)
        await queue.ari.request(op.ADD_TO_BRIDGE, {"bridgeId": bridge}, channel=third)
        await queue.hears_of(third, ChannelEnteredBridge)
        assert await queue.in_bridge(bridge) == sorted((queue.line.channel_id, leg, third))
        await queue.ari.request(op.REMOVE_FROM_BRIDGE, {"bridgeId": bridge}, channel=third)
        await queue.hears_of(third, ChannelLeftBridge)
        assert await queue.in_bridge(bridge) == sorted((queue.line.channel_id, leg))
        await queue.caller_hears("others")


async def test_what_cannot_be_bridged_is_refused(exchange: Exchange) -> None:
    async with a_waiting_caller(exchange) as queue:
        caller, bridge = queue.line.channel_id, f"bridge-{uuid4().hex}"
        with pytest.raises(NotFound):
            await queue.ari.request(op.ADD_TO_BRIDGE, {"bridgeId": bridge}, channel=caller)
        await queue.ari.request(op.CREATE_BRIDGE, type="mixing", bridgeId=bridge)
        with pytest.raises(AriError, match="400"):
            await queue.ari.request(op.ADD_TO_BRIDGE, {"bridgeId": bridge}, channel="nobody")
        with pytest.raises(AriError, match="422"):
            await queue.ari.request(op.REMOVE_FROM_BRIDGE, {"bridgeId": bridge}, channel=caller)
        await queue.ari.request(op.DELETE_BRIDGE, {"bridgeId": bridge})


async def test_music_ends_with_a_prompt_and_is_started_again(exchange: Exchange) -> None:
    async with a_waiting_caller(exchange) as queue:
        await queue.caller_hears("music")
        line = Line(queue.ari, queue.line.channel_id, exchange.spool)
        assert await line.play(exchange.media)
        await queue.caller_hears("nothing")
        await line.music()
        await queue.caller_hears("music")


async def test_music_that_is_not_stopped_drowns_the_operator(exchange: Exchange) -> None:
    """So it is stopped before a caller is bridged."""
    async with a_waiting_caller(exchange) as queue:
        await queue.talk()
        await queue.caller_hears("others")
        await queue.ari.request(op.START_MOH, {"channelId": queue.line.channel_id})
        await queue.caller_hears("music")
        await queue.ari.request(op.STOP_MOH, {"channelId": queue.line.channel_id})
        await queue.caller_hears("others")


async def test_a_caller_on_hold_hears_music_and_stays_in_the_bridge(exchange: Exchange) -> None:
    async with a_waiting_caller(exchange) as queue:
        bridge, leg = await queue.talk()
        await queue.ari.request(op.HOLD, {"channelId": queue.line.channel_id})
        await queue.caller_hears("music")
        assert await queue.in_bridge(bridge) == sorted((queue.line.channel_id, leg))
        await queue.ari.request(op.UNHOLD, {"channelId": queue.line.channel_id})
        await queue.caller_hears("others")


async def test_a_phone_that_puts_the_call_on_hold_says_so(exchange: Exchange) -> None:
    async with a_waiting_caller(exchange) as queue:
        await queue.talk()
        await queue.caller.hold(True)
        await queue.hears_of(queue.line.channel_id, ChannelHold)
        await queue.caller.hold(False)
        await queue.hears_of(queue.line.channel_id, ChannelUnhold)


async def test_keys_in_a_talk_are_told(
    exchange: Exchange,
) -> None:
    async with a_waiting_caller(exchange) as queue:
        await queue.talk()
        await queue.caller.press("5")
        pressed = await queue.hears_of(queue.line.channel_id, KeyPressed)
        assert isinstance(pressed, KeyPressed)
        assert pressed.key == "5"


async def test_a_talk_is_recorded_from_beside_it(exchange: Exchange) -> None:
    async with a_waiting_caller(exchange) as queue:
        bridge, leg = await queue.talk()
        name = uuid4().hex
        snoop = {"channelId": queue.line.channel_id, "snoopId": f"snoop-{name}"}
        await queue.ari.request(op.SNOOP, snoop, spy="both", app="queue", appArgs="recording")
        await queue.hears_of(snoop["snoopId"], StasisStart)
        await queue.ari.request(
            op.RECORD, {"channelId": snoop["snoopId"]}, name=name, format="wav", maxDurationSeconds=60,
            maxSilenceSeconds=0, ifExists="fail", beep=False, terminateOn="none",
        )  # fmt: skip
        assert await queue.in_bridge(bridge) == sorted((queue.line.channel_id, leg)), "nobody joined"
        await queue.caller.speak(2)
        await queue.ari.request(op.STOP_RECORDING, {"recordingName": name})
        await queue.hears_of(snoop["snoopId"], RecordingFinished)
        assert (exchange.spool / "recording" / f"{name}.wav").stat().st_size > 16000
