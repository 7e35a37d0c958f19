"""What callers say: speech that no other caller says, and how much of it a recording holds."""

from __future__ import annotations

from random import Random

import numpy as np
from numpy.typing import NDArray

from pbx.robot.ear import correlation

RATE_HZ = 8000
PIECE_S = 0.5
BLOCK_S = 1.0
SAME = 0.8
# The first second may fall on the beep, and `Record()` takes the last quarter of a second away with the key that ends it.
HEAD_S, TAIL_S = 1.0, 0.5

Samples = NDArray[np.int16]


def a_voice(material: Samples, who: str, seconds: float) -> Samples:
    """Half seconds of `material` in an order that is `who`'s alone: 8 kHz 16-bit mono, `seconds` long."""
    piece = int(PIECE_S * RATE_HZ)
    pieces = [material[at : at + piece] for at in range(0, len(material) - piece, piece)]
    loud = [one for one in pieces if np.abs(one.astype(np.float64)).mean() > 200]
    chance = Random(who)
    count = int(np.ceil(seconds / PIECE_S))
    order: list[int] = []
    while len(order) < count:
        order += chance.sample(range(len(loud)), len(loud))
    return np.concatenate([loud[number] for number in order[:count]])[: int(seconds * RATE_HZ)]


def missing_s(said: Samples, kept: Samples, lost_s: float = TAIL_S) -> list[float]:
    """The seconds of what was said that `kept` does not hold, by their beginnings; the last `lost_s` are not asked for.

    A second whose sound is there but for one packet or so is there: see `_is_frayed`.
    """
    block = int(BLOCK_S * RATE_HZ)
    heard = np.concatenate((kept.astype(np.float64), np.zeros(block)))
    last = len(said) - int(lost_s * RATE_HZ) - block
    missing, found_at = [], 0
    for at in range(int(HEAD_S * RATE_HZ), last + 1, block):
        wanted = said[at : at + block].astype(np.float64)
        scores = correlation(heard, wanted)
        if len(scores) and scores.max() >= SAME:
            found_at = int(np.argmax(scores))
        elif not _is_frayed(heard[found_at:], wanted):
            missing.append(at / RATE_HZ)
    return missing


def _is_frayed(after: NDArray[np.float64], wanted: NDArray[np.float64]) -> bool:
    """Whether a second follows with a packet (20 ms) lost or late: its fifths are there in order, and all but one are whole.

    One packet less shifts what comes after it, so that the second as a whole is like nothing.
    """
    fifth = len(wanted) // 5
    at, whole = 0, 0
    for begins in range(0, len(wanted) - fifth + 1, fifth):
        reach = after[at : at + 2 * len(wanted)]
        scores = correlation(reach, wanted[begins : begins + fifth])
        if len(scores) and scores.max() >= SAME:
            whole += 1
            at += int(np.argmax(scores)) + fifth // 2
    return whole >= 4
