"""What a caller hears while they wait: soft chords, computed, so that nothing has to be fetched. A studio recording replaces it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 8000
CHORD_S = 4.0
LOUDNESS = 0.08  # of full scale: quieter than speech, so that whoever is spoken to notices
A4_HZ = 440.0
# In semitones from A4: C, a minor, F, G, each low enough for a telephone's band.
CHORDS = ((-21, -9, -5, -2), (-24, -12, -9, -5), (-16, -12, -9, -4), (-14, -10, -7, -2))


def waiting_music() -> NDArray[np.float64]:
    """One round of the chords, 8 kHz, full scale 1; its end joins its beginning."""
    moments = np.arange(int(CHORD_S * RATE_HZ)) / RATE_HZ
    rounds = [sum(_note(half_tones, moments, 0.35 * n) for n, half_tones in enumerate(chord)) for chord in CHORDS]
    sound = np.concatenate(rounds)
    return np.asarray(sound * LOUDNESS / np.sqrt(np.mean(sound**2)))


def _note(half_tones: int, moments: NDArray[np.float64], begins_s: float) -> NDArray[np.float64]:
    """A plucked note that fades before the chord ends."""
    age = np.maximum(0.0, moments - begins_s)
    hertz = A4_HZ * 2.0 ** (half_tones / 12)
    tone = np.sin(2 * np.pi * hertz * age) + 0.3 * np.sin(4 * np.pi * hertz * age)
    return np.asarray(tone * np.minimum(age / 0.03, 1.0) * np.exp(-1.2 * age) * (moments < CHORD_S - 0.01))
