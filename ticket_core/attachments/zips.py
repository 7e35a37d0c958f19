"""The names in a ZIP file, without unpacking anything and with a bound on what is read (source: APPNOTE.TXT 4.3.12, 4.3.16)."""

from __future__ import annotations

import struct
from typing import BinaryIO

LONGEST_END = 22 + 65535
LONGEST_DIRECTORY = 1 << 20
"""Bytes; a document has a few dozen entries, what has more is no document."""

_END = struct.Struct("<4s4xHHII2x")
_ENTRY = struct.Struct("<4s24xHHH12x")


def entry_names(content: BinaryIO) -> frozenset[str]:
    """Names of the entries of a seekable file; none when it is no ZIP, is damaged, or has more than a document has."""
    size = content.seek(0, 2)
    content.seek(max(0, size - LONGEST_END))
    tail = content.read(LONGEST_END)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        return frozenset()
    _, _, _, length, begins = _END.unpack_from(tail, at)
    if length > LONGEST_DIRECTORY or begins + length > size:
        return frozenset()
    content.seek(begins)
    return frozenset(_names(content.read(length)))


def _names(directory: bytes) -> list[str]:
    names, at = [], 0
    while at + _ENTRY.size <= len(directory):
        mark, name, extra, comment = _ENTRY.unpack_from(directory, at)
        if mark != b"PK\x01\x02":
            break
        at += _ENTRY.size
        names.append(directory[at : at + name].decode("utf-8", "replace"))
        at += name + extra + comment
    return names
