"""Who had or erased what is written down, in the transaction of the act or before it, and never changed."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from foundation.audit import Act, Audit, Entry
from foundation.database import Database
from ledger.service import Ledger
from tests.clocks import HeldClock
from ticket_core.attachments.folder import FolderStore
from ticket_core.attachments.model import Attachment
from ticket_core.attachments.service import Attachments
from ticket_core.attachments.settings import AttachmentSettings
from ticket_core.casework import Casework
from ticket_core.model import Channel, Request, Requester
from ticket_core.overview import Overview

FORM = Request(
    channel=Channel.WEB_FORM, requester=Requester(name="Anna Verdi", phone="+390612345678"), text="Il muro cade."
)
ALWAYS = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def audit(database: Database, clock: HeldClock) -> Audit:
    return Audit(database, clock)


@pytest.fixture
def attachments(database: Database, clock: HeldClock, tmp_path: Path) -> Attachments:
    return Attachments(database, clock, FolderStore(tmp_path), AttachmentSettings(folder=tmp_path))


async def entries(audit: Audit) -> list[Entry]:
    return [entry async for entry in audit.since(ALWAYS)]


@pytest.mark.promise("Every export, listen, download and erasure is in an audit that nobody can change")
@pytest.mark.parametrize(
    "change", ["UPDATE audit SET author = 'nobody'", "DELETE FROM audit", "TRUNCATE audit"], ids=lambda s: s.split()[0]
)
async def test_what_the_audit_says_can_be_neither_changed_nor_removed(
    audit: Audit, database: Database, change: str
) -> None:
    await audit.write("anna", Act.EXPORT, "all practices", rows=3)
    before = await entries(audit)
    with pytest.raises(DBAPIError, match="only ever added to"):
        async with database.session() as session:
            await session.execute(text(change))
    assert await entries(audit) == before
    assert [(entry.author, entry.act, entry.rows) for entry in before] == [("anna", Act.EXPORT, 3)]


async def test_each_practice_that_an_erasure_reached_is_in_the_audit_once(
    audit: Audit, casework: Casework, clock: HeldClock
) -> None:
    first, kept = await casework.open(FORM, "form"), await casework.open(FORM, "form")
    await casework.merge(first.id, kept.id, "anna", "same")
    for _ in range(2):
        await casework.erase(kept.id, "carla", "asked for by Anna Verdi")
    found = await entries(audit)
    assert {entry.subject for entry in found} == {first.id, kept.id}
    assert {(entry.at, entry.author, entry.act, entry.what) for entry in found} == {
        (clock.now(), "carla", Act.ERASURE, "practice")
    }
    assert len(found) == 2


async def test_an_erasure_that_fails_is_not_in_the_audit(
    audit: Audit, casework: Casework, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, kept = await casework.open(FORM, "form"), await casework.open(FORM, "form")
    await casework.merge(first.id, kept.id, "anna", "same")
    with pytest.raises(Exception, match="changed since"):
        await casework.erase(kept.id, "carla", "asked for", kept.version)
    assert await entries(audit) == []


async def test_an_export_is_in_the_audit_before_its_first_line_with_how_many_there_are(
    audit: Audit, casework: Casework, database: Database
) -> None:
    for _ in range(3):
        await casework.open(FORM, "form")
    seen = [await entries(audit) async for _ in Overview(database, audit).export("anna")]
    assert len(seen) == 3
    [entry] = seen[0]
    assert (entry.author, entry.act, entry.what, entry.subject, entry.rows) == (
        "anna", Act.EXPORT, "all practices", None, 3,
    )  # fmt: skip


async def test_a_document_that_is_read_or_erased_is_in_the_audit_with_its_practice(
    audit: Audit, casework: Casework, attachments: Attachments
) -> None:
    practice = await casework.open(FORM, "form")
    kept = await attachments.add(practice.id, "muro.txt", BytesIO(b"un muro"), "anna", "email")
    assert isinstance(kept, Attachment)
    async with attachments.open(kept.id, "anna"):
        assert [(entry.act, entry.subject) for entry in await entries(audit)] == [(Act.DOWNLOAD, practice.id)]
    for _ in range(2):
        await attachments.erase(kept.id, "carla", "asked for")
    assert [(entry.author, entry.act, entry.what) for entry in await entries(audit)] == [
        ("anna", Act.DOWNLOAD, "attachment"), ("carla", Act.ERASURE, "attachment"),
    ]  # fmt: skip


async def test_emptied_callers_numbers_are_in_the_audit_as_a_number_alone(
    audit: Audit, database: Database, clock: HeldClock
) -> None:
    ledger = Ledger(database, clock)
    for _ in range(3):
        await ledger.arrived(uuid4(), "+390612345678", None, "it")
    clock.move(days=1)
    for left in (3, 0):
        assert await ledger.forget_callers(clock.now(), "clock") == left
    [entry] = await entries(audit)
    assert (entry.author, entry.act, entry.subject, entry.rows) == ("clock", Act.ERASURE, None, 3)


async def test_the_audit_holds_no_content_no_code_and_no_number(
    audit: Audit, casework: Casework, attachments: Attachments, database: Database
) -> None:
    practice = await casework.open(FORM, "form")
    kept = await attachments.add(practice.id, "Anna Verdi.txt", BytesIO(b"un muro"), "anna", "email")
    assert isinstance(kept, Attachment)
    async with attachments.open(kept.id, "anna"):
        pass
    await attachments.erase(kept.id, "carla", "asked for by Anna Verdi")
    await casework.erase(practice.id, "carla", "asked for by Anna Verdi")
    async with database.session() as session:
        rows = await session.execute(text("SELECT to_jsonb(a)::text FROM audit a"))
        written = "\n".join(rows.scalars())
    assert len(written.splitlines()) == 3
    for secret in ("Verdi", "muro", "0612345678", practice.code, "asked for"):
        assert secret not in written
