"""What was heard: finds known prompts in a stretch of audio by normalised cross-correlation.

One prompt is looked for at the full 8 kHz. The search for all of them in a whole call runs at 4 kHz, which keeps most of the
energy of speech, and each find is confirmed at the full rate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import soxr
from numpy.typing import NDArray

RATE_HZ = 8000
COARSE_HZ = 4000
STEP = RATE_HZ // COARSE_HZ
COARSE_ENOUGH = 0.65  # between two samples of the search rate a true match keeps 0.86 of its score, and the beep 0.71
SURE = 0.9
LOUD_ENOUGH = 30.0  # mean square root below which a stretch is silence, in 16-bit units

Floats = NDArray[np.float64] | NDArray[np.float32]


@dataclass(frozen=True)
class Heard:
    """One prompt recognised: from `start_s` to `end_s` of the call, with the correlation (at most 1)."""

    name: str
    start_s: float
    end_s: float
    score: float


def coarse(samples: NDArray[np.int16] | Floats) -> Floats:
    """Samples at 8 kHz brought down to the search rate."""
    if len(samples) < STEP * 4:
        return np.zeros(0, dtype=np.float32)
    return np.asarray(soxr.resample(np.asarray(samples, dtype=np.float32), RATE_HZ, COARSE_HZ), dtype=np.float32)


class Searched:
    """A stretch of audio in which templates are looked for: what every search needs of it is computed once."""

    def __init__(self, audio: Floats, longest: int) -> None:
        self._audio = audio
        self._size = 1 << (len(audio) + longest).bit_length()
        self._spectrum = np.fft.rfft(audio, self._size)
        self._energy = np.concatenate(([0.0], np.cumsum(np.square(audio, dtype=np.float64))))

    def correlation(self, template: Floats) -> Floats:
        """Correlation (-1..1) of `template` with the audio at every offset where it fits whole."""
        n, m = len(self._audio), len(template)
        if m == 0 or n < m:
            return np.zeros(0)
        product = np.fft.irfft(self._spectrum * np.conj(np.fft.rfft(template, self._size)), self._size)[: n - m + 1]
        local = np.sqrt(np.maximum(self._energy[m:] - self._energy[:-m], 0.0))
        floor = LOUD_ENOUGH * np.sqrt(m)
        return np.asarray(product / (np.maximum(local, floor) * max(float(np.linalg.norm(template)), floor)))


def correlation(audio: Floats, template: Floats) -> Floats:
    """As `Searched.correlation`, for one template."""
    return Searched(audio, len(template)).correlation(template)


class Ear:
    """Knows prompts by sound: `prompts` maps a name to its samples, 8 kHz 16-bit mono."""

    def __init__(self, prompts: Mapping[str, NDArray[np.int16]]) -> None:
        self._prompts: dict[str, Floats] = {}
        self._same_as: dict[str, str] = {}
        seen: dict[bytes, str] = {}
        for name, samples in prompts.items():
            # Silence is no sound to listen for, and one sound under two names is heard once.
            if len(samples) and float(np.sqrt(np.mean(np.asarray(samples, dtype=np.float64) ** 2))) > LOUD_ENOUGH:
                self._same_as[name] = seen.setdefault(samples.tobytes(), name)
                self._prompts[self._same_as[name]] = np.asarray(samples, dtype=np.float64)
        self._coarse = {name: coarse(samples) for name, samples in self._prompts.items()}

    def knows(self, name: str) -> bool:
        """Whether the prompt can be listened for."""
        return name in self._same_as

    def duration_s(self, name: str) -> float:
        """Length of a known prompt."""
        return len(self._sound(name)) / RATE_HZ

    def _sound(self, name: str) -> Floats:
        if name not in self._same_as:
            raise KeyError(f"no prompt is called '{name}': names are LANGUAGE/PROMPT, as in data/sounds")
        return self._prompts[self._same_as[name]]

    def score_in(
        self, audio: NDArray[np.int16], name: str, from_s: float = 0.0, to_s: float | None = None
    ) -> tuple[float, float]:
        """Best correlation of a part of a prompt with `audio`, and where that part ends in it, in seconds."""
        part = self._sound(name)[int(from_s * RATE_HZ) : None if to_s is None else int(to_s * RATE_HZ)]
        scores = correlation(np.concatenate((np.asarray(audio, dtype=np.float64), np.zeros(RATE_HZ // 10))), part)
        if not len(scores):
            return 0.0, 0.0
        at = int(np.argmax(scores))
        return float(scores[at]), (at + len(part)) / RATE_HZ

    def all_in(self, audio: NDArray[np.int16]) -> list[Heard]:
        """Every known prompt heard in `audio`, in order of time; where two claim one stretch, the longer that fits wins."""
        # A call that ends with a prompt may lack its last milliseconds: silence stands in for them.
        whole = np.concatenate((np.asarray(audio, dtype=np.float64), np.zeros(RATE_HZ // 2)))
        small = Searched(coarse(whole), max((len(sound) for sound in self._coarse.values()), default=0))
        found = [hit for name in self._prompts for hit in self._hits(whole, small, name)]
        # Score weighed by length: a long prompt contains sounds of short ones, never the other way round.
        found.sort(key=lambda hit: (hit.end_s - hit.start_s) * hit.score, reverse=True)
        kept: list[Heard] = []
        for hit in found:
            if all(hit.end_s <= other.start_s + 0.05 or hit.start_s >= other.end_s - 0.05 for other in kept):
                kept.append(hit)
        return sorted(kept, key=lambda hit: hit.start_s)

    def _hits(self, whole: Floats, small: Searched, name: str) -> list[Heard]:
        template = self._prompts[name]
        scores = small.correlation(self._coarse[name])
        hits = []
        while len(scores) and scores.max() > COARSE_ENOUGH:
            at = int(np.argmax(scores))
            start = max(0, at * STEP - 2 * STEP)
            fine = correlation(whole[start : start + len(template) + 4 * STEP], template)
            if len(fine) and fine.max() > SURE:
                begin = (start + int(np.argmax(fine))) / RATE_HZ
                hits.append(Heard(name, begin, begin + len(template) / RATE_HZ, round(float(fine.max()), 3)))
            reach = max(1, len(self._coarse[name]) // 2)
            scores[max(0, at - reach) : at + reach] = 0
        return hits
