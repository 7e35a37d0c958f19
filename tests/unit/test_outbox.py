"""The outbox: on the disk first, in order, once, whatever happens to the database or to the process."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy.exc import OperationalError

from foundation import outbox as outbox_module
from foundation.journal import Journal, Written
from foundation.outbox import Entry, Outbox
from tests.polling import until

AWAY = OperationalError("insert", {}, Exception("the server closed the connection"))


class Database:
    """Keeps what was applied; away, or refusing some kinds, when told to be."""

    def __init__(self) -> None:
        self.rows: list[Entry] = []
        self.tries = 0
        self.away = False
        self.refused_kind = ""

    async def apply(self, entry: Entry) -> None:
        self.tries += 1
        await asyncio.sleep(0)
        if self.away:
            raise AWAY
        if entry.kind == self.refused_kind:
            raise ValueError(entry.kind)
        if entry not in self.rows:
            self.rows.append(entry)

    def kinds(self, subject: UUID) -> list[str]:
        return [row.kind for row in self.rows if row.subject == subject]


def entry(subject: UUID, kind: str, closes: bool = False) -> Entry:
    return Entry(uuid4(), subject, kind, datetime(2026, 10, 5, 8, 0, tzinfo=UTC), 1.5, {"text": "è\n", "n": 1}, closes)


def files(folder: Path) -> list[Path]:
    return [path for path in folder.glob("*.jsonl") if path.stat().st_size]


@asynccontextmanager
async def working(folder: Path, database: Database) -> AsyncIterator[Outbox]:
    """An outbox being applied; killed at the end of the block."""
    outbox = Outbox(Journal(folder), Journal(folder / "refused"), database.apply)
    task = asyncio.create_task(outbox.run())
    try:
        yield outbox
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_module, "RETRY_AFTER_S", (0.001,))


async def test_entries_of_one_subject_are_applied_in_order(tmp_path: Path) -> None:
    subjects, database = [uuid4() for _ in range(5)], Database()
    async with working(tmp_path, database) as outbox:
        for number in range(20):
            await asyncio.gather(*(outbox.add(entry(subject, str(number))) for subject in subjects))
        assert await outbox.drained(5)
    for subject in subjects:
        assert database.kinds(subject) == [str(number) for number in range(20)]


async def test_what_was_added_while_the_database_was_away_is_applied_when_it_is_back(tmp_path: Path) -> None:
    subject, database = uuid4(), Database()
    database.away = True
    async with working(tmp_path, database) as outbox:
        await outbox.add(entry(subject, "first"))
        await outbox.add(entry(subject, "second"))
        await until(lambda: database.tries > 8, what="tries beyond those after which an entry is set aside")
        assert (outbox.pending, outbox.is_away, outbox.refusals) == (2, True, 0)
        assert not await outbox.applied(subject, 0.01)
        database.away = False
        assert await outbox.applied(subject, 5)
        assert (outbox.pending, outbox.is_away) == (0, False)
        assert outbox.oldest_pending() is None
    assert database.kinds(subject) == ["first", "second"]


async def test_a_process_killed_before_anything_was_applied_loses_nothing(tmp_path: Path) -> None:
    subject, database = uuid4(), Database()
    killed = Outbox(Journal(tmp_path), Journal(tmp_path / "refused"), database.apply)
    await killed.add(entry(subject, "first"))
    await killed.add(entry(subject, "last", closes=True))
    async with working(tmp_path, database) as outbox:
        assert [e.kind for e in outbox.story(subject)] == ["first", "last"]
        assert await outbox.drained(5)
    assert database.kinds(subject) == ["first", "last"]


async def test_the_story_of_an_open_subject_is_there_for_whoever_resumes_it(tmp_path: Path) -> None:
    subject, database = uuid4(), Database()
    async with working(tmp_path, database) as outbox:
        made = entry(subject, "first")
        await outbox.add(made)
        assert await outbox.drained(5)
    async with working(tmp_path, database) as outbox:
        assert list(outbox.story(subject)) == [made]
        assert outbox.open_subjects() == [subject]
        assert await outbox.drained(5)
    assert database.kinds(subject) == ["first"]


async def test_when_nobody_is_on_the_line_no_data_stays_on_the_disk(tmp_path: Path) -> None:
    database = Database()
    async with working(tmp_path, database) as outbox:
        for _ in range(3):
            await outbox.add(entry(uuid4(), "all of it", closes=True))
        await until(lambda: not files(tmp_path), what="the removal of what is applied and over")
        assert outbox.open_subjects() == []
        subject = uuid4()
        await outbox.add(entry(subject, "another"))
        assert await outbox.applied(subject, 5)
    assert len(database.rows) == 4


async def test_an_entry_that_can_never_be_applied_is_set_aside_and_the_rest_goes_on(tmp_path: Path) -> None:
    subject, database = uuid4(), Database()
    database.refused_kind = "bad"
    async with working(tmp_path, database) as outbox:
        for kind in ("good", "bad", "better"):
            await outbox.add(entry(subject, kind))
        assert await outbox.drained(5)
        assert outbox.refusals == 1
    assert database.kinds(subject) == ["good", "better"]
    [aside] = files(tmp_path / "refused")
    assert Entry.read(aside.read_text().strip()).kind == "bad"
    assert Outbox(Journal(tmp_path), Journal(tmp_path / "refused"), database.apply).refusals == 1


async def test_a_torn_last_line_is_left_out_and_a_damaged_one_is_set_aside(tmp_path: Path) -> None:
    subject, database = uuid4(), Database()
    killed = Outbox(Journal(tmp_path), Journal(tmp_path / "refused"), database.apply)
    await killed.add(entry(subject, "whole"))
    [segment] = files(tmp_path)
    segment.write_text("not an entry\n" + segment.read_text() + entry(subject, "torn").text()[:40])
    async with working(tmp_path, database) as outbox:
        await outbox.add(entry(subject, "later"))
        assert await outbox.drained(5)
    assert database.kinds(subject) == ["whole", "later"]
    assert "not an entry" in files(tmp_path / "refused")[0].read_text()


async def test_a_full_disk_is_said_to_whoever_waits_and_nothing_is_half_added(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject, database = uuid4(), Database()

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    async with working(tmp_path, database) as outbox:
        with monkeypatch.context() as patched:
            patched.setattr(os, "fdatasync", full)
            with pytest.raises(OSError, match="No space left"):
                await outbox.add(entry(subject, "lost"))
        assert outbox.story(subject) == ()
        await outbox.add(entry(subject, "kept"))
        assert await outbox.drained(5)
        [segment] = files(tmp_path)
        assert len(segment.read_text().splitlines()) == 1
    assert database.kinds(subject) == ["kept"]


async def test_an_entry_that_is_refused_while_the_disk_is_full_is_set_aside_when_there_is_room(tmp_path: Path) -> None:
    subject, database, full = uuid4(), Database(), True
    database.refused_kind = "bad"

    class Full(Journal):
        def append(self, text: str) -> Written:
            if not full:
                return super().append(text)
            failed: Written = asyncio.get_running_loop().create_future()
            failed.set_exception(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
            return failed

    outbox = Outbox(Journal(tmp_path), Full(tmp_path / "refused"), database.apply)
    running = asyncio.create_task(outbox.run())
    await outbox.add(entry(subject, "bad"))
    await outbox.add(entry(subject, "good", closes=True))
    await until(lambda: outbox.refusals == 1, what="the refusal")
    assert not running.done()
    full = False
    assert await outbox.drained(5)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert database.kinds(subject) == ["good"]
    assert len(Journal(tmp_path / "refused").load()) == 1


async def test_many_lines_share_a_segment_until_it_is_full_and_each_is_read_back(tmp_path: Path) -> None:
    journal = Journal(tmp_path, most_bytes=200)
    segments = await asyncio.gather(*(journal.append(f"line {n} " + "x" * 40) for n in range(10)))
    more = await journal.append("after")
    assert set(segments) == {1}
    assert more == 2
    lines = Journal(tmp_path).load()
    assert [line.text.split("x")[0].strip() for line in lines] == [*(f"line {n}" for n in range(10)), "after"]


async def test_a_subject_that_comes_back_has_a_story_of_its_own(tmp_path: Path) -> None:
    subject, database = uuid4(), Database()
    database.away = True
    async with working(tmp_path, database) as outbox:
        for kind, closes in (("came", False), ("left", True)):
            await outbox.add(entry(subject, kind, closes))
        assert outbox.open_subjects() == []
        await outbox.add(entry(subject, "back"))
        assert [e.kind for e in outbox.story(subject)] == ["back"]
        assert outbox.open_subjects() == [subject]
        database.away = False
        assert await outbox.applied(subject, 5)
        assert [e.kind for e in outbox.story(subject)] == ["back"]
        await outbox.add(entry(subject, "gone", closes=True))
        await until(lambda: not files(tmp_path), what="the removal of what is applied and over")
    assert database.kinds(subject) == ["came", "left", "back", "gone"]


async def test_a_subject_that_was_forgotten_and_comes_back_is_open_after_a_restart_too(tmp_path: Path) -> None:
    """What was forgotten stands in the journal still, beside what is needed: it is no part of the new story."""
    subject, other, database = uuid4(), uuid4(), Database()
    async with working(tmp_path, database) as outbox:
        await outbox.add(entry(other, "keeps the segment"))
        for kind, closes in (("came", False), ("left", True)):
            await outbox.add(entry(subject, kind, closes))
        await until(lambda: not outbox.story(subject), what="the end of its first story")
        await outbox.add(entry(subject, "back"))
        assert await outbox.drained(5)
    async with working(tmp_path, database) as outbox:
        assert [e.kind for e in outbox.story(subject)] == ["back"]
        assert set(outbox.open_subjects()) == {subject, other}
        assert await outbox.drained(5)
        await outbox.add(entry(subject, "gone", closes=True))
        await outbox.add(entry(other, "too", closes=True))
        await until(lambda: not files(tmp_path), what="the removal of what is applied and over")
    assert database.kinds(subject) == ["came", "left", "back", "gone"]


async def test_a_subject_that_comes_back_while_its_last_word_is_being_applied_is_not_forgotten(tmp_path: Path) -> None:
    subject, database = uuid4(), Database()
    applying, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(made: Entry) -> None:
        applying.set()
        await go_on.wait()
        await database.apply(made)

    outbox = Outbox(Journal(tmp_path), Journal(tmp_path / "refused"), slowly)
    task = asyncio.create_task(outbox.run())
    await outbox.add(entry(subject, "left", closes=True))
    await applying.wait()
    back = outbox.post(entry(subject, "back"))
    go_on.set()
    await back
    assert await outbox.applied(subject, 5)
    assert outbox.open_subjects() == [subject]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert [e.kind for e in Outbox(Journal(tmp_path), Journal(tmp_path / "refused"), slowly).story(subject)] == ["back"]
