"""The header of a WAV file whose writer was killed: its two lengths are written when it is closed, and say 0 until then.

Source: the RIFF layout of a canonical PCM file, 44 bytes before the first sample.
"""

from __future__ import annotations

from pathlib import Path

HEADER_BYTES = 44
RIFF_LENGTH_AT, DATA_LENGTH_AT, DATA_NAME_AT = 4, 40, 36
LARGEST = 2**32 - 1


def mend_lengths(path: Path) -> bool:
    """Write the true lengths into a canonical WAV file whose header has others; tells whether it did. Raises OSError."""
    size = path.stat().st_size
    if not HEADER_BYTES <= size <= LARGEST:
        return False
    with path.open("r+b") as file:
        header = file.read(HEADER_BYTES)
        if header[:4] != b"RIFF" or header[DATA_NAME_AT:DATA_LENGTH_AT] != b"data":
            return False
        lengths = {RIFF_LENGTH_AT: size - 8, DATA_LENGTH_AT: size - HEADER_BYTES}
        wrong = {at: n for at, n in lengths.items() if int.from_bytes(header[at : at + 4], "little") != n}
        for at, length in wrong.items():
            file.seek(at)
            file.write(length.to_bytes(4, "little"))
    return bool(wrong)
