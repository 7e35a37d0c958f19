"""Which plans the database has for what our services really ask it: taken down as they ask, and explained afterwards."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import Engine, event

OURS = frozenset({"practice", "practice_history", "practice_clock", "practice_code", "message"})

Asked = tuple[str, Any]
"""A statement as the driver gets it, with its values."""


@contextmanager
def taken_down() -> Iterator[list[Asked]]:
    """Every statement that any of this process's pools sends, in order."""
    asked: list[Asked] = []

    def note(_connection: object, _cursor: object, statement: str, values: Any, _context: object, _many: bool) -> None:
        asked.append((statement, values))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def whole_table_reads(conninfo: str, asked: Sequence[Asked]) -> list[str]:
    """The tables of practices that one of these statements reads from end to end, with the statement; planned under its own settings."""
    found = []
    with psycopg.connect(conninfo) as connection:
        for statement, values in asked:
            if statement.lstrip().startswith("SELECT set_config"):
                connection.execute(statement, values)
                continue
            plan = connection.execute(f"EXPLAIN (FORMAT JSON) {statement}", values).fetchone()
            if plan is not None:
                found += [f"{table}: {statement}" for table in _read_whole(_root(plan[0]))]
    return found


def _root(document: Any) -> Mapping[str, Any]:
    parsed = json.loads(document) if isinstance(document, str) else document
    root: Mapping[str, Any] = parsed[0]["Plan"]
    return root


def _read_whole(node: Mapping[str, Any]) -> Iterator[str]:
    if "Seq Scan" in node["Node Type"] and node["Relation Name"] in OURS:
        yield node["Relation Name"]
    for child in node.get("Plans", ()):
        yield from _read_whole(child)
