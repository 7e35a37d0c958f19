"""Operators' duty, kept in PostgreSQL: written before anyone is told."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, Text, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from foundation.clock import Clock
from foundation.database import Base, Database, Instant, one_of
from queue_manager.model import Duty, Operator, interface_of


class OperatorRow(Base):
    """One operator's phone and whether it is on duty."""

    __tablename__ = "operator_duty"

    number: Mapped[str] = mapped_column(String(8), primary_key=True)
    interface: Mapped[str] = mapped_column(String(32))
    duty: Mapped[Duty] = mapped_column(one_of(Duty, "operator_duty_state"))
    since: Mapped[datetime] = mapped_column(Instant)
    reason: Mapped[str] = mapped_column(Text, server_default=text("''"))

    def value(self) -> Operator:
        """The frozen value of this row."""
        return Operator(self.number, self.interface, self.duty, self.since, self.reason)


class Duties:
    """Who is on duty. `number` is one of the settings' operators; whoever calls has looked."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def set(self, number: str, duty: Duty, reason: str = "") -> bool:
        """What an operator does from now on, `reason` why they pause; False when it was so already, which keeps its `since`."""
        values = {"interface": interface_of(number), "duty": duty, "reason": reason, "since": self._clock.now()}
        query = insert(OperatorRow).values(number=number, **values)
        differs = (OperatorRow.duty != duty) | (OperatorRow.reason != reason)
        changed = query.on_conflict_do_update(index_elements=["number"], set_=values, where=differs).returning(
            OperatorRow.number
        )
        async with self._database.session() as session:
            return (await session.execute(changed)).scalar_one_or_none() is not None

    async def all(self) -> list[Operator]:
        """Every operator that ever was on duty, by number."""
        async with self._database.session() as session:
            rows = await session.execute(select(OperatorRow).order_by(OperatorRow.number))
            return [row.value() for row in rows.scalars()]

    async def on_duty(self) -> list[Operator]:
        """Those who take calls now."""
        return [operator for operator in await self.all() if operator.duty is Duty.ON]
