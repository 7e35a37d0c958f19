"""The audit: rows that are only ever added, of who listened to, downloaded, exported or erased what. They hold no content and no number.

("every listen, download, export and erasure is an append-only audit row", `domain.md`, Privacy.)
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Identity, Index, Text, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from foundation.clock import Clock
from foundation.database import Base, Database, Instant, one_of

PAGE = 1000


class Act(StrEnum):
    """What is audited."""

    LISTEN = "listen"
    DOWNLOAD = "download"
    EXPORT = "export"
    ERASURE = "erasure"


@dataclass(frozen=True)
class Entry:
    """One act. `what` is a kind of thing ("practice", "recording"), `rows` how many.

    `subject` is the internal id of whose it is; None for many, or for what no practice has.
    """

    at: datetime
    author: str
    act: Act
    what: str
    subject: UUID | None = None
    rows: int = 1


class AuditRow(Base):
    """One entry. A trigger lets rows be added only."""

    __tablename__ = "audit"
    __table_args__ = (Index("audit_by_time", "at"), CheckConstraint("rows >= 0", name="audit_rows"))

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant)
    author: Mapped[str] = mapped_column(Text)
    act: Mapped[Act] = mapped_column(one_of(Act, "audit_act"))
    what: Mapped[str] = mapped_column(Text)
    subject: Mapped[UUID | None]
    rows: Mapped[int] = mapped_column(BigInteger)

    def value(self) -> Entry:
        """The frozen value of this row."""
        return Entry(self.at, self.author, self.act, self.what, self.subject, self.rows)


def note(session: AsyncSession, entry: Entry) -> None:
    """Write it in the transaction of the act: neither is there without the other."""
    session.add(AuditRow(**asdict(entry)))


class Audit:
    """For acts that change no row, and to look back."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def write(self, author: str, act: Act, what: str, subject: UUID | None = None, rows: int = 1) -> None:
        """Write it in a transaction of its own, before anything is handed out: what is read later stands in no doubt."""
        async with self._database.session() as session:
            note(session, Entry(self._clock.now(), author, act, what, subject, rows))

    async def since(self, instant: datetime) -> AsyncIterator[Entry]:
        """What was written since an instant, oldest first."""
        query = select(AuditRow).where(AuditRow.at >= instant).order_by(AuditRow.at, AuditRow.id)
        async with self._database.session() as session:
            async for row in await session.stream_scalars(query.execution_options(yield_per=PAGE)):
                yield row.value()
