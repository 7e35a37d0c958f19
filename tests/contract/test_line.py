"""What a line promises, on the simulated and on the real PBX."""

from __future__ import annotations

import asyncio
from time import monotonic
from uuid import uuid4

import pytest

from pbx.ari import operations as op
from pbx.ari.client import ApplicationTaken, NotFound
from pbx.ari.line import ChannelGone, Line
from pbx.ari.recordings import HEADER_BYTES
from tests.contract.exchange import Exchange, a_call, at_the_desk
from tests.polling import until

pytestmark = pytest.mark.xdist_group("contract-line")


async def test_a_prompt_is_heard_to_its_end(exchange: Exchange) -> None:
    async with a_call(exchange) as (line, _, _):
        begun = monotonic()
        assert await line.play(exchange.media)
        assert monotonic() - begun > 1.5 * exchange.second


async def test_the_first_key_stops_a_prompt_and_is_kept(exchange: Exchange) -> None:
    async with a_call(exchange) as (line, caller, _):
        playing = asyncio.create_task(line.play(*[exchange.media] * 10))
        await asyncio.sleep(exchange.second)
        await caller.press("7")
        begun = monotonic()
        assert not await playing
        assert monotonic() - begun < 15 * exchange.second, "the ten prompts last twenty"
        assert await line.key(1) == "7"


async def test_keys_typed_ahead_are_kept_in_order(exchange: Exchange) -> None:
    async with a_call(exchange) as (line, caller, _):
        await caller.press("12#")
        assert [await line.key(5) for _ in range(3)] == ["1", "2", "#"]


async def test_no_key_in_time_is_none(exchange: Exchange) -> None:
    async with a_call(exchange) as (line, _, _):
        assert await line.key(0.2) is None


async def test_a_hang_up_during_a_prompt_is_told_at_once(exchange: Exchange) -> None:
    async with a_call(exchange) as (line, caller, _):
        playing = asyncio.create_task(line.play(*[exchange.media] * 10))
        await asyncio.sleep(exchange.second)
        await caller.hang_up()
        with pytest.raises(ChannelGone):
            await asyncio.wait_for(playing, 10)


async def test_every_verb_says_that_the_caller_is_gone(exchange: Exchange) -> None:
    async with a_call(exchange) as (line, caller, _):
        await caller.hang_up()
        with pytest.raises(ChannelGone):
            await line.key(5)
        for verb in (line.play(exchange.media), line.key(1), line.answer()):
            with pytest.raises(ChannelGone):
                await verb
        await line.hang_up()  # harmless


async def test_a_recording_ends_with_its_key_and_keeps_the_keys_after_it(exchange: Exchange) -> None:
    async with a_call(exchange) as (line, caller, _):
        name = uuid4().hex
        recording = asyncio.create_task(line.record(name, limit_s=30, silence_s=5, end="#"))
        await until((exchange.spool / "recording" / f"{name}.wav").exists, what="the recording's file")
        await caller.speak(3)
        await caller.press("4#1")
        take = await asyncio.wait_for(recording, 20)
        assert take.ended == "key"
        assert take.seconds == pytest.approx(3, abs=1.5)
        assert take.talk_seconds == pytest.approx(3, abs=1.1)
        assert await line.key(5) == "1", "the 4 was pressed while speaking and answers nothing"


async def test_a_recording_returns_on_hang_up_with_what_was_said(exchange: Exchange) -> None:
    async with a_call(exchange) as (line, caller, _):
        name = uuid4().hex
        recording = asyncio.create_task(line.record(name, limit_s=30, silence_s=5, end="#"))
        await until((exchange.spool / "recording" / f"{name}.wav").exists, what="the recording's file")
        await caller.speak(3)
        await caller.hang_up()
        take = await asyncio.wait_for(recording, 20)
        assert take.ended == "hang_up"
        assert take.seconds == pytest.approx(3, abs=1.5)


async def test_a_recording_ends_by_silence(exchange: Exchange) -> None:
    async with a_call(exchange) as (line, caller, _):
        recording = asyncio.create_task(line.record(uuid4().hex, limit_s=30, silence_s=2, end="#"))
        await caller.speak(2)
        assert (await asyncio.wait_for(recording, 15)).ended == "silence"


async def test_a_recording_ends_at_its_limit(exchange: Exchange) -> None:
    async with a_call(exchange) as (line, caller, _):
        name = uuid4().hex
        recording = asyncio.create_task(line.record(name, limit_s=2, silence_s=5, end="#"))
        await until((exchange.spool / "recording" / f"{name}.wav").exists, what="the recording's file")
        await caller.speak(6)
        take = await asyncio.wait_for(recording, 20)
        assert take.ended == "limit"
        # Asterisk counts whole seconds of the wall clock: a limit of 2 s ends between 2 and 3 s.
        assert take.seconds == pytest.approx(2.5, abs=1.2)


async def test_recording_again_under_the_same_name_goes_on_and_loses_nothing(exchange: Exchange) -> None:
    """What a restarted process does with a caller it finds speaking."""
    async with a_call(exchange) as (line, caller, desk):
        name = uuid4().hex
        first = asyncio.create_task(line.record(name, limit_s=30, silence_s=5, end="#"))
        await until((exchange.spool / "recording" / f"{name}.wav").exists, what="the recording's file")
        await caller.speak(2)
        first.cancel()
        again = Line(desk.ari, line.channel_id, exchange.spool)
        second = asyncio.create_task(again.record(name, limit_s=30, silence_s=5, end="#"))
        await caller.speak(2)
        await caller.press("#")
        take = await asyncio.wait_for(second, 20)
        assert take.seconds == pytest.approx(4, abs=2)
        assert (exchange.spool / "recording" / f"{name}.wav").stat().st_size > HEADER_BYTES + 2 * 16000


async def test_a_request_for_what_is_not_there_says_not_found(exchange: Exchange) -> None:
    async with at_the_desk(exchange) as desk:
        with pytest.raises(NotFound, match=r"channels/.*404"):
            await desk.ari.request(op.ANSWER, {"channelId": "nobody/../x"})


async def test_a_second_process_of_the_same_name_stops_the_first(exchange: Exchange) -> None:
    async with at_the_desk(exchange) as first, at_the_desk(exchange):
        assert first.running is not None
        with pytest.raises(ApplicationTaken, match="another process took over"):
            await asyncio.wait_for(first.running, 10)


async def test_the_application_lists_the_channels_it_holds(exchange: Exchange) -> None:
    async with a_call(exchange) as (line, _, desk):
        answer = await desk.ari.request(op.GET_APPLICATION, {"applicationName": "ivr"})
        assert line.channel_id in answer["channel_ids"]


async def test_a_caller_who_is_sent_to_the_queue_is_no_longer_ours(exchange: Exchange) -> None:
    async with exchange.queue() as came, a_call(exchange) as (line, _, desk):
        await line.send_to_dialplan("queue", "it")
        role, _, dialled, language = await asyncio.wait_for(came.get(), 5)
        assert (role, dialled, language) == ("join", "800840840", "it")
        with pytest.raises(ChannelGone):
            await line.key(5)
        ours = await desk.ari.request(op.GET_APPLICATION, {"applicationName": "ivr"})
        assert line.channel_id not in ours["channel_ids"], "or a restart would take them up"
