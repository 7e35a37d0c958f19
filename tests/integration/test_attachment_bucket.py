"""Attachments over a real S3-compatible service (SeaweedFS): the whole way, and what is said when the service does not serve."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from time import monotonic

import pytest
from pydantic import SecretStr

from foundation.database import Database
from tests import s3
from tests.clocks import HeldClock
from tests.letters import a_practice
from ticket_core.attachments.model import Attachment, Swept
from ticket_core.attachments.ports import StoreAway
from ticket_core.attachments.s3 import BucketStore
from ticket_core.attachments.service import Attachments
from ticket_core.attachments.settings import AttachmentSettings

pytestmark = pytest.mark.xdist_group("s3")

PDF = b"%PDF-1.7\n" + os.urandom(6_000_000)


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    with s3.s3_service() as endpoint:
        yield endpoint


async def test_a_document_goes_the_whole_way_to_a_bucket_and_back(
    database: Database, service: str, tmp_path: Path
) -> None:
    clock, blobs = HeldClock(datetime.now(UTC)), BucketStore(s3.settings(service, "whole/way"))
    practice = await a_practice(database, clock)
    attachments = Attachments(database, clock, blobs, AttachmentSettings(store="s3", folder=tmp_path))
    kept = await attachments.add(practice, "relazione.pdf", BytesIO(PDF), "web form", "web_form")
    assert isinstance(kept, Attachment)
    async with attachments.open(kept.id, "anna") as (_, pieces):
        assert b"".join([piece async for piece in pieces]) == PDF
    blobs.put(BytesIO(b"nobody refers to this"))
    clock.move(hours=2)
    assert await attachments.sweep() == Swept(1, 0, ())
    await attachments.erase(kept.id, "dpo", "asked by the requester")
    assert list(blobs.list()) == []
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def refused(blobs: BucketStore) -> None:
    digest = "0" * 64
    for verb in (
        lambda: blobs.put(BytesIO(b"x")),
        lambda: blobs.exists(digest),
        lambda: blobs.remove(digest),
        lambda: list(blobs.list()),
        lambda: blobs.open(digest).__enter__(),
    ):
        with pytest.raises(StoreAway, match="bucket of attachments") as caught:
            verb()
        assert s3.SECRET not in str(caught.value)


def test_wrong_keys_are_said_by_every_verb(service: str) -> None:
    right = s3.settings(service, "keys")
    BucketStore(right).put(BytesIO(b"x"))
    refused(BucketStore(right.model_copy(update={"secret_key": SecretStr("wrong")})))


def test_a_service_that_is_away_is_said_by_every_verb_within_its_time_limit() -> None:
    (port,) = s3.free_ports(1)
    settings = s3.settings(f"http://127.0.0.1:{port}", "away")
    began = monotonic()
    refused(BucketStore(settings.model_copy(update={"connect_s": 1.0, "timeout_s": 2.0})))
    assert monotonic() - began < 5 * 3
