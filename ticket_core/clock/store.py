"""The row behind an alarm."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

import ticket_core.store  # noqa: F401 (the table that alarms refer to)
from foundation.database import Base, Instant, one_of
from ticket_core.clock.model import Alarm, AlarmKind


class AlarmRow(Base):
    """One alarm; its key makes it one, however often and by however many it is raised."""

    __tablename__ = "alarm"
    __table_args__ = (Index("alarm_by_time", "raised_at"),)

    practice_id: Mapped[UUID] = mapped_column(ForeignKey("practice.id"), primary_key=True)
    kind: Mapped[AlarmKind] = mapped_column(one_of(AlarmKind, "alarm_kind"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    raised_at: Mapped[datetime] = mapped_column(Instant)

    def value(self) -> Alarm:
        """The frozen value of this row."""
        return Alarm(self.practice_id, self.kind, self.day, self.raised_at)
