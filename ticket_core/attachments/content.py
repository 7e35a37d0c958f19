"""Content in pieces: digests, copies, checks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from hashlib import sha256 as new_digest

from ticket_core.attachments.ports import BlobDamaged, Readable

PIECE = 256 * 1024
"""Bytes that are held in memory at a time."""

_DIGEST = re.compile(r"[0-9a-f]{64}")


def check_digest(sha256: str) -> str:
    """Return it. Raises `ValueError` for anything else than 64 lower-case hex digits: it becomes part of a path."""
    if not _DIGEST.fullmatch(sha256):
        raise ValueError("a digest is 64 lower-case hexadecimal digits")
    return sha256


def key(sha256: str) -> str:
    """Where content is kept, relative to its store: `ab/cd/abcd...`. Raises `ValueError`."""
    return f"{check_digest(sha256)[:2]}/{sha256[2:4]}/{sha256}"


def pieces(source: Readable) -> Iterator[bytes]:
    """What is left to read, at most `PIECE` bytes at a time."""
    while piece := source.read(PIECE):
        yield piece


def digest_of(content: Iterable[bytes]) -> tuple[str, int]:
    """SHA-256 and size in bytes."""
    digest, size = new_digest(), 0
    for piece in content:
        digest.update(piece)
        size += len(piece)
    return digest.hexdigest(), size


def verified(content: Iterable[bytes], sha256: str) -> Iterator[bytes]:
    """The same pieces; the last one only once the digest fits. Raises `BlobDamaged`."""
    digest, held = new_digest(), b""
    for piece in content:
        digest.update(piece)
        if held:
            yield held
        held = piece
    if digest.hexdigest() != sha256:
        raise BlobDamaged(f"the stored content of {sha256[:12]}… is not what its digest says")
    if held:
        yield held
