"""Whatever a PBX or its crash left on disk: `voicemail_worker.audio` and the voice activity before any engine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests import speech
from voicemail_worker import audio, voice_activity
from voicemail_worker.model import Sound

LONGEST_S = 60.0


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "message.wav"


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT", "ULAW", "ALAW", "GSM610"])
def test_every_format_a_pbx_writes_is_read(file: Path, subtype: str) -> None:
    soundfile.write(file, speech.tone(2.0), 8_000, subtype=subtype)
    sound = audio.read(file, LONGEST_S)
    assert sound.rate == 8_000
    assert sound.seconds == pytest.approx(2.0, abs=0.05)
    assert np.abs(sound.samples).max() == pytest.approx(0.5, abs=0.1)


def test_both_sides_of_a_stereo_recording_are_heard(file: Path) -> None:
    left = np.stack([speech.tone(1.0), speech.silence(1.0)], axis=1)
    soundfile.write(file, left, 8_000)
    sound = audio.read(file, LONGEST_S)
    assert sound.samples.shape == (8_000,)
    assert np.abs(sound.samples).max() == pytest.approx(0.25, abs=0.01)


@pytest.mark.parametrize("subtype", ["PCM_16", "ULAW"])
def test_a_recording_whose_header_still_says_zero_is_read_whole(file: Path, subtype: str) -> None:
    soundfile.write(file, speech.tone(2.0), 8_000, subtype=subtype)
    speech.with_header_of_an_unfinished_recording(file)
    assert len(soundfile.read(file)[0]) == 0
    sound = audio.read(file, LONGEST_S)
    assert sound.seconds == pytest.approx(2.0)
    assert np.abs(sound.samples).max() == pytest.approx(0.5, abs=0.02)


def test_a_truncated_recording_is_read_as_far_as_it_goes(file: Path) -> None:
    soundfile.write(file, speech.tone(2.0), 8_000, subtype="PCM_16")
    file.write_bytes(file.read_bytes()[:20_001])
    assert audio.read(file, LONGEST_S).seconds == pytest.approx(1.25, abs=0.01)


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"", "empty file"),
        (b"this is a letter, not a voice. " * 200, "not a recording"),
        (np.random.default_rng(7).bytes(40_000), "not a recording"),
        (b"RIFF\0\0\0\0WAVEfmt ", "not a recording"),
        (b"\0" * 5_000, "not a recording"),
    ],
)
def test_what_is_no_recording_is_refused_with_a_sentence(file: Path, content: bytes, cause: str) -> None:
    file.write_bytes(content)
    with pytest.raises(audio.UnreadableAudio, match=cause):
        audio.read(file, LONGEST_S)


def test_a_header_with_no_sound_behind_it_is_refused_with_a_sentence(file: Path) -> None:
    soundfile.write(file, speech.silence(0), 8_000, subtype="PCM_16")
    with pytest.raises(audio.UnreadableAudio, match="no sound behind it"):
        audio.read(file, LONGEST_S)


def test_a_missing_recording_is_refused_with_a_sentence(file: Path) -> None:
    with pytest.raises(audio.UnreadableAudio, match="not in the audio folder"):
        audio.read(file, LONGEST_S)


@pytest.mark.parametrize("rate", [0, 1, 400_000])
def test_a_sample_rate_on_which_an_engine_would_hang_is_refused(file: Path, rate: int) -> None:
    soundfile.write(file, speech.tone(1.0), 8_000, subtype="PCM_16")
    speech.with_sample_rate(file, rate)
    with pytest.raises(audio.UnreadableAudio):
        audio.read(file, LONGEST_S)


@pytest.mark.parametrize("unfinished", [False, True])
def test_a_recording_over_the_longest_is_refused_before_it_fills_the_memory(file: Path, unfinished: bool) -> None:
    soundfile.write(file, speech.silence(5.0), 8_000, subtype="PCM_16")
    if unfinished:
        speech.with_header_of_an_unfinished_recording(file)
    with pytest.raises(audio.UnreadableAudio, match="longest_s"):
        audio.read(file, longest_s=4.0)


def test_numbers_that_are_no_numbers_become_silence(file: Path) -> None:
    samples = speech.tone(1.0)
    samples[100:200] = np.nan
    samples[200:300] = np.inf
    soundfile.write(file, samples, 8_000, subtype="FLOAT")
    assert np.isfinite(audio.read(file, LONGEST_S).samples).all()


def test_a_quiet_caller_is_brought_to_full_level() -> None:
    quiet = Sound(speech.tone(1.0) * np.float32(0.02), 8_000)
    loud = audio.pcm(audio.normalised(quiet))
    assert loud.dtype == np.int16
    assert np.abs(loud.astype(int)).max() == pytest.approx(0.9 * 32767, abs=40)
    assert not audio.pcm(audio.normalised(Sound(speech.silence(1.0), 8_000))).any()


def noise(level: float) -> Sound:
    return Sound((np.random.default_rng(3).standard_normal(24_000) * level).astype(np.float32), 8_000)


@pytest.mark.parametrize(
    "sound",
    [
        Sound(speech.silence(3.0), 8_000),
        Sound(speech.silence(0.01), 8_000),
        Sound(speech.tone(3.0), 8_000),
        Sound(np.sign(speech.tone(3.0)), 8_000),
        noise(0.01),
        noise(0.3),
    ],
    ids=["silence", "a click's length", "dial tone", "square wave", "quiet noise", "loud noise"],
)
def test_tones_noise_and_silence_are_no_speech(sound: Sound) -> None:
    assert not voice_activity.is_speech(sound)


@pytest.mark.parametrize("level", [1.0, 0.05])
def test_one_word_is_speech_loud_or_quiet(file: Path, level: float) -> None:
    sound = audio.read(speech.korean_speech("오렌지", file), LONGEST_S)
    assert voice_activity.is_speech(Sound(sound.samples * np.float32(level), sound.rate))
