"""What is taken as an attachment, and where it is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr

from foundation.settings import Part
from ticket_core.attachments.model import Family

MB = 1_000_000

TAKEN = (Family.PDF, Family.IMAGE, Family.TEXT, Family.OFFICE, Family.SIGNED, Family.MAIL)


class AttachmentSettings(Part):
    """Limits, and the store. Sizes in MB (1,000,000 bytes)."""

    store: Literal["folder", "s3"] = Field(default="folder", description="`s3` needs the part `bucket`")
    folder: Path = Field(
        description="where content is kept; with `s3`, where it waits while it is looked at",
        examples=["data/attachments"],
    )
    taken: tuple[Family, ...] = Field(default=TAKEN, min_length=1, examples=['["pdf", "image", "text", "office"]'])
    file_mb: float = Field(default=20, gt=0, le=2000, description="the largest document")
    practice_mb: float = Field(default=100, gt=0, le=20000, description="all documents of a practice together")
    practice_files: int = Field(default=50, ge=1, le=1000, description="documents of a practice")
    orphans_s: float = Field(
        default=3600, ge=60, le=604800, description="content nobody refers to is removed when it is older; seconds"
    )

    @property
    def file_bytes(self) -> int:
        """The largest document, in bytes."""
        return int(self.file_mb * MB)

    @property
    def practice_bytes(self) -> int:
        """All documents of a practice together, in bytes."""
        return int(self.practice_mb * MB)


class BucketSettings(Part):
    """An S3-compatible service. Times in seconds."""

    endpoint: str = Field(pattern=r"^https?://[^\s/]+/?$", examples=["https://s3.example.it"])
    bucket: str = Field(min_length=3, max_length=63, examples=["centralino-attachments"])
    prefix: str = Field(default="", pattern=r"^([\w.-]+(/[\w.-]+)*)?$", examples=["attachments"])
    region: str = Field(default="us-east-1", min_length=1, examples=["eu-south-1"])
    access_key: str = Field(min_length=1, examples=["centralino"])
    secret_key: SecretStr = Field(examples=["/run/secrets/s3-secret"])
    connect_s: float = Field(default=3.0, gt=0, le=60)
    timeout_s: float = Field(default=30.0, gt=0, le=600, description="for one request, and for all its retries")
    retries: int = Field(default=3, ge=0, le=10)
