"""Brings the bench's practices into a migrated database, as a take-over from another system would: by COPY, indexes built at the end."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

import psycopg

from bench.practice_rows import COLUMNS, ENTRIES, MUNICIPALITIES, TOPICS, Maker, Plan, chunks, istat
from ticket_core import chain

CHUNK = 10_000
LOADERS = 2
PROVED = 200

_INDEXES = (
    "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index "
    "WHERE indrelid = ANY(%s::regclass[]) AND NOT indisunique ORDER BY 1"
)
_IN_ORDER = "ALTER TABLE practice_history {} CONSTRAINT practice_history_in_order {}"


@dataclass(frozen=True)
class Loaded:
    """What was loaded: rows of all tables, the seconds until the last index stood, and bytes on disk."""

    practices: int
    entries: int
    rows: int
    seconds: float
    bytes: int


def load(conninfo: str, practices: int) -> Loaded:
    """Make and load; each row is made here, and that is part of the time. Blocks."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        plan = _lists(connection, practices)
        begun = time.monotonic()
        indexes = connection.execute(_INDEXES, [list(COLUMNS)]).fetchall()
        for name, _ in indexes:
            connection.execute(f"DROP INDEX {name}")
        connection.execute(_IN_ORDER.format("DROP", ""))
        rows = _copy_all(conninfo, plan)
        # The indexes are built as whoever takes over a service builds them: with room to sort in.
        connection.execute("SET maintenance_work_mem = '512MB'")
        connection.execute(_IN_ORDER.format("ADD", "UNIQUE (practice_id, seq)"))
        for _, definition in indexes:
            connection.execute(definition)
        seconds = time.monotonic() - begun
        connection.execute("VACUUM (ANALYZE) practice, practice_history, practice_clock, practice_code, message")
        _prove(connection)
        size = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    return Loaded(practices, practices * ENTRIES, rows, seconds, size[0] if size else 0)


def _lists(connection: psycopg.Connection[tuple[object, ...]], practices: int) -> Plan:
    topics = tuple(uuid4() for _ in range(TOPICS))
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO topic (id, slug, name_it, name_en) VALUES (%s, %s, 'Tema', 'Topic')",
            [(topic, f"bench-{topic}") for topic in topics],
        )
        cursor.executemany(
            "INSERT INTO municipality (istat, name, words, province, region) VALUES (%s, 'Comune', ' comune', 'RM', 'Lazio')",
            [(istat(number),) for number in range(MUNICIPALITIES)],
        )
    office = connection.execute("SELECT id FROM office WHERE contact_center").fetchone()
    return Plan(practices, datetime.now(UTC), UUID(str(office[0] if office else uuid4())), topics)


def _copy_all(conninfo: str, plan: Plan) -> int:
    pieces = [(conninfo, plan, first, last) for first, last in chunks(plan.practices, CHUNK)]
    if len(pieces) < LOADERS:
        return sum(map(_copy, pieces))
    with ProcessPoolExecutor(LOADERS, multiprocessing.get_context("spawn")) as loaders:
        return sum(loaders.map(_copy, pieces))


def _copy(piece: tuple[str, Plan, int, int]) -> int:
    conninfo, plan, first, last = piece
    lines, rows = Maker(plan).lines(first, last), 0
    with psycopg.connect(conninfo) as connection:
        # What a row refers to is there by its making; a take-over checks that beforehand, and not once a row.
        connection.execute("SET session_replication_role = replica")
        for table, written in lines.of.items():
            with connection.cursor().copy(f"COPY {table} ({', '.join(COLUMNS[table])}) FROM STDIN") as copy:
                copy.write("".join(written))
            rows += len(written)
    return rows


def _prove(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    """The chains are true: some of them are computed anew. Raises ValueError."""
    heads = connection.execute("SELECT id, history_length, history_head FROM practice LIMIT %s", [PROVED]).fetchall()
    for practice_id, length, head in heads:
        found = connection.execute(
            "SELECT practice_id, seq, at, what, author, reason, salt, content, digest FROM practice_history "
            "WHERE practice_id = %s ORDER BY seq",
            [practice_id],
        ).fetchall()
        fault = _fault(UUID(str(practice_id)), found, length, head)
        if fault:
            raise ValueError(f"a loaded history does not hold: {fault}")


def _fault(practice_id: UUID, rows: Sequence[tuple[object, ...]], length: object, head: object) -> str | None:
    links = [chain.Link(*row) for row in rows]  # type: ignore[arg-type]
    return chain.find_fault(practice_id, links, length, head)  # type: ignore[arg-type]
