"""`python -m voicemail_worker` on real rows: killed while it decodes, or told to stop, each message gets its text once."""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from foundation.clock import SystemClock
from foundation.database import Database
from foundation.process import EXIT_SETTINGS
from tests import speech
from tests.polling import until
from tests.practices import CODES, COUNTING
from tests.processes import Run, Running
from tests.voicemail import models_with, packaged_whisper, redis_server
from ticket_core.model import Audio, Message, MessageState
from ticket_core.service import Practices

PATIENCE_S = 240.0  # the decoder lets everything else go first
Start = Callable[..., Running]


@pytest.fixture
def practices(database: Database) -> Practices:
    return Practices(database, SystemClock(), COUNTING, CODES)


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Iterator[dict[str, str]]:
    models_with(tmp_path / "models", packaged_whisper(tmp_path / "made"))
    with tempfile.TemporaryDirectory(prefix="redis-") as folder, redis_server(Path(folder) / "redis.sock") as url:
        yield {
            "CENTRALINO_DATABASE__URL": database_url,
            "CENTRALINO_REDIS__URL": url,
            "CENTRALINO_CODES__KEY": "a key for tests alone",
            "CENTRALINO_AUDIO__FOLDER": str(tmp_path),
            "CENTRALINO_VOICEMAIL__MODELS_DIR": str(tmp_path / "models"),
            "CENTRALINO_VOICEMAIL__LEASE_S": "2",
            "CENTRALINO_VOICEMAIL__SWEEP_S": "0.3",
        }


@pytest.fixture
def start(run: Run, settings: dict[str, str]) -> Start:
    def worker(**others: str) -> Running:
        return run("voicemail_worker", settings | others)

    return worker


async def waiting_message(practices: Practices, folder: Path) -> UUID:
    message_id = uuid4()
    await practices.open_message(message_id, uuid4(), "it", None, "take-1")
    file = speech.korean_speech("화재 노래 오렌지 " * 2, folder / f"{message_id}.wav")
    await practices.file_message(message_id, Audio(file.name, 9.0, 8.0))
    return message_id


async def look(practices: Practices, message_id: UUID) -> Message:
    message = await practices.message(message_id)
    assert message is not None
    return message


async def comes_to(practices: Practices, message_id: UUID, state: MessageState) -> None:
    async def is_there() -> bool:
        return (await look(practices, message_id)).state is state

    await until(is_there, PATIENCE_S, str(state))


async def test_a_worker_killed_mid_decoding_leaves_the_message_to_the_next_which_does_it_once(
    practices: Practices, start: Start, tmp_path: Path
) -> None:
    message_id = await waiting_message(practices, tmp_path)
    with start() as first:
        await comes_to(practices, message_id, MessageState.TRANSCRIBING)
        first.send_signal(signal.SIGKILL)
        first.wait()
    assert (await look(practices, message_id)).state is MessageState.TRANSCRIBING
    with start():
        await comes_to(practices, message_id, MessageState.TRANSCRIBED)
    message = await look(practices, message_id)
    assert message.attempts == 2
    assert message.transcript is not None
    assert message.transcript.engine == "whisper"
    assert message.practice_id is not None
    practice = await practices.practice(message.practice_id)
    assert practice is not None
    assert [entry.what for entry in practice.history].count("transcribed") == 1


async def test_a_worker_told_to_stop_gives_the_message_back_and_ends_well(
    practices: Practices, start: Start, tmp_path: Path
) -> None:
    message_id = await waiting_message(practices, tmp_path)
    with start() as worker:
        await comes_to(practices, message_id, MessageState.TRANSCRIBING)
        worker.terminate()
        assert worker.wait(20) == 0
    assert (await look(practices, message_id)).state is MessageState.TO_TRANSCRIBE
    log = (tmp_path / "log").read_text()
    assert "Traceback" not in log


def test_without_its_folder_of_recordings_the_worker_says_so_and_does_not_start(start: Start, tmp_path: Path) -> None:
    with start(CENTRALINO_AUDIO__FOLDER="/nowhere/audio") as worker:
        assert worker.wait(30) == EXIT_SETTINGS
    log = (tmp_path / "log").read_text("utf-8")
    assert "/nowhere/audio is not there" in log
    assert "Traceback" not in log
