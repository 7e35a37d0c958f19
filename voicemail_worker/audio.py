"""A recording as one channel of floats, from whatever a PBX or its crash left on disk."""

from __future__ import annotations

import os
from pathlib import Path

import av
import numpy as np
import soundfile
from numpy.typing import NDArray

from voicemail_worker import rules
from voicemail_worker.model import Pcm, Sound


class UnreadableAudio(Exception):
    """The recording cannot be read as sound: the text is a sentence that says why."""


def read(path: Path, longest_s: float) -> Sound:
    """Read a file of any format that libsndfile or FFmpeg knows, all channels mixed into one.

    A WAV whose header still says 0 (the writer was killed) or promises more than is there is read as far as it goes.
    Raises `UnreadableAudio`.
    """
    _refuse_what_holds_nothing(path)
    try:
        sound = _by_libsndfile(path, longest_s)
    except soundfile.LibsndfileError:
        sound = None
    if sound is None or len(sound.samples) == 0:
        sound = _by_ffmpeg(path, longest_s)
    if len(sound.samples) == 0:
        raise UnreadableAudio("the recording has a header and no sound behind it: nothing reached the disk.")
    return sound


def normalised(sound: Sound) -> Sound:
    """The same sound at full level: quiet callers are where Vosk gains most from it."""
    peak = float(np.abs(sound.samples).max(initial=0.0))
    return Sound(sound.samples * np.float32(rules.gain(peak)), sound.rate)


def pcm(sound: Sound) -> Pcm:
    """The sound as 16-bit samples."""
    return (np.clip(sound.samples, -1.0, 1.0) * 32767).astype(np.int16)


def _refuse_what_holds_nothing(path: Path) -> None:
    try:
        size = path.stat().st_size
        readable = path.is_file() and os.access(path, os.R_OK)
    except OSError:
        raise UnreadableAudio(
            f"the recording {path.name} is not in the audio folder: it was moved or never written."
        ) from None
    if not readable:
        raise UnreadableAudio(f"the recording {path.name} may not be read by this process: see its permissions.")
    if size == 0:
        raise UnreadableAudio("the recording is an empty file (0 bytes): nothing reached the disk.")


def _by_libsndfile(path: Path, longest_s: float) -> Sound:
    with soundfile.SoundFile(path) as file:
        _check(file.samplerate, file.frames, longest_s)
        # Counted, because "all of it" is refused for formats that cannot be searched, GSM among them.
        channels = file.read(file.frames, dtype="float32", always_2d=True)
        return Sound(_clean(channels.mean(axis=1)), file.samplerate)


def _by_ffmpeg(path: Path, longest_s: float) -> Sound:
    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                raise UnreadableAudio("the file holds no sound: it is not a recording.")
            rate = container.streams.audio[0].rate
            _check(rate, 0, longest_s)
            parts = _frames(container, rate, longest_s)
    except (av.error.FFmpegError, EOFError) as error:
        raise UnreadableAudio(
            "the file is not a recording: neither libsndfile nor FFmpeg recognises it"
            f" ({getattr(error, 'strerror', None) or 'no sound in it'})."
        ) from None
    return Sound(_clean(np.concatenate(parts)) if parts else np.zeros(0, np.float32), rate)


def _frames(container: av.container.InputContainer, rate: int, longest_s: float) -> list[NDArray[np.float32]]:
    to_mono = av.AudioResampler(format="flt", layout="mono", rate=rate)
    parts: list[NDArray[np.float32]] = []
    read = 0
    for frame in container.decode(container.streams.audio[0]):
        for mono in to_mono.resample(frame):
            parts.append(mono.to_ndarray()[0])
            read += len(parts[-1])
        _check(rate, read, longest_s)
    return parts


def _check(rate: int, samples: int, longest_s: float) -> None:
    if not rules.SLOWEST_RATE <= rate <= rules.FASTEST_RATE:
        raise UnreadableAudio(f"the recording says it has {rate} samples a second: its header is damaged.")
    if samples > longest_s * rate:
        raise UnreadableAudio(
            f"the recording lasts over {longest_s:.0f} s, the longest one transcribed (setting voicemail.longest_s)."
        )


def _clean(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    # A float file may hold NaN, on which Vosk aborts.
    return np.nan_to_num(samples, nan=0.0, posinf=1.0, neginf=-1.0).astype(np.float32)
