"""What a line makes of things the real PBX does seldom: keys told late, a full disk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pbx.ari.client import Ari
from pbx.ari.events import StasisStart
from pbx.ari.fake import FakePbx
from pbx.ari.fake_model import FakeChannel
from pbx.ari.line import ChannelGone, Line
from pbx.ari.recordings import BadRecording
from tests.polling import until


@dataclass
class Dialled:
    """A caller on a line."""

    pbx: FakePbx
    ari: Ari
    channel: FakeChannel
    line: Line

    async def recording(self, seconds: float) -> asyncio.Task[object]:
        """A recording under way, in which the caller talks."""
        task: asyncio.Task[object] = asyncio.create_task(self.line.record("r", limit_s=30, silence_s=5, end="#"))
        await until(lambda: self.channel.recording is not None, what="the recording")
        self.pbx.speak(self.channel, seconds)
        return task


@pytest.fixture
async def dialled(tmp_path: Path) -> AsyncIterator[Dialled]:
    pbx = FakePbx(tmp_path)
    lines: list[Line] = []
    connected = asyncio.Event()

    def on_start(event: StasisStart) -> None:
        lines.append(Line(ari, event.channel.id, tmp_path))

    async def on_connected() -> None:
        connected.set()

    ari = Ari("ivr", pbx.connect, on_start, on_connected)
    running = asyncio.create_task(ari.run())
    await connected.wait()
    channel = pbx.dial("c1")
    await until(lambda: bool(lines), what="the line")
    yield Dialled(pbx, ari, channel, lines[0])
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_the_key_that_ended_a_recording_answers_nothing_though_it_is_told_late(dialled: Dialled) -> None:
    dialled.pbx.tells_keys_late = True
    recording = await dialled.recording(3)
    dialled.pbx.press(dialled.channel, "#1")
    take = await recording
    assert take.ended == "key"  # type: ignore[attr-defined]
    assert await dialled.line.key(1) == "1"
    assert await dialled.line.key(0.1) is None


async def test_who_hangs_up_as_a_restart_goes_on_recording_has_said_what_is_on_the_disk(dialled: Dialled) -> None:
    first = await dialled.recording(3)
    first.cancel()  # as the process that died
    dialled.pbx.hang_up(dialled.channel)
    again = Line(dialled.ari, dialled.channel.id, dialled.pbx.spool)
    take = await again.record("r", limit_s=30, silence_s=5, end="#")
    assert (take.seconds, take.ended) == (3.0, "hang_up")
    with pytest.raises(ChannelGone):
        await again.record("never begun", limit_s=30, silence_s=5, end="#")


async def test_a_recording_the_disk_had_no_room_for_is_not_taken_for_one(dialled: Dialled) -> None:
    dialled.pbx.sound.disk_full = True
    recording = await dialled.recording(3)
    dialled.pbx.press(dialled.channel, "#")
    with pytest.raises(BadRecording):
        await recording


async def test_who_takes_a_call_over_stops_what_still_plays_there(dialled: Dialled, tmp_path: Path) -> None:
    playing = asyncio.create_task(dialled.line.play("sound:a", "sound:b"))
    await until(lambda: dialled.channel.playback is not None, what="the playback")
    successor = Line(dialled.ari, dialled.channel.id, tmp_path)
    await successor.quiet()
    assert dialled.channel.playback is None
    playing.cancel()


async def test_a_prompt_ends_the_music(dialled: Dialled) -> None:
    await dialled.line.music()
    assert dialled.channel.music
    await dialled.line.play("sound:a")
    assert not dialled.channel.music
