"""Content in a bucket of an S3-compatible service (Amazon S3, SeaweedFS, Ceph, Garage, MinIO, ...), by way of `obstore`.

The bucket must be private and must not keep versions: what is erased would live on in them. Uploads that were cut short
are the service's to expire (a lifecycle rule "abort incomplete multipart uploads").
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import BinaryIO

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from ticket_core.attachments.content import PIECE, check_digest, digest_of, key, pieces, verified
from ticket_core.attachments.ports import Blob, BlobMissing, StoreAway, StoredBlob
from ticket_core.attachments.settings import BucketSettings

LISTED = 1000
PART = 5 * 1024 * 1024  # bytes; the smallest that S3 takes for a part of an upload
PARTS_AT_ONCE = 2


class BucketStore:
    """`ports.BlobStore` on a bucket."""

    def __init__(self, settings: BucketSettings) -> None:
        self._store = S3Store(
            settings.bucket,
            prefix=settings.prefix or None,
            endpoint=settings.endpoint,
            region=settings.region,
            access_key_id=settings.access_key,
            secret_access_key=settings.secret_key.get_secret_value(),
            client_options={
                "allow_http": settings.endpoint.startswith("http://"),
                "connect_timeout": f"{settings.connect_s:g}s",
                "timeout": f"{settings.timeout_s:g}s",
            },
            retry_config={"max_retries": settings.retries, "retry_timeout": timedelta(seconds=settings.timeout_s)},
        )

    def put(self, content: BinaryIO) -> Blob:
        content.seek(0)
        blob = Blob(*digest_of(pieces(content)))
        content.seek(0)
        with told():
            obstore.put(self._store, key(blob.sha256), content, chunk_size=PART, max_concurrency=PARTS_AT_ONCE)
        return blob

    @contextmanager
    def open(self, sha256: str) -> Iterator[Iterator[bytes]]:
        try:
            with told():
                found = obstore.get(self._store, key(sha256))
        except FileNotFoundError:
            raise BlobMissing(f"the bucket of attachments has no content {sha256[:12]}…") from None
        yield verified(_read(found), sha256)

    def exists(self, sha256: str) -> bool:
        with told(), suppress(FileNotFoundError):
            obstore.head(self._store, key(sha256))
            return True
        return False

    def remove(self, sha256: str) -> None:
        with told(), suppress(FileNotFoundError):
            obstore.delete(self._store, key(sha256))

    def list(self) -> Iterator[StoredBlob]:
        with told():
            for page in obstore.list(self._store, chunk_size=LISTED):
                for found in page:
                    with suppress(ValueError):
                        sha256 = check_digest(found["path"].rpartition("/")[2])
                        yield StoredBlob(sha256, found["size"], found["last_modified"])

    def tidy(self, before: datetime) -> int:
        """Nothing: an upload that was cut short is not listed, and is the service's to expire."""
        del before
        return 0


@contextmanager
def told() -> Iterator[None]:
    """An error of the service as one of `ports.py`; its own text names addresses and requests, and stays in the cause."""
    try:
        yield
    except FileNotFoundError:
        raise
    except (BaseError, OSError) as error:
        raise StoreAway(f"the bucket of attachments cannot be used ({type(error).__name__})") from error


def _read(found: obstore.GetResult) -> Iterator[bytes]:
    with told():
        for piece in found.stream(min_chunk_size=PIECE):
            yield bytes(piece)
