"""Attachments on a real PostgreSQL: content and rows agree whatever is repeated, races, or dies in between."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import BinaryIO
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from centralino import migrate
from foundation.database import Database
from tests.chaos.faults import small_disk
from tests.clocks import HeldClock
from tests.letters import a_practice
from tests.polling import until
from ticket_core.attachments import sweeping
from ticket_core.attachments.content import key
from ticket_core.attachments.folder import FolderStore
from ticket_core.attachments.model import Attachment, Refusal, Swept
from ticket_core.attachments.ports import Blob, BlobDamaged, BlobMissing, BlobStore, NoRoom, StoreAway
from ticket_core.attachments.service import Attachments, ErasedAttachment, UnknownAttachment, UnknownPractice
from ticket_core.attachments.settings import AttachmentSettings

PDF = b"%PDF-1.7\n a landslide on the road to the village\n"
NOTHING = Swept(0, 0, ())


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from uuid import UUID
from foundation.clock import SystemClock
from foundation.database import Database, DatabaseSettings
from ticket_core.attachments.folder import FolderStore
from ticket_core.attachments.service import Attachments
from ticket_core.attachments.settings import AttachmentSettings

class Killed(FolderStore):
    def put(self, content):
        super().put(content)
        os.kill(os.getpid(), signal.SIGKILL)

folder = Path(sys.argv[2])
attachments = Attachments(
    Database(DatabaseSettings(url=sys.argv[1])), SystemClock(), Killed(folder), AttachmentSettings(folder=folder)
)
asyncio.run(attachments.add(UUID(sys.argv[3]), "foto.pdf", sys.stdin.buffer, "web form", "web_form"))
"""


class Watched(FolderStore):
    """The folder, with something that happens right after content was put, or instead of a removal."""

    after_put: Callable[[Blob], object] = staticmethod(lambda _: None)
    before_remove: Callable[[], object] = staticmethod(lambda: None)

    def put(self, content: BinaryIO) -> Blob:
        blob = super().put(content)
        self.after_put(blob)
        return blob

    def remove(self, sha256: str) -> None:
        self.before_remove()
        super().remove(sha256)


@pytest.fixture
def clock() -> HeldClock:
    """Now, until the test moves it: the folder's times are the machine's."""
    return HeldClock(datetime.now(UTC))


@pytest.fixture
def settings(tmp_path: Path) -> AttachmentSettings:
    return AttachmentSettings(folder=tmp_path / "attachments", file_mb=1, practice_mb=2, practice_files=3)


@pytest.fixture
def blobs(settings: AttachmentSettings) -> Watched:
    return Watched(settings.folder)


@pytest.fixture
def attachments(database: Database, clock: HeldClock, blobs: BlobStore, settings: AttachmentSettings) -> Attachments:
    return Attachments(database, clock, blobs, settings)


@pytest.fixture
async def practice(database: Database, clock: HeldClock) -> UUID:
    return await a_practice(database, clock)


async def offer(
    attachments: Attachments, practice: UUID, content: bytes, name: str = "foto.pdf"
) -> Attachment | Refusal:
    return await attachments.add(practice, name, BytesIO(content), "web form", "web_form")


async def added(attachments: Attachments, practice: UUID, content: bytes = PDF, name: str = "foto.pdf") -> Attachment:
    answer = await offer(attachments, practice, content, name)
    assert isinstance(answer, Attachment)
    return answer


async def content_of(attachments: Attachments, attachment_id: UUID) -> bytes:
    async with attachments.open(attachment_id, "anna") as (_, pieces):
        return b"".join([piece async for piece in pieces])


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


# -- in and out


async def test_a_document_comes_back_as_it_was_sent(attachments: Attachments, practice: UUID, clock: HeldClock) -> None:
    kept = await added(attachments, practice, name="../Foto frana.PDF")
    assert kept == Attachment(
        id=kept.id,
        practice_id=practice,
        sha256=sha256(PDF).hexdigest(),
        name="Foto frana.PDF",
        media_type="application/pdf",
        bytes=len(PDF),
        added_at=clock.now(),
        author="web form",
        source="web_form",
    )
    assert await attachments.of(practice) == [kept]
    async with attachments.open(kept.id, "anna") as (attachment, pieces):
        assert attachment == kept
        assert b"".join([piece async for piece in pieces]) == PDF


async def test_the_same_document_again_is_the_same_attachment(
    attachments: Attachments, practice: UUID, clock: HeldClock
) -> None:
    first = await added(attachments, practice)
    clock.move(seconds=1)
    assert await added(attachments, practice) == first
    renamed = await added(attachments, practice, name="altra.pdf")
    assert renamed.sha256 == first.sha256
    assert await attachments.of(practice) == [first, renamed]


async def test_the_same_document_eight_times_at_once_is_one_attachment(
    attachments: Attachments, practice: UUID, settings: AttachmentSettings
) -> None:
    answers = await asyncio.gather(*(added(attachments, practice) for _ in range(8)))
    assert len(set(answers)) == 1
    assert files(settings.folder) == [answers[0].sha256]


async def test_two_practices_share_one_content(
    attachments: Attachments, practice: UUID, database: Database, clock: HeldClock, settings: AttachmentSettings
) -> None:
    other = await a_practice(database, clock)
    mine, theirs = await added(attachments, practice), await added(attachments, other)
    assert mine.id != theirs.id
    assert files(settings.folder) == [mine.sha256]


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (b"", Refusal.EMPTY),
        (b"MZ\x90\0" + bytes(500), Refusal.TYPE),
        (b"PK\x03\x04" + bytes(500), Refusal.TYPE),
        (PDF + bytes(1_000_000), Refusal.TOO_LARGE),
    ],
)
async def test_what_is_refused_leaves_nothing(
    attachments: Attachments, practice: UUID, settings: AttachmentSettings, content: bytes, refusal: Refusal
) -> None:
    assert await offer(attachments, practice, content) is refusal
    assert await attachments.of(practice) == []
    assert files(settings.folder) == []
    assert attachments.says(refusal, "it").endswith(".")


async def test_a_stream_without_end_is_read_no_further_than_its_limit(attachments: Attachments, practice: UUID) -> None:
    class Endless:
        given = 0

        def read(self, size: int = -1, /) -> bytes:
            self.given += size
            return bytes(size)

    stream = Endless()
    assert await attachments.add(practice, "x.pdf", stream, "web form", "web_form") is Refusal.TOO_LARGE
    assert stream.given < 1_500_000


async def test_a_stream_that_breaks_off_keeps_nothing(
    attachments: Attachments, practice: UUID, settings: AttachmentSettings
) -> None:
    class Broken:
        def read(self, size: int = -1, /) -> bytes:
            raise ConnectionResetError("the requester is gone")

    with pytest.raises(ConnectionResetError):
        await attachments.add(practice, "x.pdf", Broken(), "web form", "web_form")
    assert await attachments.of(practice) == []
    assert files(settings.folder) == []


async def test_documents_of_a_practice_that_does_not_exist_are_not_kept(
    attachments: Attachments, settings: AttachmentSettings
) -> None:
    with pytest.raises(UnknownPractice):
        await offer(attachments, uuid4(), PDF)
    assert files(settings.folder) == []


async def test_a_practice_is_full_after_so_many_documents_and_a_repeat_is_still_welcome(
    attachments: Attachments, practice: UUID
) -> None:
    kept = [await added(attachments, practice, PDF + bytes([n])) for n in range(3)]
    assert await offer(attachments, practice, PDF + b"one more") is Refusal.TOO_MANY
    assert await offer(attachments, practice, PDF + bytes([1])) == kept[1]


async def test_a_practice_is_full_after_so_many_bytes(attachments: Attachments, practice: UUID) -> None:
    large = [PDF + bytes([n]) + os.urandom(900_000) for n in range(3)]
    await added(attachments, practice, large[0])
    await added(attachments, practice, large[1])
    assert await offer(attachments, practice, large[2]) is Refusal.PRACTICE_FULL


async def test_documents_that_race_for_the_last_places_do_not_overfill_a_practice(
    attachments: Attachments, practice: UUID, settings: AttachmentSettings
) -> None:
    answers = await asyncio.gather(*(offer(attachments, practice, PDF + bytes([n])) for n in range(8)))
    assert answers.count(Refusal.TOO_MANY) == 5
    kept = await attachments.of(practice)
    assert len(kept) == 3
    assert files(settings.folder) == sorted(one.sha256 for one in kept)


async def test_an_attachment_that_does_not_exist_is_said(attachments: Attachments) -> None:
    with pytest.raises(UnknownAttachment):
        await content_of(attachments, uuid4())
    with pytest.raises(UnknownAttachment):
        await attachments.erase(uuid4(), "anna", "asked to")


async def test_content_that_changed_on_the_disk_is_never_given_out_whole(
    attachments: Attachments, practice: UUID, settings: AttachmentSettings
) -> None:
    kept = await added(attachments, practice)
    path = settings.folder / key(kept.sha256)
    path.write_bytes(PDF[:20] + b"L" + PDF[21:])
    with pytest.raises(BlobDamaged):
        await content_of(attachments, kept.id)
    await added(attachments, practice)
    assert await content_of(attachments, kept.id) == PDF


async def test_the_table_goes_and_comes_back_with_attachments_in_it(
    attachments: Attachments, practice: UUID, database_url: str, settings: AttachmentSettings
) -> None:
    await attachments.erase((await added(attachments, practice)).id, "dpo", "asked to")
    kept = await added(attachments, practice)
    await asyncio.to_thread(migrate.downgrade, database_url, "0006")
    await asyncio.to_thread(migrate.upgrade, database_url)
    assert await attachments.of(practice) == []
    assert files(settings.folder) == [kept.sha256]
    assert await added(attachments, practice) in await attachments.of(practice)


# -- erasure


async def test_an_erased_document_keeps_digest_and_size_and_nothing_else_of_it(
    attachments: Attachments, practice: UUID, clock: HeldClock, settings: AttachmentSettings
) -> None:
    kept = await added(attachments, practice, name="carta d'identità Anna Rossi.pdf")
    clock.move(days=1)
    erased = await attachments.erase(kept.id, "dpo", "asked by the requester")
    assert (erased.sha256, erased.bytes, erased.name) == (kept.sha256, kept.bytes, None)
    assert (erased.erased_at, erased.erased_by, erased.erased_because) == (clock.now(), "dpo", "asked by the requester")
    assert await attachments.of(practice) == [erased]
    assert files(settings.folder) == []
    with pytest.raises(ErasedAttachment):
        await content_of(attachments, kept.id)


async def test_erasing_again_changes_nothing(attachments: Attachments, practice: UUID, clock: HeldClock) -> None:
    kept = await added(attachments, practice)
    first = await attachments.erase(kept.id, "dpo", "asked by the requester")
    clock.move(days=1)
    assert await attachments.erase(kept.id, "somebody", "else") == first


async def test_content_stays_as_long_as_another_attachment_has_it(
    attachments: Attachments, practice: UUID, database: Database, clock: HeldClock, settings: AttachmentSettings
) -> None:
    other = await a_practice(database, clock)
    mine, theirs = await added(attachments, practice), await added(attachments, other)
    await attachments.erase(mine.id, "dpo", "asked to")
    assert await content_of(attachments, theirs.id) == PDF
    await attachments.erase(theirs.id, "dpo", "asked to")
    assert files(settings.folder) == []


async def test_what_was_erased_can_be_sent_again_and_erased_again(attachments: Attachments, practice: UUID) -> None:
    first = await added(attachments, practice)
    await attachments.erase(first.id, "dpo", "asked to")
    second = await added(attachments, practice)
    assert second.id != first.id
    assert await content_of(attachments, second.id) == PDF
    await attachments.erase(second.id, "dpo", "asked to")
    assert [one.name for one in await attachments.of(practice)] == [None, None]


async def test_erased_documents_take_no_place(attachments: Attachments, practice: UUID) -> None:
    for n in range(5):
        kept = await added(attachments, practice, PDF + bytes([n]))
        await attachments.erase(kept.id, "dpo", "asked to")


async def test_an_erasure_whose_store_was_away_is_finished_when_it_is_asked_for_again(
    attachments: Attachments, practice: UUID, blobs: Watched, settings: AttachmentSettings
) -> None:
    def away() -> None:
        raise StoreAway("the store does not answer")

    kept = await added(attachments, practice)
    blobs.before_remove = away
    with pytest.raises(StoreAway):
        await attachments.erase(kept.id, "dpo", "asked to")
    assert files(settings.folder) == [kept.sha256]
    with pytest.raises(ErasedAttachment):
        await content_of(attachments, kept.id)
    blobs.before_remove = lambda: None
    await attachments.erase(kept.id, "dpo", "asked to")
    assert files(settings.folder) == []


# -- the history


async def test_each_arrival_and_erasure_is_noted_once(
    database: Database, clock: HeldClock, blobs: Watched, settings: AttachmentSettings, practice: UUID
) -> None:
    noted: list[Attachment] = []

    async def note(session: AsyncSession, attachment: Attachment) -> None:
        assert session.in_transaction()
        noted.append(attachment)

    attachments = Attachments(database, clock, blobs, settings, note)
    kept = [await added(attachments, practice) for _ in range(2)]
    erased = [await attachments.erase(kept[0].id, "dpo", "asked to") for _ in range(2)]
    assert noted == [kept[0], erased[0]]


async def test_what_cannot_be_noted_is_not_done(
    database: Database, clock: HeldClock, blobs: Watched, settings: AttachmentSettings, practice: UUID
) -> None:
    class NoHistory(Exception):
        """The history takes nothing."""

    async def refuse(session: AsyncSession, attachment: Attachment) -> None:
        raise NoHistory

    attachments = Attachments(database, clock, blobs, settings, refuse)
    with pytest.raises(NoHistory):
        await offer(attachments, practice, PDF)
    assert await attachments.of(practice) == []
    kept = await added(Attachments(database, clock, blobs, settings), practice)
    with pytest.raises(NoHistory):
        await attachments.erase(kept.id, "dpo", "asked to")
    assert await content_of(attachments, kept.id) == PDF


# -- what goes wrong in between


async def test_a_kill_between_content_and_row_leaves_content_that_is_swept_after_an_hour(
    attachments: Attachments, practice: UUID, database_url: str, clock: HeldClock, settings: AttachmentSettings
) -> None:
    command = [sys.executable, "-c", KILLED, database_url, str(settings.folder), str(practice)]
    killed = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.PIPE)
    await killed.communicate(PDF)
    assert killed.returncode == -signal.SIGKILL
    assert await attachments.of(practice) == []
    left = files(settings.folder)
    assert left == [sha256(PDF).hexdigest()]
    assert await attachments.sweep() == NOTHING
    assert files(settings.folder) == left
    clock.move(hours=2)
    assert await attachments.sweep() == Swept(1, 0, ())
    assert files(settings.folder) == []
    assert await attachments.sweep() == NOTHING


async def test_content_that_a_clean_up_took_before_its_row_was_written_is_put_again(
    attachments: Attachments, practice: UUID, blobs: Watched
) -> None:
    taken: list[str] = []

    def take_once(blob: Blob) -> None:
        if not taken:
            taken.append(blob.sha256)
            blobs.remove(blob.sha256)

    blobs.after_put = take_once
    kept = await added(attachments, practice)
    assert taken == [kept.sha256]
    assert await content_of(attachments, kept.id) == PDF


async def test_a_store_that_keeps_nothing_is_said_and_no_row_is_written(
    attachments: Attachments, practice: UUID, blobs: Watched
) -> None:
    blobs.after_put = lambda blob: blobs.remove(blob.sha256)
    with pytest.raises(StoreAway, match="loses"):
        await offer(attachments, practice, PDF)
    assert await attachments.of(practice) == []


async def test_a_document_that_comes_while_its_content_is_being_removed_waits_and_is_put_again(
    attachments: Attachments, practice: UUID, blobs: Watched, database: Database
) -> None:
    removing, go_on = threading.Event(), threading.Event()

    def pause() -> None:
        removing.set()
        go_on.wait(20)

    async def somebody_waits() -> bool:
        waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        async with database.session() as session:
            return bool((await session.execute(waiting)).scalar_one())

    first = await added(attachments, practice)
    blobs.before_remove = pause
    erasing = asyncio.create_task(attachments.erase(first.id, "dpo", "asked to"))
    await until(removing.is_set, what="the removal")
    adding = asyncio.create_task(added(attachments, practice))
    try:
        await until(somebody_waits, what="the writer that waits for the removal")
    finally:
        go_on.set()
    await erasing
    assert await content_of(attachments, (await adding).id) == PDF


async def test_writers_erasers_and_sweeps_at_once_never_part_a_row_from_its_content(
    database: Database, clock: HeldClock, blobs: Watched, settings: AttachmentSettings
) -> None:
    attachments = Attachments(database, clock, blobs, settings)
    # For this clock all content is old at once, and so would be a file that is being written.
    clock.move(days=1)
    blobs.tidy = lambda before: 0  # type: ignore[method-assign]
    practices = [await a_practice(database, clock) for _ in range(4)]

    async def write_and_erase(practice: UUID) -> None:
        for turn in range(10):
            kept = await added(attachments, practice)
            assert await content_of(attachments, kept.id) == PDF
            if turn < 9:
                await attachments.erase(kept.id, "dpo", "asked to")

    async def sweep() -> None:
        for _ in range(15):
            assert not (await attachments.sweep()).missing

    await asyncio.gather(*(write_and_erase(practice) for practice in practices), sweep(), sweep())
    for practice in practices:
        (last,) = [one for one in await attachments.of(practice) if one.erased_at is None]
        assert await content_of(attachments, last.id) == PDF


async def test_a_full_disk_is_said_and_neither_row_nor_file_is_left(
    attachments: Attachments, practice: UUID, settings: AttachmentSettings
) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can mount a file system to fill up")
    settings.folder.mkdir()
    with small_disk(settings.folder):
        # Room for the document as it arrives, not for its copy in the store.
        with pytest.raises(NoRoom):
            await offer(attachments, practice, PDF + os.urandom(700_000))
        assert await attachments.of(practice) == []
        assert files(settings.folder) == []
        kept = await added(attachments, practice, PDF + os.urandom(200_000))
        assert await attachments.of(practice) == [kept]


async def test_a_sweep_names_the_attachments_whose_content_is_missing(
    attachments: Attachments, practice: UUID, settings: AttachmentSettings, database: Database, clock: HeldClock
) -> None:
    kept = [await added(attachments, practice, PDF + bytes([n])) for n in range(3)]
    other = await added(attachments, await a_practice(database, clock), PDF + bytes([1]))
    (settings.folder / key(other.sha256)).unlink()
    found = await attachments.sweep()
    assert (found.removed, set(found.missing)) == (0, {kept[1].id, other.id})
    with pytest.raises(BlobMissing):
        await content_of(attachments, other.id)
    await added(attachments, practice, PDF + bytes([1]))
    assert await attachments.sweep() == NOTHING


@pytest.mark.parametrize("page", [1, 2, 3, 7, 500])
async def test_a_sweep_in_pages_of_any_size_finds_the_same(
    attachments: Attachments,
    database: Database,
    clock: HeldClock,
    blobs: Watched,
    settings: AttachmentSettings,
    page: int,
) -> None:
    kept = [
        await added(attachments, await a_practice(database, clock), PDF + bytes([n, m]))
        for n in range(2)
        for m in range(3)
    ]
    orphans = [blobs.put(BytesIO(b"orphan" + bytes([n]))).sha256 for n in range(7)]
    lost = sorted(kept, key=lambda one: one.sha256)[::2]
    for one in lost:
        (settings.folder / key(one.sha256)).unlink()
    clock.move(hours=2)
    found = await sweeping.sweep(database, clock, blobs, 3600, page)
    assert (found.removed, set(found.missing)) == (len(orphans), {one.id for one in lost})
    assert set(files(settings.folder)) == {one.sha256 for one in kept} - {one.sha256 for one in lost}
