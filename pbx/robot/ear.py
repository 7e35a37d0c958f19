"""What was heard: finds known prompts in a stretch of audio by normalised cross-correlation.

Search runs at 2 kHz, where speech has most of its energy, and each find is confirmed at the full 8 kHz.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import soxr
from numpy.typing import NDArray

RATE_HZ = 8000
COARSE_HZ = 2000
STEP = RATE_HZ // COARSE_HZ
COARSE_ENOUGH = 0.75
SURE = 0.9
LOUD_ENOUGH = 30.0  # mean square root below which a stretch is silence, in 16-bit units

Floats = NDArray[np.float64]


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
        return np.zeros(0)
    return np.asarray(soxr.resample(np.asarray(samples, dtype=np.float64), RATE_HZ, COARSE_HZ), dtype=np.float64)


def correlation(audio: Floats, template: Floats) -> Floats:
    """Correlation (-1..1) of `template` with `audio` at every offset where it fits whole."""
    n, m = len(audio), len(template)
    if m == 0 or n < m:
        return np.zeros(0)
    size = 1 << (n + m - 1).bit_length()
    product = np.fft.irfft(np.fft.rfft(audio, size) * np.conj(np.fft.rfft(template, size)), size)[: n - m + 1]
    return _normalised(audio, template, product)


def _normalised(audio: Floats, template: Floats, product: Floats) -> Floats:
    m = len(template)
    energy = np.concatenate(([0.0], np.cumsum(audio**2)))
    local = np.sqrt(np.maximum(energy[m:] - energy[:-m], 0.0))
    floor = LOUD_ENOUGH * np.sqrt(m)
    scores = product / (np.maximum(local, floor) * max(float(np.linalg.norm(template)), floor))
    return np.asarray(scores, dtype=np.float64)


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
        scores = correlation(coarse(np.concatenate((audio, np.zeros(RATE_HZ // 10, dtype=np.int16)))), coarse(part))
        if not len(scores):
            return 0.0, 0.0
        at = int(np.argmax(scores))
        return float(scores[at]), (at * STEP + len(part)) / RATE_HZ

    def all_in(self, audio: NDArray[np.int16]) -> list[Heard]:
        """Every known prompt heard in `audio`, in order of time; where two claim one stretch, the longer that fits wins."""
        # A call that ends with a prompt may lack its last milliseconds: silence stands in for them.
        whole = np.concatenate((np.asarray(audio, dtype=np.float64), np.zeros(RATE_HZ // 2)))
        small = coarse(whole)
        found = [hit for name in self._prompts for hit in self._hits(whole, small, name)]
        # Score weighed by length: a long prompt contains sounds of short ones, never the other way round.
        found.sort(key=lambda hit: (hit.end_s - hit.start_s) * hit.score, reverse=True)
        kept: list[Heard] = []
        for hit in found:
            if all(hit.end_s <= other.start_s + 0.05 or hit.start_s >= other.end_s - 0.05 for other in kept):
                kept.append(hit)
        return sorted(kept, key=lambda hit: hit.start_s)

    def _hits(self, whole: Floats, small: Floats, name: str) -> list[Heard]:
        template = self._prompts[name]
        scores = correlation(small, self._coarse[name])
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
