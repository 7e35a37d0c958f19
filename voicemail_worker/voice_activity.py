"""Does anybody speak? Silero's voice activity detector, whose network `faster_whisper` carries along."""

from __future__ import annotations

import numpy as np
import soxr
from faster_whisper.vad import VadOptions, get_speech_timestamps

from voicemail_worker.model import Sound

RATE = 16_000
"""Hz; the network knows no other."""

SHORTEST_WORD_MS = 200


def is_speech(sound: Sound) -> bool:
    """Whether there is at least one word's worth of speech.

    Asked before any engine: they invent words for tones and noise, and spend as long on silence as on speech.
    """
    samples = np.asarray(soxr.resample(sound.samples, sound.rate, RATE), dtype=np.float32)
    options = VadOptions(min_speech_duration_ms=SHORTEST_WORD_MS)
    return bool(get_speech_timestamps(samples, options, RATE))
