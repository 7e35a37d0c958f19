"""The worker on a real Redis and a real decoder: news or no news, killed or not, each message is done once."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio
import soundfile

from foundation.bus import Bus, RedisSettings
from foundation.clock import SystemClock
from foundation.health import Check
from tests import speech
from tests.polling import until
from tests.voicemail import message, models_with, packaged_whisper, redis_server
from ticket_core.model import MessageState
from voicemail_worker.decoding import DecoderProcess
from voicemail_worker.memory import MemoryMessages, Row
from voicemail_worker.models import list_models
from voicemail_worker.news import GROUP, STREAM, MessageNews
from voicemail_worker.settings import VoicemailSettings
from voicemail_worker.wire import Step
from voicemail_worker.worker import Worker

PATIENCE_S = 90.0
SWEEP_S = 0.3
CLOCK = SystemClock()


@pytest.fixture(scope="module")
def whisper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return packaged_whisper(tmp_path_factory.mktemp("models"))


@pytest.fixture
def redis_url() -> Iterator[str]:
    # A Unix socket's path is limited to 107 bytes, which pytest's own folders can exceed.
    with tempfile.TemporaryDirectory(prefix="redis-") as folder, redis_server(Path(folder) / "redis.sock") as url:
        yield url


@pytest.fixture
async def bus(redis_url: str) -> AsyncIterator[Bus]:
    one = Bus(RedisSettings(url=redis_url))
    yield one
    await one.close()


@pytest.fixture
async def decoder() -> AsyncIterator[DecoderProcess]:
    one = DecoderProcess(load_limit_s=PATIENCE_S, niceness=0)
    yield one
    await one.close()


@pytest.fixture
def settings(tmp_path: Path) -> VoicemailSettings:
    return VoicemailSettings(models_dir=tmp_path / "models", lease_s=3, sweep_s=SWEEP_S)


@pytest.fixture
def rows() -> MemoryMessages:
    return MemoryMessages(CLOCK)


@asynccontextmanager
async def working(
    rows: MemoryMessages, bus: Bus, decoder: DecoderProcess, settings: VoicemailSettings
) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """A worker at work; call what is yielded to tell it to stop and wait until it has."""
    stop = asyncio.Event()
    news = MessageNews(bus, settings.name, settings.lease_s)
    worker = Worker(
        rows, news, decoder, partial(list_models, settings.models_dir), settings, settings.models_dir.parent, CLOCK,
        Check("messages", "looking"),
    )  # fmt: skip
    running = asyncio.create_task(worker.run(stop))

    async def end() -> None:
        stop.set()
        await running

    try:
        yield end
    finally:
        await end()


async def comes_to(row: Row, state: MessageState) -> None:
    await until(lambda: row.state is state, PATIENCE_S, f"{state} (it is {row.state}: {row.reason})")


def korean_message(rows: MemoryMessages, folder: Path, text: str = "화재 노래 오렌지", language: str = "it") -> Row:
    """A spoken message. Its tongue does not matter to a test of what happens around the engine."""
    return rows.add(message(speech.korean_speech(text, folder / "message.wav"), language))


async def test_news_of_a_message_gives_it_its_text_with_word_times(
    rows: MemoryMessages, bus: Bus, decoder: DecoderProcess, settings: VoicemailSettings, tmp_path: Path
) -> None:
    models_with(settings.models_dir, korean=True)
    row = korean_message(rows, tmp_path, language="ko")
    await bus.publish(STREAM, {"message": str(row.message.id)})
    async with working(rows, bus, decoder, settings):
        await comes_to(row, MessageState.TRANSCRIBED)
    assert row.transcript is not None
    assert row.transcript.engine == "vosk"
    assert row.transcript.words[0].start > 0.3
    assert row.attempts == 1


async def test_words_of_distress_are_kept_with_the_text(
    rows: MemoryMessages,
    bus: Bus,
    decoder: DecoderProcess,
    settings: VoicemailSettings,
    tmp_path: Path,
    whisper: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    models_with(settings.models_dir, whisper)
    said = speech.italian_speech("Aiuto! C'è un incendio, mio padre è ferito.", tmp_path / "said.wav")
    row = rows.add(message(speech.telephone(said, tmp_path / "message.wav")))
    async with working(rows, bus, decoder, settings):
        await comes_to(row, MessageState.TRANSCRIBED)
    assert {"aiuto", "incendio"} <= set(row.alarm_words)
    logged = "".join(capfd.readouterr())
    assert "distress_alarm" in logged
    assert "incendio" not in logged


async def test_a_message_whose_news_redis_lost_is_found_by_the_sweep(
    rows: MemoryMessages,
    bus: Bus,
    decoder: DecoderProcess,
    settings: VoicemailSettings,
    tmp_path: Path,
    whisper: Path,
    redis_url: str,
) -> None:
    models_with(settings.models_dir, whisper)
    async with working(rows, bus, decoder, settings), redis.asyncio.from_url(redis_url) as server:
        first = korean_message(rows, tmp_path)
        await comes_to(first, MessageState.TRANSCRIBED)
        await server.flushall()
        second = korean_message(rows, tmp_path)
        await comes_to(second, MessageState.TRANSCRIBED)
        await until(lambda: _nothing_pending(server), PATIENCE_S, "an acknowledgement")
    assert (first.attempts, second.attempts) == (1, 1)


async def _nothing_pending(server: redis.asyncio.Redis) -> bool:
    (group,) = await server.xinfo_groups(STREAM)
    return bool(group["name"] == GROUP.encode() and group["pending"] == 0)


async def test_without_redis_the_sweep_does_the_work_alone(
    rows: MemoryMessages, decoder: DecoderProcess, settings: VoicemailSettings, tmp_path: Path, whisper: Path
) -> None:
    models_with(settings.models_dir, whisper)
    nobody = Bus(RedisSettings(url=f"unix://{tmp_path}/no-redis.sock"))
    row = korean_message(rows, tmp_path)
    async with working(rows, nobody, decoder, settings):
        await comes_to(row, MessageState.TRANSCRIBED)
    await nobody.close()


@pytest.mark.parametrize("text", ["message.wav is a letter", ""])
async def test_what_is_no_recording_is_set_aside_with_its_reason(
    rows: MemoryMessages,
    bus: Bus,
    decoder: DecoderProcess,
    settings: VoicemailSettings,
    tmp_path: Path,
    whisper: Path,
    text: str,
) -> None:
    models_with(settings.models_dir, whisper)
    (tmp_path / "message.wav").write_text(text)
    row = rows.add(message(Path("message.wav")))
    async with working(rows, bus, decoder, settings):
        await comes_to(row, MessageState.UNREADABLE)
    assert row.reason is not None
    assert row.reason.endswith((".", ")."))


async def test_silence_is_marked_as_no_speech(
    rows: MemoryMessages,
    bus: Bus,
    decoder: DecoderProcess,
    settings: VoicemailSettings,
    tmp_path: Path,
    whisper: Path,
) -> None:
    models_with(settings.models_dir, whisper)
    soundfile.write(tmp_path / "message.wav", speech.silence(4.0), 8_000)
    row = rows.add(message(Path("message.wav")))
    async with working(rows, bus, decoder, settings):
        await comes_to(row, MessageState.NO_SPEECH)


async def test_without_a_model_a_message_waits_and_is_read_when_one_arrives(
    rows: MemoryMessages,
    bus: Bus,
    decoder: DecoderProcess,
    settings: VoicemailSettings,
    tmp_path: Path,
    whisper: Path,
) -> None:
    row = korean_message(rows, tmp_path)
    async with working(rows, bus, decoder, settings):
        await comes_to(row, MessageState.WAITING_FOR_MODEL)
        models_with(settings.models_dir, whisper)
        await comes_to(row, MessageState.TRANSCRIBED)


async def test_a_model_that_does_not_load_gives_way_to_the_other_engine(
    rows: MemoryMessages,
    bus: Bus,
    decoder: DecoderProcess,
    settings: VoicemailSettings,
    tmp_path: Path,
    whisper: Path,
) -> None:
    models_with(settings.models_dir, whisper)
    for name in (
        "am/final.mdl",
        "conf/mfcc.conf",
        "conf/model.conf",
        "graph/phones/word_boundary.int",
        "graph/HCLG.fst",
    ):
        file = settings.models_dir / "vosk/it" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"damaged")
    row = korean_message(rows, tmp_path)
    async with working(rows, bus, decoder, settings):
        await comes_to(row, MessageState.TRANSCRIBED)
    assert row.transcript is not None
    assert row.transcript.engine == "whisper"


async def kill_while_decoding(decoder: DecoderProcess, row: Row, times: int) -> None:
    killed: set[int | None] = {None}
    for _ in range(times):
        await until(lambda: decoder.step is Step.DECODING and decoder.pid not in killed, PATIENCE_S, "decoding")
        assert decoder.pid is not None
        killed.add(decoder.pid)
        os.kill(decoder.pid, signal.SIGKILL)


async def test_a_message_whose_decoder_dies_once_is_read_by_the_next(
    rows: MemoryMessages,
    bus: Bus,
    decoder: DecoderProcess,
    settings: VoicemailSettings,
    tmp_path: Path,
    whisper: Path,
) -> None:
    models_with(settings.models_dir, whisper)
    row = korean_message(rows, tmp_path, "화재 노래 오렌지")
    async with working(rows, bus, decoder, settings):
        await kill_while_decoding(decoder, row, 1)
        await comes_to(row, MessageState.TRANSCRIBED)
    assert row.attempts == 2


async def test_a_message_that_kills_three_decoders_is_set_aside_as_failed(
    rows: MemoryMessages,
    bus: Bus,
    decoder: DecoderProcess,
    settings: VoicemailSettings,
    tmp_path: Path,
    whisper: Path,
) -> None:
    models_with(settings.models_dir, whisper)
    row = korean_message(rows, tmp_path, "화재 노래 오렌지")
    async with working(rows, bus, decoder, settings):
        await kill_while_decoding(decoder, row, 3)
        await comes_to(row, MessageState.FAILED)
    assert row.attempts == 3
    assert row.reason == "the decoder failed while decoding: the process ended (signal 9) (attempt 3)."


async def test_a_worker_told_to_stop_gives_its_message_back_at_once(
    rows: MemoryMessages,
    bus: Bus,
    decoder: DecoderProcess,
    settings: VoicemailSettings,
    tmp_path: Path,
    whisper: Path,
) -> None:
    models_with(settings.models_dir, whisper)
    row = korean_message(rows, tmp_path, "화재 노래 오렌지")
    async with working(rows, bus, decoder, settings) as end:
        await until(lambda: decoder.step is Step.DECODING, PATIENCE_S, "decoding")
        await end()
        assert row.state is MessageState.TO_TRANSCRIBE
        assert decoder.pid is None
    async with working(rows, bus, decoder, settings):
        await comes_to(row, MessageState.TRANSCRIBED)


async def test_a_dead_workers_message_is_done_by_another_and_only_once(
    rows: MemoryMessages,
    bus: Bus,
    decoder: DecoderProcess,
    settings: VoicemailSettings,
    tmp_path: Path,
    whisper: Path,
) -> None:
    models_with(settings.models_dir, whisper)
    row = korean_message(rows, tmp_path)
    assert await rows.claim(row.message.id, "dead", lease_s=1.0)
    async with working(rows, bus, decoder, settings):
        await comes_to(row, MessageState.TRANSCRIBED)
    assert not await rows.give_back(row.message.id, "dead", attempted=True)
    assert row.state is MessageState.TRANSCRIBED


async def test_a_worker_that_lost_its_lease_lets_go(
    rows: MemoryMessages,
    bus: Bus,
    decoder: DecoderProcess,
    settings: VoicemailSettings,
    tmp_path: Path,
    whisper: Path,
) -> None:
    models_with(settings.models_dir, whisper)
    row = korean_message(rows, tmp_path, "화재 노래 오렌지 " * 3)
    async with working(rows, bus, decoder, settings):
        await until(lambda: decoder.step is Step.DECODING, PATIENCE_S, "decoding")
        row.worker, row.lease_until = "another", CLOCK.monotonic() + PATIENCE_S
        await until(lambda: decoder.pid is None, PATIENCE_S, "letting go")
        assert (row.state, row.transcript) == (MessageState.TRANSCRIBING, None)


async def test_a_text_that_is_ready_while_the_database_is_away_is_written_when_it_is_back(
    rows: MemoryMessages, bus: Bus, decoder: DecoderProcess, settings: VoicemailSettings, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    models_with(settings.models_dir, korean=True)
    row = korean_message(rows, tmp_path, language="ko")
    tries, written = [], rows.transcribed

    async def away(*outcome: Any) -> bool:
        tries.append(outcome)
        if len(tries) < 3:
            raise ConnectionRefusedError
        return await written(*outcome)

    monkeypatch.setattr(rows, "transcribed", away)
    async with working(rows, bus, decoder, settings):
        await comes_to(row, MessageState.TRANSCRIBED)
    assert (len(tries), row.attempts) == (3, 1), "it was decoded once"


async def test_two_workers_do_each_message_once(
    rows: MemoryMessages, bus: Bus, decoder: DecoderProcess, settings: VoicemailSettings, tmp_path: Path, whisper: Path
) -> None:
    models_with(settings.models_dir, whisper)
    second = DecoderProcess(load_limit_s=PATIENCE_S, niceness=0)
    several = [korean_message(rows, tmp_path) for _ in range(4)]
    for row in several * 2:
        await bus.publish(STREAM, {"message": str(row.message.id)})
    other = settings.model_copy(update={"name": "other"})
    async with working(rows, bus, decoder, settings), working(rows, bus, second, other):
        for row in several:
            await comes_to(row, MessageState.TRANSCRIBED)
    await second.close()
    assert [row.attempts for row in several] == [1, 1, 1, 1]
