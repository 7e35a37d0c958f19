"""Content on a folder: `ab/cd/SHA256`, files and folders that only their owner reads."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, BinaryIO

from foundation.disk import sync
from ticket_core.attachments.content import check_digest, digest_of, key, pieces, verified
from ticket_core.attachments.ports import Blob, BlobError, BlobMissing, NoRoom, StoreAway, StoredBlob

UNFINISHED = "unfinished"
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class FolderStore:
    """`ports.BlobStore` on a folder that other processes may use at the same time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._unfinished = folder / UNFINISHED

    def put(self, content: BinaryIO) -> Blob:
        with told(), self._writing() as target:
            content.seek(0)
            blob = Blob(*digest_of(_copied(content, target)))
            target.flush()
            os.fsync(target.fileno())
            self._name(Path(target.name), blob.sha256)
        return blob

    @contextmanager
    def _writing(self) -> Iterator[IO[bytes]]:
        private(self._unfinished)
        with NamedTemporaryFile(dir=self._unfinished, delete=False) as target:
            try:
                yield target.file
            finally:
                # It has another name by now, unless something went wrong.
                with suppress(FileNotFoundError):
                    os.unlink(target.name)

    def _name(self, written: Path, sha256: str) -> None:
        path = self._folder / key(sha256)
        private(path.parent)
        written.replace(path)
        sync(path.parent)

    @contextmanager
    def open(self, sha256: str) -> Iterator[Iterator[bytes]]:
        path = self._folder / key(sha256)
        try:
            file = path.open("rb")
        except FileNotFoundError:
            raise BlobMissing(f"the folder of attachments has no content {sha256[:12]}…") from None
        except OSError as error:
            raise _plain(error) from error
        with file:
            yield verified(_read(file), sha256)

    def exists(self, sha256: str) -> bool:
        with told():
            return (self._folder / key(sha256)).exists()

    def remove(self, sha256: str) -> None:
        path = self._folder / key(sha256)
        with told(), suppress(FileNotFoundError):
            path.unlink()
            sync(path.parent)

    def list(self) -> Iterator[StoredBlob]:
        with told():
            for first in _below(self._folder):
                for second in _below(first):
                    yield from _stored(second)

    def tidy(self, before: datetime) -> int:
        removed = 0
        with told():
            for path in _below(self._unfinished):
                # Another sweep, or its own writer, may be faster.
                with suppress(FileNotFoundError):
                    if path.stat().st_mtime < before.timestamp():
                        path.unlink()
                        removed += 1
        return removed


@contextmanager
def told() -> Iterator[None]:
    """An error of the disk as one of `ports.py`."""
    try:
        yield
    except OSError as error:
        raise _plain(error) from error


def _plain(error: OSError) -> BlobError:
    if error.errno in FULL:
        return NoRoom("the disk for attachments is full: nothing was kept")
    return StoreAway(f"the folder of attachments cannot be used: {os.strerror(error.errno or 0)}")


def _copied(source: BinaryIO, target: IO[bytes]) -> Iterator[bytes]:
    for piece in pieces(source):
        target.write(piece)
        yield piece


def _read(file: BinaryIO) -> Iterator[bytes]:
    with told():
        yield from pieces(file)


def private(folder: Path) -> None:
    """Make a folder and those above it, for their owner only. Raises OSError."""
    if folder.is_dir():
        return
    if not folder.parent.is_dir():
        private(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    sync(folder.parent)


def _below(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _stored(folder: Path) -> Iterator[StoredBlob]:
    for path in _below(folder):
        with suppress(FileNotFoundError, ValueError):
            status = path.stat()
            yield StoredBlob(check_digest(path.name), status.st_size, datetime.fromtimestamp(status.st_mtime, UTC))
