"""A-law, the sound of European telephony (ITU-T G.711), by table."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]


def _expand() -> Samples:
    code = np.arange(256, dtype=np.int32) ^ 0x55
    exponent, mantissa = (code >> 4) & 7, code & 15
    magnitude = np.where(exponent == 0, (mantissa << 4) + 8, ((mantissa << 4) + 0x108) << np.maximum(exponent - 1, 0))
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.int16)


_DECODE = _expand()
_ORDER = np.argsort(_DECODE, kind="stable")
_SORTED = _DECODE[_ORDER].astype(np.int32)
SILENCE = 0xD5


def decode(payload: bytes) -> Samples:
    """A-law bytes to 16-bit samples."""
    return _DECODE[np.frombuffer(payload, dtype=np.uint8)]


def encode(samples: Samples) -> bytes:
    """16-bit samples to the nearest A-law bytes."""
    wanted = samples.astype(np.int32)
    upper = np.clip(np.searchsorted(_SORTED, wanted), 1, 255)
    nearer_below = wanted - _SORTED[upper - 1] <= _SORTED[upper] - wanted
    return _ORDER[np.where(nearer_below, upper - 1, upper)].astype(np.uint8).tobytes()
