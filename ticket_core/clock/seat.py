"""The seat that one instance has: an advisory lock of PostgreSQL, on a connection of its own.

The lock is the session's. It ends with the process, with the connection, and, because the server ends a session that is silent for long,
also when the process is frozen: then the next one takes it, and the first, when it thaws, finds that it has lost it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from foundation import logs
from foundation.clock import Clock
from foundation.database import DatabaseSettings
from ticket_core.locks import Lock

log = logs.get(__name__)

KIND, NUMBER = Lock.SEAT.value, 0
TAKE = text(f"SELECT pg_try_advisory_lock({KIND}, {NUMBER})")
HELD = text(
    "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND granted"  # noqa: S608 (numbers)
    f" AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND (classid, objid) = ({KIND}, {NUMBER}))"
)

SILENT_S = 10
"""A session that says nothing for this long is ended by the server: who holds the seat says something far more often."""

KEEP_EVERY_S = 2.0
FRESH_S = 1.0
"""For how long an answer that the seat is held is believed."""

ANSWER_S = 5.0

OPTIONS = (
    f"-c statement_timeout={int(ANSWER_S * 1000)} -c idle_session_timeout={SILENT_S * 1000}"
    # A peer that is gone without a word, over a network: the server notices as soon.
    f" -c tcp_keepalives_idle=4 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3 -c tcp_user_timeout={SILENT_S * 1000}"
)

Confirm = Callable[[], Awaitable[None]]


class SeatLost(Exception):
    """Another instance may be the active one now: this one must do nothing more."""


class Seat:
    """Of those who share a database, one has it."""

    def __init__(self, settings: DatabaseSettings, clock: Clock) -> None:
        self._engine = create_async_engine(
            settings.url,
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",
            hide_parameters=True,
            connect_args={"connect_timeout": int(ANSWER_S), "options": OPTIONS},
        )
        self._clock = clock
        self._connection: AsyncConnection | None = None
        self._alone = asyncio.Lock()
        self._asked = 0.0

    async def take(self) -> bool:
        """Try to get it; False while another has it. Raises `DBAPIError`, OSError or TimeoutError while there is no database."""
        async with self._alone:
            if self._connection is None:
                async with asyncio.timeout(2 * ANSWER_S):
                    self._connection = await self._engine.connect()
            asked = self._clock.monotonic()
            try:
                if not await self._ask(TAKE):
                    return False
            except (DBAPIError, OSError, TimeoutError):
                await self._drop()
                raise
            self._asked = asked
            return True

    async def confirm(self) -> None:
        """Return if it is held, asked at most `FRESH_S` ago. Raises `SeatLost`."""
        async with self._alone:
            asked = self._clock.monotonic()
            if self._connection is not None and asked - self._asked < FRESH_S:
                return
            if self._connection is None or not await self._is_held():
                await self._drop()
                raise SeatLost("the lock, or the connection that held it, is gone")
            self._asked = asked

    async def keep(self) -> None:
        """Say something in time, until cancelled or the seat is lost."""
        with suppress(SeatLost):
            while True:
                await asyncio.sleep(KEEP_EVERY_S)
                await self.confirm()

    async def leave(self) -> None:
        """Give it up."""
        async with self._alone:
            await self._drop()

    async def _is_held(self) -> bool:
        try:
            return await self._ask(HELD)
        except (DBAPIError, OSError, TimeoutError) as error:
            log.warning("seat_unanswered", **logs.fault(error))
            return False

    async def _ask(self, question: object) -> bool:
        assert self._connection is not None
        async with asyncio.timeout(ANSWER_S):
            return bool((await self._connection.execute(question)).scalar_one())  # type: ignore[call-overload]

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        with suppress(DBAPIError, OSError, TimeoutError):
            async with asyncio.timeout(ANSWER_S):
                # Ended, not given back: the lock must not outlive the belief in it.
                await connection.invalidate()
                await connection.close()
