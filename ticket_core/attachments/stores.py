"""The content store that settings ask for."""

from __future__ import annotations

from ticket_core.attachments.folder import FolderStore
from ticket_core.attachments.ports import BlobStore
from ticket_core.attachments.settings import AttachmentSettings, BucketSettings


class NoBucket(Exception):
    """`attachments.store` is `s3`, and the part `bucket` of the settings or the extra package is not there."""


def blob_store(settings: AttachmentSettings, bucket: BucketSettings | None = None) -> BlobStore:
    """Raises `NoBucket`."""
    if settings.store == "folder":
        return FolderStore(settings.folder)
    if bucket is None:
        raise NoBucket(
            "setting attachments.store is s3: give the part bucket too. Example: CENTRALINO_BUCKET__ENDPOINT=https://s3.example.it"
        )
    try:
        from ticket_core.attachments.s3 import BucketStore
    except ModuleNotFoundError as error:
        raise NoBucket("setting attachments.store is s3: install centralino[s3]") from error
    return BucketStore(bucket)
