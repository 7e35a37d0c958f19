"""A document on its way in: copied to a file without a name, so that a crash leaves nothing, and looked at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO, cast

from ticket_core.attachments.content import digest_of, pieces
from ticket_core.attachments.folder import private, told
from ticket_core.attachments.kinds import HEAD, Kind, recognise
from ticket_core.attachments.names import extension_of
from ticket_core.attachments.ports import Readable
from ticket_core.attachments.zips import entry_names


@dataclass(frozen=True)
class Arrived:
    """A document that is all here. `bytes` is its size, or more than `at_most` when reading stopped there; `kind` None: nothing known."""

    content: BinaryIO
    sha256: str
    bytes: int
    kind: Kind | None


@contextmanager
def arriving(stream: Readable, name: str, folder: Path, at_most: int) -> Iterator[Arrived]:
    """Read a document to its end, or until it has more than `at_most` bytes. Blocking. Raises `NoRoom`, `StoreAway`.

    `folder` is where it waits: on a disk, for `/tmp` may be memory.
    """
    with told():
        private(folder)
        content = cast(BinaryIO, TemporaryFile(dir=folder))  # noqa: SIM115 (closed below, also when it cannot be filled)
    try:
        sha256, size = digest_of(_copied(stream, content, at_most))
        with told():
            content.flush()
            kind = _look(content, name)
        yield Arrived(content, sha256, size, kind)
    finally:
        with told():
            content.close()


def _copied(stream: Readable, content: BinaryIO, at_most: int) -> Iterator[bytes]:
    size = 0
    for piece in pieces(stream):
        # Only this: a stream that breaks off is no fault of the disk.
        with told():
            content.write(piece)
        size += len(piece)
        yield piece
        if size > at_most:
            return


def _look(content: BinaryIO, name: str) -> Kind | None:
    content.seek(0)
    head = content.read(HEAD)
    entries = entry_names(content) if head.startswith(b"PK") else frozenset[str]()
    return recognise(head, entries, extension_of(name))
