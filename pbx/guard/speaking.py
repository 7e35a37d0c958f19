"""Who is being recorded: a caller who speaks into the PBX is not waiting for anybody, and must not be cut short.

Asterisk goes on recording when the application that asked for it is dead. Source, measured on Asterisk 22.10.1: the lengths in a
WAV's header are 0 until the recording ends, and the file grows every two seconds while sound comes.
"""

from __future__ import annotations

from pathlib import Path

HEADER_BYTES = 44
DATA_LENGTH_AT = 40
CALL_ID_LENGTH = 36
GROWS_WITHIN_S = 6.0


def being_recorded(folder: Path, wall: float) -> frozenset[str]:
    """The ids of the calls that have a recording under way in `folder` (`CALL_ID-TAKE.wav`) at the Unix time `wall`.

    A phone that sends no sound at all makes no recording grow: it counts as one that waits.
    """
    return frozenset(path.stem[:CALL_ID_LENGTH] for path in folder.glob("*.wav") if _is_under_way(path, wall))


def _is_under_way(path: Path, wall: float) -> bool:
    try:
        with path.open("rb") as file:
            header = file.read(HEADER_BYTES)
        grew_at = path.stat().st_mtime
    except OSError:  # filed and removed in the meantime
        return False
    is_closed = len(header) == HEADER_BYTES and any(header[DATA_LENGTH_AT:])
    return not is_closed and wall - grew_at <= GROWS_WITHIN_S
