"""What the board said, as the diary has it."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from ledger.model import Outcome, StepKind
from queue_manager import metrics
from queue_manager.diary import Diary
from queue_manager.hall import Caller
from queue_manager.model import (
    Abandoned,
    CallCitizen,
    Connected,
    Happening,
    KeepsPlace,
    Left,
    NotAnswered,
    NotReached,
    Offered,
    Replaced,
    SeatChanged,
    Talked,
    Why,
    Withdrawn,
    WrappedUp,
)


class Scribe:
    """Writes each happening down once, before or while it is done."""

    def __init__(self, diary: Diary, callers: Mapping[UUID, Caller]) -> None:
        self._diary = diary
        self._callers = callers

    def write(self, one: Happening) -> None:
        """Write one happening down."""
        write = self._diary
        match one:
            case Offered(call_id, operator, leg):
                write.step(call_id, StepKind.OFFERED, operator=operator, leg=leg)
            case NotAnswered(call_id, operator, _, why, rang_s):
                write.step(call_id, StepKind.NOT_ANSWERED, operator=operator, why=why.value, rang_s=round(rang_s, 1))
            case KeepsPlace(call_id, queue, language, waited_s, position):
                write.step(call_id, StepKind.LEFT_QUEUE, why=Why.CALLBACK.value, waited_s=round(waited_s, 1))
                write.step(
                    call_id, StepKind.QUEUED, queue=queue, language=language, via=Why.CALLBACK.value, position=position
                )
                metrics.ENDED.labels(outcome=Why.CALLBACK.value).inc()
            case CallCitizen(call_id, operator, rang_s=rang_s):
                write.step(call_id, StepKind.ANSWERED, operator=operator, rang_s=round(rang_s, 1))
            case NotReached(call_id, operator, _, unreached, attempt, last):
                write.step(call_id, StepKind.NOT_REACHED, operator=operator, why=unreached.value, attempt=attempt)
                if last:
                    write.ended(call_id, Outcome.MISSED)
            case Replaced(call_id):
                write.ended(call_id, Outcome.ABANDONED)
            case Connected(call_id, operator, _, waited_s, rang_s, citizen):
                if citizen is None:
                    metrics.WAITED_SECONDS.observe(waited_s)
                    write.step(call_id, StepKind.ANSWERED, operator=operator, rang_s=round(rang_s, 1))
                bridged = write.step(call_id, StepKind.BRIDGED, operator=operator, waited_s=round(waited_s, 1))
                if call_id in self._callers:
                    self._callers[call_id].put_through = bridged
            case Talked(call_id, operator, _, talk_s, elsewhere):
                write.step(call_id, StepKind.TALKED, operator=operator, talk_s=round(talk_s, 1), hold_s=0.0)
                if not elsewhere:
                    write.ended(call_id, Outcome.ANSWERED)
                    metrics.ENDED.labels(outcome="answered").inc()
            case Abandoned(call_id, waited_s, position):
                write.step(call_id, StepKind.ABANDONED, waited_s=round(waited_s, 1), position=position)
                write.ended(call_id, Outcome.ABANDONED)
                metrics.ENDED.labels(outcome="abandoned").inc()
            case Left(call_id, why, waited_s):
                self._write_left(call_id, why, waited_s)
                metrics.ENDED.labels(outcome=why.value).inc()
            case WrappedUp(call_id, operator, wrap_up_s):
                write.afterwards(call_id, StepKind.WRAPPED_UP, operator=operator, wrap_up_s=round(wrap_up_s, 1))
            case SeatChanged(operator, state, reason, about):
                write.operator(operator, state, reason, about)
            case Withdrawn():
                pass

    def _write_left(self, call_id: UUID, why: Why, waited_s: float) -> None:
        if self._diary.kept(call_id) is None:
            self._diary.refused(self._callers[call_id].arrival, why)
            return
        self._diary.step(call_id, StepKind.LEFT_QUEUE, why=why.value, waited_s=round(waited_s, 1))
        self._diary.given_back(call_id)
