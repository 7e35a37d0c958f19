"""An attentive ear for many calls at once: says which known prompt begins, as it comes, at little cost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pbx.robot.ear import COARSE_ENOUGH, COARSE_HZ, RATE_HZ, STEP, Floats, Searched, coarse, correlation

HEAD_S = 0.6
SURE = 0.85
OVERLAP_S = HEAD_S + 0.1
LONGEST_WINDOW_S = 4.0


@dataclass(frozen=True)
class Cue:
    """A prompt that began: its name, where its recognised head ends, in seconds of sound, and how sure that is (at most 1)."""

    name: str
    at_s: float
    score: float


class Cues:
    """The beginnings of prompts. `prompts` maps a name to its samples, 8 kHz 16-bit mono."""

    def __init__(self, prompts: Mapping[str, NDArray[np.int16]]) -> None:
        self._heads = {name: samples[: int(HEAD_S * RATE_HZ)].astype(np.float64) for name, samples in prompts.items()}
        self._coarse = {name: coarse(head) for name, head in self._heads.items()}

    def only(self, names: Iterable[str]) -> Cues:
        """An ear for some of them: the fewer it knows, the less it costs."""
        few = Cues({})
        few._heads = {name: self._heads[name] for name in names}
        few._coarse = {name: self._coarse[name] for name in names}
        return few

    def first_in(self, sound: NDArray[np.int16]) -> Cue | None:
        """The first prompt that begins in a stretch of sound, with its head whole; times count from the stretch's start."""
        if len(sound) < RATE_HZ // 5 or not np.any(np.abs(sound.astype(np.int32)) > 200):
            return None
        whole = sound.astype(np.float64)
        small = Searched(coarse(whole), int(HEAD_S * COARSE_HZ))
        found = [cue for name in self._heads for cue in self._found(whole, small, name)]
        first = min((cue.at_s for cue in found), default=0.0)
        # Prompts that begin with the same words claim the same moment: the better one has it.
        return max((cue for cue in found if cue.at_s < first + OVERLAP_S), key=lambda cue: cue.score, default=None)

    def _found(self, whole: Floats, small: Searched, name: str) -> Iterable[Cue]:
        scores = small.correlation(self._coarse[name])
        if not len(scores) or scores.max() < COARSE_ENOUGH:
            return
        head = self._heads[name]
        start = max(0, int(np.argmax(scores)) * STEP - 2 * STEP)
        fine = correlation(whole[start : start + len(head) + 4 * STEP], head)
        if len(fine) and fine.max() > SURE:
            yield Cue(name, (start + int(np.argmax(fine)) + len(head)) / RATE_HZ, float(fine.max()))


class Listener:
    """One call's ear: each cue is told once."""

    def __init__(self, cues: Cues) -> None:
        self._cues = cues
        self._from_s = 0.0

    def next(self, sound_s: float, since: NDArray[np.int16]) -> Cue | None:
        """The next cue in `since`, the sound from `from_s` on of a call that holds `sound_s` seconds of it."""
        cue = self._cues.first_in(since)
        if cue is not None:
            at_s = self._from_s + cue.at_s
            self._from_s = at_s - 0.05
            return Cue(cue.name, at_s, cue.score)
        self._from_s = max(self._from_s, sound_s - OVERLAP_S)
        return None

    @property
    def from_s(self) -> float:
        """Where it listens on, in seconds of sound."""
        return self._from_s
