"""From text to telephone sound: 8 kHz 16-bit mono WAV, cut tight, at one loudness, so that pieces join into a sentence."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from phone.catalogue import BEEP, LONG_PAUSE, SHORT_PAUSE, voice_language
from phone.music import waiting_music

RATE_HZ = 8000
PROCESSING = "1"  # part of the cache key: raise it when the sound of the same text changes
EDGE_S = 0.06
FADE_S = 0.005
QUIET = 0.01
LOUDNESS = 0.11  # root mean square of the spoken part, full scale 1
PEAK = 0.84
FRAME = 160  # samples in a packet: a prompt of whole packets leaves no gap in the sequence
BEEP_S, BEEP_HZ = 0.25, 1000.0
PAUSES_S = {SHORT_PAUSE: 0.25, LONG_PAUSE: 0.6}

Floats = NDArray[np.float64]


class VoiceError(Exception):
    """A text could not be rendered, or a studio recording not read: the text names which and why."""


class Voice(Protocol):
    """Speaks."""

    name: str

    def speak(self, text: str, language: str, target: Path) -> None:
        """Write the text as a WAV file of any rate. Raises `VoiceError`."""
        ...


class PicoVoice:
    """SVOX Pico. `prefix` is put before the command where it runs in a root file system that sees the target's folder."""

    name = "pico"
    _voices = {"it": "it-IT", "en": "en-GB"}  # noqa: RUF012

    def __init__(self, prefix: Sequence[str] = ()) -> None:
        self._prefix = list(prefix)

    def speak(self, text: str, language: str, target: Path) -> None:
        _run([*self._prefix, "pico2wave", "-l", self._voices[language], "-w", str(target), text], target)


class EspeakVoice:
    """espeak-ng: understood less well, but in Debian's main component."""

    name = "espeak-ng"

    def speak(self, text: str, language: str, target: Path) -> None:
        _run(["espeak-ng", "-v", language, "-s", "150", "-w", str(target), text], target)


def _run(command: Sequence[str], target: Path) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise VoiceError(f"the voice could not speak: {error}") from None
    if done.returncode != 0 or not target.exists():
        raise VoiceError(f"the voice could not speak (code {done.returncode}): {done.stderr.strip()[-200:]}")


def render(texts: Mapping[str, str], language: str, voice: Voice, sounds: Path, cache: Path, studio: Path) -> int:
    """Put each prompt into `sounds`/LANGUAGE/NAME.wav, a studio recording where there is one; returns how many were spoken now.

    Raises `VoiceError`. A sound is written whole before it is seen, so a call in progress never plays half of one.
    """
    folder = sounds / language
    folder.mkdir(parents=True, exist_ok=True)
    spoken_now = 0
    for name, text in texts.items():
        recorded = studio / language / f"{name}.wav"
        if recorded.exists():
            _publish(prepare(*_read(recorded)), folder / f"{name}.wav")
            continue
        key = hashlib.sha256(
            "\0".join((PROCESSING, voice.name, voice_language(language, name), text)).encode()
        ).hexdigest()
        kept = cache / f"{key}.wav"
        if not kept.exists():
            _publish(_speak(voice, text, voice_language(language, name), cache), kept)
            spoken_now += 1
        _copy(kept, folder / f"{name}.wav")
    return spoken_now


def render_tones(language: str, sounds: Path) -> None:
    """Put the sounds that are no speech beside the prompts."""
    folder = sounds / language
    folder.mkdir(parents=True, exist_ok=True)
    moments = np.arange(int(BEEP_S * RATE_HZ)) / RATE_HZ
    _publish(_faded(0.35 * np.sin(2 * np.pi * BEEP_HZ * moments)), folder / f"{BEEP}.wav")
    for name, seconds in PAUSES_S.items():
        _publish(np.zeros(int(seconds * RATE_HZ)), folder / f"{name}.wav")


def render_music(sounds: Path, studio: Path) -> None:
    """Put what callers in line hear into `sounds`/music, a studio recording where there is one (studio/music.wav)."""
    folder, recorded = sounds / "music", studio / "music.wav"
    folder.mkdir(parents=True, exist_ok=True)
    _publish(prepare(*_read(recorded)) if recorded.exists() else waiting_music(), folder / "waiting.wav")


def _speak(voice: Voice, text: str, language: str, work: Path) -> Floats:
    work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=work) as folder:
        spoken = Path(folder) / "spoken.wav"
        voice.speak(text, language, spoken)
        return prepare(*_read(spoken))


def _read(path: Path) -> tuple[Floats, int]:
    try:
        samples, rate = soundfile.read(path, dtype="float64", always_2d=True)
    except (soundfile.SoundFileError, OSError) as error:
        raise VoiceError(f"{path} is no sound that can be read: {error}. Put a WAV file there, or remove it.") from None
    if not len(samples) or not np.abs(samples).max():
        raise VoiceError(f"{path} holds no sound. Record it again, or remove it.")
    return samples.mean(axis=1), int(rate)


def prepare(samples: Floats, rate: int) -> Floats:
    """Telephone rate, edges cut to `EDGE_S` of near silence, one loudness, whole packets."""
    if rate != RATE_HZ:
        samples = np.asarray(soxr.resample(samples, rate, RATE_HZ, quality="VHQ"), dtype=np.float64)
    loud = np.flatnonzero(np.abs(samples) > QUIET * np.abs(samples).max())
    edge = int(EDGE_S * RATE_HZ)
    samples = samples[max(0, loud[0] - edge) : loud[-1] + edge]
    voiced = samples[np.abs(samples) > QUIET * np.abs(samples).max()]
    gain = min(LOUDNESS / float(np.sqrt(np.mean(voiced**2))), PEAK / float(np.abs(samples).max()))
    return _faded(samples * gain)


def _faded(samples: Floats) -> Floats:
    ramp = np.linspace(0, 1, int(FADE_S * RATE_HZ))
    samples = samples.copy()
    samples[: len(ramp)] *= ramp
    samples[-len(ramp) :] *= ramp[::-1]
    return np.concatenate((samples, np.zeros(-len(samples) % FRAME)))


def _publish(samples: Floats, target: Path) -> None:
    with tempfile.NamedTemporaryFile(dir=target.parent, suffix=".unfinished", delete=False) as unfinished:
        soundfile.write(unfinished, samples, RATE_HZ, subtype="PCM_16", format="WAV")
    os.chmod(unfinished.name, 0o644)
    Path(unfinished.name).replace(target)


def _copy(source: Path, target: Path) -> None:
    if (
        target.exists()
        and target.stat().st_size == source.stat().st_size
        and target.read_bytes() == source.read_bytes()
    ):
        return
    unfinished = target.with_suffix(".unfinished")
    shutil.copyfile(source, unfinished)
    unfinished.chmod(0o644)
    unfinished.replace(target)
