"""The values of this room: an installed model, a sound, a job for the decoder and what can come of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ticket_core.model import Transcript

Pcm = NDArray[np.int16]
"""One channel, 16-bit signed samples, shape (n,): the only thing an engine is ever given."""


class EngineName(StrEnum):
    """What can turn speech into text."""

    VOSK = "vosk"
    WHISPER = "whisper"


class ModelError(Exception):
    """A speech model is missing, broken or cannot be installed: the text names the cause and the way out."""


@dataclass(frozen=True)
class Installed:
    """A model folder as found on disk.

    `language` is None for a model that knows several. `stamp` changes when the folder is replaced. `fault` says, in
    one sentence with the way out, why it cannot be used; None when nothing is missing.
    """

    engine: EngineName
    language: str | None
    folder: Path
    name: str
    stamp: str
    fault: str | None = None


@dataclass(frozen=True, eq=False)
class Sound:
    """One channel of floats in -1..1, shape (n,), at `rate` Hz."""

    samples: NDArray[np.float32]
    rate: int

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return len(self.samples) / self.rate


@dataclass(frozen=True)
class Job:
    """One recording to decode with one model; a recording over `longest_s` seconds is refused."""

    audio: Path
    language: str
    model: Installed
    longest_s: float


@dataclass(frozen=True)
class Transcribed:
    """Speech was found and the engine has read it; its text is empty where it understood no word."""

    transcript: Transcript


@dataclass(frozen=True)
class NoSpeech:
    """Nobody speaks in the recording."""


@dataclass(frozen=True)
class Unreadable:
    """The recording cannot be read as sound; `reason` is a sentence."""

    reason: str


@dataclass(frozen=True)
class ModelBroken:
    """The model did not load: the message is not to blame."""

    reason: str


@dataclass(frozen=True)
class Died:
    """The decoder process ended or was ended before it answered."""

    reason: str


Outcome = Transcribed | NoSpeech | Unreadable | ModelBroken | Died
