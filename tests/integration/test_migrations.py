"""The revisions make the tables that the rooms' rows describe, on empty databases and on full ones."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from uuid import uuid4

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from centralino import migrate
from foundation.audit import Act, Audit
from foundation.clock import SystemClock
from foundation.database import Base, Database, DatabaseSettings
from ledger.service import Ledger
from tests.postgres import Throwaway
from tests.practices import CODES, COUNTING
from ticket_core.casework import Casework
from ticket_core.clock.alarms import Alarms
from ticket_core.clock.model import AlarmKind, Warnings
from ticket_core.histories import Histories
from ticket_core.model import Channel, Request, Requester
from ticket_core.replies.service import Replies

CHECKS = "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'c' AND conrelid <> 0"


def rows(url: str, query: str) -> set[tuple[object, ...]]:
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        return {tuple(row) for row in connection.execute(text(query))}


def tables(url: str) -> set[tuple[object, ...]]:
    return rows(url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")


def test_revisions_and_rows_describe_the_same_tables(database_url: str) -> None:
    engine = create_engine(database_url, poolclass=NullPool)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []


def test_revisions_and_rows_hold_the_same_checks(postgres: Throwaway, database_url: str) -> None:
    with postgres.empty_database() as url:
        engine = create_engine(url, poolclass=NullPool)
        Base.metadata.create_all(engine)
        assert rows(database_url, CHECKS) == rows(url, CHECKS)
        assert len(rows(url, CHECKS)) > 5


def test_the_way_down_leaves_nothing_and_the_way_up_works_again(postgres: Throwaway) -> None:
    with postgres.empty_database() as url:
        migrate.upgrade(url)
        made = tables(url)
        migrate.downgrade(url, "base")
        assert tables(url) == {("alembic_version",)}
        migrate.upgrade(url)
        assert tables(url) == made


async def test_an_upgrade_of_a_database_in_use_keeps_what_is_in_it(database: Database, database_url: str) -> None:
    ledger, call_id = Ledger(database, SystemClock()), uuid4()
    await ledger.arrived(call_id, None, None, "it")
    migrate.upgrade(database_url)
    assert await ledger.call(call_id) is not None


def test_processes_that_start_together_upgrade_once(postgres: Throwaway) -> None:
    program = "import sys; from centralino import migrate; migrate.upgrade(sys.argv[1])"
    with postgres.empty_database() as url:
        newest = ScriptDirectory.from_config(migrate.config(url)).get_current_head()
        started = [subprocess.Popen([sys.executable, "-c", program, url]) for _ in range(3)]
        assert [process.wait(60) for process in started] == [0, 0, 0]
        assert rows(url, "SELECT version_num FROM alembic_version") == {(newest,)}


def test_a_database_is_reached_by_the_address_that_settings_take(database_url: str) -> None:
    assert DatabaseSettings(url=database_url).url == database_url


def execute(url: str, *statements: str) -> None:
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


FIRST_PATH = """
INSERT INTO practice (id, code, channel, language, caller, state, opened_at, state_since)
VALUES ('00000000-0000-0000-0000-000000000001', '12345678903', 'voice_message', 'it', '+390612345678', 'awaiting_documents',
        '2026-10-05T08:00Z', '2026-10-07T08:00Z');
INSERT INTO practice_history (practice_id, at, author, what, reason) VALUES
 ('00000000-0000-0000-0000-000000000001', '2026-10-05T08:00Z', 'caller', 'received', 'voice_message'),
 ('00000000-0000-0000-0000-000000000001', '2026-10-06T08:00Z', 'anna', 'received -> in_progress', 'taken'),
 ('00000000-0000-0000-0000-000000000001', '2026-10-07T08:00Z', 'anna', 'in_progress -> awaiting_documents', 'una fotografia');
INSERT INTO practice_clock (practice_id, state, starts, ends, reason, due_on) VALUES
 ('00000000-0000-0000-0000-000000000001', 'runs', '2026-10-05T08:00Z', '2026-10-07T08:00Z', 'received', '2026-11-16'),
 ('00000000-0000-0000-0000-000000000001', 'suspended', '2026-10-07T08:00Z', NULL, 'una fotografia', NULL);
INSERT INTO message (id, call_id, practice_id, language, recording, state, made_at)
VALUES ('00000000-0000-0000-0000-000000000002', '00000000-0000-0000-0000-000000000003', '00000000-0000-0000-0000-000000000001', 'it',
        'r', 'to_transcribe', '2026-10-05T08:00Z')
"""
KEPT = "SELECT code, state, opened_at FROM practice"
HISTORY = "SELECT at, author, what, reason FROM practice_history"
CLOCK = "SELECT state, starts, ends FROM practice_clock"


async def test_practices_of_the_first_path_go_up_and_down_again_with_their_whole_past(postgres: Throwaway) -> None:
    with postgres.empty_database() as url:
        migrate.upgrade(url, "0003")
        execute(url, *FIRST_PATH.split(";"))
        before = [rows(url, query) for query in (KEPT, HISTORY, CLOCK)]
        migrate.upgrade(url)
        assert [rows(url, query) for query in (KEPT, HISTORY)] == before[:2]
        assert {row[0] for row in rows(url, CLOCK)} == {"runs", "suspended_documents"}
        database = Database(DatabaseSettings(url=url))
        verdict = await Histories(database, SystemClock()).verify()
        await database.close()
        assert (verdict.practices, verdict.entries, verdict.faults) == (1, 3, ())
        migrate.downgrade(url, "0003")
        assert [rows(url, query) for query in (KEPT, HISTORY, CLOCK)] == before


async def work_on_practices(url: str) -> None:
    """One practice of every fate: open, asked for documents, answered, merged, erased; letters, contacts and a seal with them."""
    database, clock = Database(DatabaseSettings(url=url)), SystemClock()
    casework = Casework(database, clock, COUNTING, CODES, Replies(database, clock))
    request = Request(
        channel=Channel.WEB_FORM, requester=Requester(name="Anna", email="anna@example.org"), text="Il muro"
    )
    asked, answered, merged, erased = [await casework.open(request, "form") for _ in range(4)]
    await casework.take(asked.id, "anna")
    await casework.ask_documents(asked.id, "una fotografia", "anna")
    await casework.answer(answered.id, "È sicuro.", "anna")
    await casework.merge(merged.id, asked.id, "anna", "the same")
    await casework.erase(erased.id, "carla", "asked for")
    await Histories(database, clock).seal()
    await Audit(database, clock).write("anna", Act.EXPORT, "all practices", rows=4)
    alarms = Alarms(database, COUNTING, Warnings(reminder_days=10, warn_days=5, same_day_hours=2))
    assert await alarms.raise_one(asked.id, AlarmKind.DOCUMENTS_CAME, date(2026, 11, 14), clock.now())
    await database.close()


async def test_whole_practices_go_down_and_up_again(postgres: Throwaway) -> None:
    with postgres.empty_database() as url:
        migrate.upgrade(url)
        await work_on_practices(url)
        states = "SELECT state, count(*) FROM practice GROUP BY state"
        before = rows(url, states)
        migrate.downgrade(url, "0003")
        assert rows(url, states) == before
        migrate.upgrade(url)
        assert rows(url, states) == before
        database = Database(DatabaseSettings(url=url))
        verdict = await Histories(database, SystemClock()).verify()
        await database.close()
        assert (verdict.practices, verdict.faults) == (4, ())
        migrate.downgrade(url, "base")
