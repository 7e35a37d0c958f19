"""The peer of the bench of practices: the same rows, asked by a bare driver as a ticket system without a text index asks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import psycopg

from bench.model import CouldNotMeasure
from bench.practice_asked import Asked

OPEN_DUE = "SELECT * FROM practice WHERE state NOT IN ('answered', 'closed') AND due_on <= %s ORDER BY due_on LIMIT %s"


class Peer:
    """One connection, every statement a transaction of its own. Whole rows are read, as an object mapper without care reads them."""

    def __init__(self, bare: psycopg.AsyncConnection[Any]) -> None:
        self._bare = bare

    async def by_code(self, code: str) -> None:
        """A practice and its history. Raises `CouldNotMeasure` when there is none: then nothing was measured."""
        found = await self._rows("SELECT * FROM practice WHERE code = %s", [code])
        if not found:
            raise CouldNotMeasure(f"practice.look_up: no practice has the code {code}")
        await self._rows("SELECT * FROM practice_history WHERE practice_id = %s ORDER BY seq", [found[0][0]])

    async def due(self, day: date, limit: int) -> None:
        """What is due by a day."""
        await self._rows(OPEN_DUE, [day, limit])

    async def like(self, asked: Asked) -> None:
        """The newest practices in which each word stands as it was typed."""
        holds = " AND ".join("(subject ILIKE %s OR text ILIKE %s)" for _ in asked.words)
        query = f"SELECT * FROM practice WHERE {holds}{asked.filter} AND NOT exercise ORDER BY opened_at DESC LIMIT 51"  # noqa: S608
        await self._rows(query, [f"%{word}%" for word in asked.words for _ in range(2)])

    async def _rows(self, query: str, values: Sequence[object]) -> list[Any]:
        return await (await self._bare.execute(query.encode(), values)).fetchall()
