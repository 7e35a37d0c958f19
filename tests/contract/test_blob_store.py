"""`ticket_core.attachments.ports.BlobStore`: one suite for the folder and for a real S3-compatible service (SeaweedFS)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from io import BytesIO
from itertools import count
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import obstore
import pytest
from obstore.store import S3Store

from tests import s3
from ticket_core.attachments.content import PIECE, key
from ticket_core.attachments.folder import FolderStore
from ticket_core.attachments.ports import Blob, BlobDamaged, BlobMissing, BlobStore
from ticket_core.attachments.s3 import BucketStore

# One service, however many test processes.
pytestmark = pytest.mark.xdist_group("s3")

MB = 1 << 20
NUMBERS = count(1)


@dataclass
class Far:
    """The store under test, and how to write into its back: the key, then what stands there from now on."""

    blobs: BlobStore
    overwrite: Callable[[str, bytes], object]


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    with s3.s3_service() as endpoint:
        yield endpoint


def on_folder(folder: Path) -> Far:
    def overwrite(name: str, content: bytes) -> None:
        (folder / name).write_bytes(content)

    return Far(FolderStore(folder), overwrite)


def on_s3(endpoint: str) -> Far:
    settings = s3.settings(endpoint, f"store/{next(NUMBERS)}")
    options: Any = {"allow_http": True}
    raw = S3Store(
        settings.bucket,
        prefix=settings.prefix,
        endpoint=endpoint,
        region=settings.region,
        access_key_id=s3.ACCESS,
        secret_access_key=s3.SECRET,
        client_options=options,
    )
    return Far(BucketStore(settings), lambda name, content: obstore.put(raw, name, content))


@pytest.fixture(params=["folder", "s3"])
def far(request: pytest.FixtureRequest, tmp_path: Path) -> Far:
    if request.param == "folder":
        return on_folder(tmp_path / "blobs")
    return on_s3(request.getfixturevalue("service"))


def read(blobs: BlobStore, digest: str) -> bytes:
    with blobs.open(digest) as pieces:
        return b"".join(pieces)


def digest_of(content: bytes) -> str:
    return sha256(content).hexdigest()


@pytest.mark.parametrize("size", [0, 1, PIECE, PIECE + 1, 6 * MB], ids=lambda size: f"{size} bytes")
def test_what_is_put_is_read_back_under_its_digest(far: Far, size: int) -> None:
    content = os.urandom(size)
    blob = far.blobs.put(BytesIO(content))
    assert blob == Blob(digest_of(content), size)
    assert far.blobs.exists(blob.sha256)
    assert read(far.blobs, blob.sha256) == content


def test_content_is_put_from_its_start_wherever_its_reader_was(far: Far) -> None:
    content = BytesIO(b"a landslide")
    content.read(5)
    assert far.blobs.put(content).sha256 == digest_of(b"a landslide")


def test_putting_it_again_keeps_it_once(far: Far) -> None:
    first, second = (far.blobs.put(BytesIO(b"the same")) for _ in range(2))
    assert first == second
    assert [blob.sha256 for blob in far.blobs.list()] == [first.sha256]


def test_eight_writers_of_one_content_at_once_end_in_one_whole_copy(far: Far) -> None:
    content = os.urandom(2 * MB)
    with ThreadPoolExecutor(8) as writers:
        blobs = list(writers.map(lambda _: far.blobs.put(BytesIO(content)), range(8)))
    assert set(blobs) == {Blob(digest_of(content), len(content))}
    assert read(far.blobs, blobs[0].sha256) == content
    assert [(blob.sha256, blob.bytes) for blob in far.blobs.list()] == [(digest_of(content), len(content))]


def test_what_was_never_put_is_missing(far: Far) -> None:
    far.blobs.put(BytesIO(b"something else"))
    digest = digest_of(b"never put")
    assert not far.blobs.exists(digest)
    with pytest.raises(BlobMissing), far.blobs.open(digest):
        pytest.fail("there is nothing to open")


@pytest.mark.parametrize("size", [1, 3 * PIECE + 7], ids=lambda size: f"{size} bytes")
def test_one_flipped_bit_is_found_before_the_content_looks_whole(far: Far, size: int) -> None:
    content = os.urandom(size)
    digest = far.blobs.put(BytesIO(content)).sha256
    far.overwrite(key(digest), content[:-1] + bytes([content[-1] ^ 1]))
    seen: list[bytes] = []
    with far.blobs.open(digest) as pieces, pytest.raises(BlobDamaged, match=digest[:12]):
        seen.extend(pieces)
    assert sum(len(piece) for piece in seen) < size


def test_content_that_lost_its_end_is_found(far: Far) -> None:
    digest = far.blobs.put(BytesIO(b"whole")).sha256
    far.overwrite(key(digest), b"")
    with pytest.raises(BlobDamaged):
        read(far.blobs, digest)


def test_putting_it_again_mends_what_was_damaged(far: Far) -> None:
    digest = far.blobs.put(BytesIO(b"whole")).sha256
    far.overwrite(key(digest), b"whale")
    far.blobs.put(BytesIO(b"whole"))
    assert read(far.blobs, digest) == b"whole"


def test_what_is_removed_is_gone_and_removing_it_again_is_harmless(far: Far) -> None:
    kept, removed = (far.blobs.put(BytesIO(content)).sha256 for content in (b"kept", b"removed"))
    for _ in range(2):
        far.blobs.remove(removed)
    assert not far.blobs.exists(removed)
    assert read(far.blobs, kept) == b"kept"


def test_the_list_is_in_the_order_of_digests_with_size_and_time(far: Far) -> None:
    before = datetime.now(UTC) - timedelta(seconds=5)
    put = {far.blobs.put(BytesIO(bytes(n))).sha256: n for n in range(40)}
    listed = list(far.blobs.list())
    assert [blob.sha256 for blob in listed] == sorted(put)
    assert {blob.sha256: blob.bytes for blob in listed} == put
    assert all(before <= blob.stored_at <= datetime.now(UTC) + timedelta(seconds=5) for blob in listed)


def test_a_file_that_is_no_content_is_not_listed(far: Far) -> None:
    digest = far.blobs.put(BytesIO(b"content")).sha256
    far.overwrite(f"{digest[:2]}/{digest[2:4]}/README", b"left by somebody")
    assert [blob.sha256 for blob in far.blobs.list()] == [digest]


def test_a_store_that_nothing_was_put_into_is_empty(tmp_path: Path) -> None:
    blobs = FolderStore(tmp_path / "not there")
    assert list(blobs.list()) == []
    assert blobs.tidy(datetime.now(UTC)) == 0
    assert not blobs.exists(digest_of(b"x"))
    blobs.remove(digest_of(b"x"))


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 64 + "\n"])
def test_what_is_no_digest_reaches_no_file(far: Far, name: str) -> None:
    for verb in (far.blobs.exists, far.blobs.remove, lambda text: read(far.blobs, text)):
        with pytest.raises(ValueError, match="64 lower-case"):
            verb(name)


def memory(of: str) -> int:
    """`VmRSS` or `VmHWM` of this process (proc(5)), in bytes: what libraries hold outside of Python counts too."""
    status = Path("/proc/self/status").read_text("ascii")
    return 1024 * int(status.split(f"{of}:")[1].split()[0])


def test_a_large_file_is_never_in_memory(far: Far, tmp_path: Path) -> None:
    with TemporaryFile(dir=tmp_path) as large:
        for _ in range(96):
            large.write(os.urandom(MB))
        # The mark of the most memory ever used starts from what is used now.
        Path("/proc/self/clear_refs").write_text("5", "ascii")
        before = memory("VmRSS")
        digest = far.blobs.put(large).sha256
        with far.blobs.open(digest) as pieces:
            size = sum(len(piece) for piece in pieces)
    assert size == 96 * MB
    assert memory("VmHWM") - before < 48 * MB
