"""The PostgreSQL session that every room's `store.py` uses, and the declarative base its rows derive from."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum

from pydantic import Field
from sqlalchemy import DateTime, Enum
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase

from foundation.settings import Part


class DatabaseSettings(Part):
    """Where PostgreSQL answers."""

    url: str = Field(
        description="a SQLAlchemy address with the psycopg driver",
        examples=["postgresql+psycopg://centralino@/centralino?host=/run/postgresql"],
        pattern=r"^postgresql\+psycopg://",
    )
    statement_timeout_s: float = Field(default=5.0, gt=0, le=600)
    pool_size: int = Field(default=10, ge=1, le=200)


class Base(DeclarativeBase):
    """One metadata for all rooms, so that one Alembic history describes one database."""


IDLE_IN_TRANSACTION_MS = 30_000

Instant = DateTime(timezone=True)
"""The column type of an aware instant."""


def one_of(of: type[StrEnum], constraint: str) -> Enum:
    """The column type of a text that holds the value of one member."""
    return Enum(
        of,
        native_enum=False,
        length=32,
        create_constraint=True,
        name=constraint,
        values_callable=lambda members: [member.value for member in members],
    )


class Database:
    """A pool of connections. `async with db.session() as session:` is one transaction: commit at the end, roll back on error."""

    def __init__(self, settings: DatabaseSettings) -> None:
        self._engine = create_async_engine(
            settings.url,
            pool_size=settings.pool_size,
            pool_timeout=settings.statement_timeout_s,
            pool_pre_ping=True,
            # An error that shows a row shows a caller.
            hide_parameters=True,
            connect_args={
                "connect_timeout": 5,
                # A process that freezes in a transaction holds its rows: the server ends what says nothing for so long.
                "options": f"-c statement_timeout={int(settings.statement_timeout_s * 1000)} -c timezone=UTC"
                f" -c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_MS}",
            },
        )
        self._sessions = async_sessionmaker(self._engine, expire_on_commit=False)

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """One transaction."""
        async with self._sessions.begin() as session:
            yield session

    async def close(self) -> None:
        """Give every connection back."""
        await self._engine.dispose()


def is_away(error: BaseException) -> bool:
    """Whether it is the database that cannot take a write now, rather than the write that cannot be taken."""
    if isinstance(error, IntegrityError | DataError):
        return False
    return isinstance(error, DBAPIError | PoolTimeout | OSError | TimeoutError)
