"""Where content is kept, whatever keeps it: a folder (`folder.py`) or an S3-compatible service (`s3.py`)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from ticket_core.attachments.model import Attachment


@dataclass(frozen=True)
class Blob:
    """Content by its digest (64 lower-case hex digits) and size in bytes."""

    sha256: str
    bytes: int


@dataclass(frozen=True)
class StoredBlob:
    """Content as a store lists it; `stored_at`: when it was last put, by the store's own clock."""

    sha256: str
    bytes: int
    stored_at: datetime


class BlobError(Exception):
    """The content store cannot do what was asked of it."""


class BlobMissing(BlobError):
    """The store has no content of this digest."""


class BlobDamaged(BlobError):
    """The stored content is not what its digest says: it changed on the disk or on the way."""


class NoRoom(BlobError):
    """The disk for attachments is full: nothing was kept. Free some space, then send the document again."""


class StoreAway(BlobError):
    """The content store does not answer, or refuses us: nothing was kept. Look at its address, its keys and its health."""


class Readable(Protocol):
    """What content is read from."""

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes; none at the end."""
        ...


class Note(Protocol):
    """Told of each attachment that is added or erased, once, in the transaction that does it: what it raises undoes the change."""

    async def __call__(self, session: AsyncSession, attachment: Attachment) -> None:
        """`attachment.erased_at` tells which of the two it is; `erased_by`, `erased_because`, `author` and `source` the rest."""
        ...


class BlobStore(Protocol):
    """Content under its SHA-256. Blocking: call it from a thread. No verb holds a whole file in memory.

    Every verb raises `StoreAway`, and `ValueError` for what is no digest.
    """

    def put(self, content: BinaryIO) -> Blob:
        """Keep a seekable file's content, from its start, for good. Raises `NoRoom`.

        Putting it again, also at the same time, keeps one whole copy, and mends one that was damaged.
        """
        ...

    def open(self, sha256: str) -> AbstractContextManager[Iterator[bytes]]:
        """The content in pieces. Raises `BlobMissing`; `BlobDamaged` before the last piece, so that no damaged content looks whole."""
        ...

    def exists(self, sha256: str) -> bool:
        """Whether there is content of this digest; it is not read."""
        ...

    def remove(self, sha256: str) -> None:
        """Remove the content; harmless when it is gone."""
        ...

    def list(self) -> Iterator[StoredBlob]:
        """All that is kept, in the order of the digests."""
        ...

    def tidy(self, before: datetime) -> int:
        """Remove what writers that died before this instant left unfinished; returns how many."""
        ...
