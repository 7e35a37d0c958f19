"""Recordings as files: Asterisk says "finished" even where nothing could be written, so the file is what is believed."""

from __future__ import annotations

import asyncio
from pathlib import Path

RATE_HZ = 8000
BYTES_PER_SECOND = RATE_HZ * 2  # 16-bit mono
HEADER_BYTES = 44
# Asterisk counts whole seconds and rounds; a file this much shorter than it said lost audio.
TOLERANCE_S = 1.5


class BadRecording(Exception):
    """The file is missing or shorter than the PBX said: the disk was full, or the folder not writable."""


def seconds_on_disk(path: Path) -> float:
    """Length in seconds of a finished 8 kHz 16-bit WAV, by its size. Raises `BadRecording` when it is not there."""
    try:
        size = path.stat().st_size
    except OSError as error:
        raise BadRecording(f"the recording {path.name} is not on the disk: {error.strerror}") from None
    return max(0, size - HEADER_BYTES) / BYTES_PER_SECOND


async def verified_seconds(path: Path, said_s: float) -> float:
    """Length of a recording whose end was just announced, once the file agrees. Raises `BadRecording`."""
    seconds = await asyncio.to_thread(seconds_on_disk, path)
    if seconds + TOLERANCE_S < said_s:
        raise BadRecording(
            f"the recording {path.name} holds {seconds:.1f} s and the PBX recorded {said_s:.1f} s: is the disk full?"
        )
    return seconds
