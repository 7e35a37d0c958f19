"""The folder of attachments on a real disk: who may read it, what a full disk and a dead writer leave."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest

from tests.chaos.faults import small_disk
from tests.polling import until
from ticket_core.attachments.folder import FolderStore
from ticket_core.attachments.ports import NoRoom, StoreAway

MB = 1 << 20

WRITER = """
import sys, time
from pathlib import Path
from ticket_core.attachments.folder import FolderStore

class Slow:
    def seek(self, to): pass
    def read(self, size):
        if self.begun: time.sleep(60)
        self.begun = True
        return bytes(size)
    begun = False

FolderStore(Path(sys.argv[1])).put(Slow())
"""


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a file system to fill up")
    with small_disk(tmp_path):
        yield tmp_path


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_only_the_owner_reads_what_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "attachments"
    before = os.umask(0)
    try:
        FolderStore(folder).put(BytesIO(b"a report"))
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o777 for path in files(folder)} == {0o600}
    assert {path.stat().st_mode & 0o777 for path in (folder, *folder.rglob("*")) if path.is_dir()} == {0o700}


def test_a_full_disk_is_said_and_leaves_nothing_behind(small: Path) -> None:
    blobs = FolderStore(small / "blobs")
    first = blobs.put(BytesIO(b"small enough"))
    for _ in range(3):
        with pytest.raises(NoRoom, match="full: nothing was kept"):
            blobs.put(BytesIO(os.urandom(2 * MB)))
    assert [path.name for path in files(small)] == [first.sha256]
    blobs.remove(first.sha256)
    assert blobs.put(BytesIO(os.urandom(MB // 2))).bytes == MB // 2


def test_a_full_disk_takes_nothing_from_what_was_kept_before(small: Path) -> None:
    blobs = FolderStore(small / "blobs")
    kept = blobs.put(BytesIO(b"kept before"))
    (small / "ballast").write_bytes(bytes(os.statvfs(small).f_bavail * os.statvfs(small).f_bsize))
    with pytest.raises(NoRoom):
        blobs.put(BytesIO(b"kept before"))
    with blobs.open(kept.sha256) as pieces:
        assert b"".join(pieces) == b"kept before"


async def test_what_a_killed_writer_left_is_not_content_and_is_tidied(tmp_path: Path) -> None:
    blobs = FolderStore(tmp_path)
    unfinished = tmp_path / "unfinished"
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)])
    try:
        await until(lambda: any(path.stat().st_size for path in files(tmp_path)), what="the writer's first bytes")
    finally:
        writer.send_signal(signal.SIGKILL)
        writer.wait(20)
    assert list(blobs.list()) == []
    now = datetime.now(UTC)
    assert blobs.tidy(now - timedelta(hours=1)) == 0
    assert len(files(unfinished)) == 1
    assert blobs.tidy(now + timedelta(seconds=1)) == 1
    assert files(unfinished) == []


def test_a_folder_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreAway, match="cannot be used: "):
        FolderStore(tmp_path / "file" / "blobs").put(BytesIO(b"x"))
