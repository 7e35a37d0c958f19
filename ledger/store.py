"""The rows behind calls and their steps."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from foundation.database import Base, Instant, one_of
from ledger.model import Call, OperatorState, OperatorStep, Outcome, Step, StepKind

OF_QUEUE = "kind IN ('queued', 'left_queue')"
"""The steps by which a report finds the calls that asked for an operator; a call without one has no way to the line."""

OF_CALLBACK_LIST = "kind IN ('abandoned', 'fallback', 'called_back')"
"""The steps that put a call on the call-back list, or take it off."""


class CallRow(Base):
    """One call."""

    __tablename__ = "call"
    __table_args__ = (
        CheckConstraint("(ended_at IS NULL) = (outcome IS NULL)", name="call_ended_with_an_outcome"),
        Index("call_by_start", "started_at"),
        Index("call_by_caller", "caller", "started_at"),
        Index("call_with_caller", "started_at", postgresql_where=text("caller IS NOT NULL")),
    )

    call_id: Mapped[UUID] = mapped_column(primary_key=True)
    caller: Mapped[str | None] = mapped_column(Text)
    dialled: Mapped[str | None] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(8))
    started_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    outcome: Mapped[Outcome | None] = mapped_column(one_of(Outcome, "call_outcome"))
    simulated: Mapped[bool] = mapped_column(server_default=text("false"))

    def value(self, steps: Sequence[StepRow] = ()) -> Call:
        """The frozen value of this row."""
        return Call(
            call_id=self.call_id,
            caller=self.caller,
            dialled=self.dialled,
            language=self.language,
            started_at=self.started_at,
            ended_at=self.ended_at,
            outcome=self.outcome,
            simulated=self.simulated,
            steps=tuple(Step(row.seq, row.at, row.mono, row.kind, row.detail) for row in steps),
        )


class StepRow(Base):
    """One step of a call; rows are only ever added."""

    __tablename__ = "call_step"
    __table_args__ = (
        UniqueConstraint("call_id", "seq", name="call_step_in_order"),
        Index("call_step_of_queue", "at", "call_id", postgresql_where=text(OF_QUEUE)),
        Index("call_step_of_callback_list", "kind", "call_id", postgresql_where=text(OF_CALLBACK_LIST)),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    call_id: Mapped[UUID] = mapped_column(ForeignKey("call.call_id"))
    seq: Mapped[int]
    at: Mapped[datetime] = mapped_column(Instant)
    mono: Mapped[float]
    kind: Mapped[StepKind] = mapped_column(one_of(StepKind, "call_step_kind"))
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB)


class OperatorStepRow(Base):
    """What an operator does from an instant on; rows are only ever added."""

    __tablename__ = "operator_step"
    __table_args__ = (Index("operator_step_by_time", "at"), Index("operator_step_by_number", "number", "at"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(8))
    state: Mapped[OperatorState] = mapped_column(one_of(OperatorState, "operator_step_state"))
    reason: Mapped[str | None] = mapped_column(Text)
    # No foreign key: a step of an operator may be written before the call's own arrival.
    call_id: Mapped[UUID | None]
    at: Mapped[datetime] = mapped_column(Instant)
    mono: Mapped[float]

    def value(self) -> OperatorStep:
        """The frozen value of this row."""
        return OperatorStep(self.number, self.state, self.at, self.mono, self.reason, self.call_id)
