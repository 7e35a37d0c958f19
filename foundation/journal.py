"""Lines on disk in numbered segments; many writers' lines go to the disk in one fsync.

A line that was being written when the machine died is cut off at the next start: it was never acknowledged.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from foundation import logs
from foundation.disk import sync

log = logs.get(__name__)

SUFFIX = ".jsonl"
MOST_BYTES = 4 * 2**20

Written = asyncio.Future[int]
"""Resolves to the segment of a line that is on the disk for good; OSError when the disk did not take it (nothing is kept then)."""


@dataclass(frozen=True)
class Line:
    """One line as it was read back, and the number of the segment it stands in."""

    segment: int
    text: str


class Journal:
    """Append-only. One process owns a folder; only its owner may read the files, which hold callers' data.

    Every line counts as needed until it is released; a segment without needed lines is removed.
    """

    def __init__(self, folder: Path, most_bytes: int = MOST_BYTES) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        self._most_bytes = most_bytes
        self._current = max(self._numbers(), default=0) + 1
        self._needed: Counter[int] = Counter()
        self._waiting: list[tuple[str, Written]] = []
        self._flushing: asyncio.Task[None] | None = None

    def load(self) -> list[Line]:
        """Every whole line, oldest first. To be called once, before anything is appended."""
        lines = [line for number in sorted(self._numbers()) for line in self._lines_of(number)]
        self._needed.update(line.segment for line in lines)
        self._drop_unneeded()
        return lines

    def _lines_of(self, number: int) -> list[Line]:
        content = self._path(number).read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            log.warning("journal_torn_line", segment=number, bytes=len(content) - whole)
        return [Line(number, text.decode("utf-8", "replace")) for text in content[:whole].splitlines()]

    def append(self, text: str) -> Written:
        """Write one line; what is returned tells when it is on the disk."""
        if "\n" in text:
            raise ValueError("a journal's entry is one line")
        written: Written = asyncio.get_running_loop().create_future()
        self._waiting.append((text, written))
        if self._flushing is None:
            self._flushing = asyncio.create_task(self._flush())
        return written

    async def _flush(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            data = "".join(text + "\n" for text, _ in batch).encode("utf-8")
            try:
                segment = await asyncio.to_thread(self._write, data)
            except OSError as error:
                for _, written in batch:
                    written.set_exception(error)
                continue
            # Counted before anybody hears of it: a segment must not look unneeded for an instant.
            self._needed[segment] += len(batch)
            for _, written in batch:
                written.set_result(segment)
        self._flushing = None

    def _write(self, data: bytes) -> int:
        path = self._path(self._current)
        if path.exists() and path.stat().st_size >= self._most_bytes:
            self._current += 1
            path = self._path(self._current)
        is_new = not path.exists()
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            _append_whole(descriptor, data)
        finally:
            os.close(descriptor)
        if is_new:
            sync(self._folder)
        return self._current

    def release(self, segments: Iterable[int]) -> None:
        """These lines (a segment's number for each) are not needed any more."""
        self._needed.subtract(segments)
        if not self._needed.total() and self._flushing is None:
            # Nothing is needed: no caller's data stays on the disk for longer than it must.
            self._current += 1
        self._drop_unneeded()

    def _drop_unneeded(self) -> None:
        for number in self._numbers():
            if number < self._current and self._needed[number] <= 0:
                self._path(number).unlink(missing_ok=True)
                del self._needed[number]

    def _numbers(self) -> list[int]:
        return [int(path.stem) for path in self._folder.glob(f"*{SUFFIX}") if path.stem.isdigit()]

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:08d}{SUFFIX}"


def _append_whole(descriptor: int, data: bytes) -> None:
    """All of it, on the disk, or none of it. Raises OSError."""
    before = os.fstat(descriptor).st_size
    try:
        view = memoryview(data)
        while view:  # a disk that is filling takes a part and says nothing
            view = view[os.write(descriptor, view) :]
        os.fdatasync(descriptor)
    except OSError:
        os.ftruncate(descriptor, before)
        raise
