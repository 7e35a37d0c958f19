"""What is cut into pieces is understood when the pieces are played one after another: spoken by the prompts' voice, heard by Whisper."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from centralino.obtain import asterisk_root
from centralino.settings import Folders, UpSettings
from centralino.setup import choose_voice
from phone.catalogue import catalogue
from phone.spoken import spoken_phone, spoken_position, spoken_wait
from phone.voice import RATE_HZ, render, render_tones
from tests.voicemail import packaged_whisper
from voicemail_worker.whisper_engine import WhisperEngine

SILENCE = np.zeros(RATE_HZ // 2, np.int16)

IN_LINE = (*spoken_position(27), *spoken_wait(12, 18))
CALLED_BACK = ("callback-number", *spoken_phone("+393331234567"), "pause-short", "callback-confirm")


@pytest.fixture(scope="module")
def ear(tmp_path_factory: pytest.TempPathFactory) -> WhisperEngine:
    return WhisperEngine(packaged_whisper(tmp_path_factory.mktemp("models")), "base")


@pytest.mark.parametrize(
    ("names", "language", "words"),
    [
        (IN_LINE, "it", ("numero 27", "10", "20", "minuti")),
        (IN_LINE, "en", ("number 27", "10", "20", "minutes")),
        (CALLED_BACK, "it", ("richiameremo", "3 3 3 1 2 3 4 5 6 7", "altro numero")),
        (CALLED_BACK, "en", ("call you back", "3 3 3 1 2 3 4 5 6 7", "another number")),
    ],
    ids=["place-it", "place-en", "number-it", "number-en"],
)
def test_a_caller_understands_their_place_the_wait_and_the_number_they_will_be_called_at(
    ear: WhisperEngine, tmp_path: Path, names: tuple[str, ...], language: str, words: tuple[str, ...]
) -> None:
    up = UpSettings()
    folders = Folders(up.data, up.cache)
    texts = {name: catalogue(language)[name] for name in names if not name.startswith("pause-")}
    voice = choose_voice(folders, asterisk_root(folders.cache))
    render(texts, language, voice, tmp_path, folders.prompts, folders.studio)
    render_tones(language, tmp_path)
    pieces = [soundfile.read(tmp_path / language / f"{name}.wav", dtype="int16")[0] for name in names]
    heard = ear.transcribe(np.concatenate([SILENCE, *pieces, SILENCE]), RATE_HZ, language).text
    plain = " ".join(heard.lower().replace(",", " ").replace(".", " ").split())
    assert [word for word in words if word not in plain] == [], heard
