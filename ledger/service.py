"""`Ledger`: the verbs that other rooms call to write and read what happened in calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4, uuid5

from sqlalchemy import String, cast, exists, func, select, update
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlalchemy.sql.elements import ColumnElement

from foundation import audit, logs
from foundation.clock import Clock
from foundation.database import Database
from ledger.model import Call, Happened, OperatorState, OperatorStep, Outcome, Stamp, StepKind
from ledger.rules import CLEARS, CODE_TOLD, TO_CALL_BACK, weightier
from ledger.store import CallRow, OperatorStepRow, StepRow

log = logs.get(__name__)


class UnknownCall(Exception):
    """The ledger has no call with this id: write its arrival first."""


class Ledger:
    """One row a call, one row a step. Steps are only added; a second arrival or end of a call changes nothing.

    A verb takes the `stamp` of a step that was made earlier, and writes the step of one stamp once; without, it is made now.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def arrived(
        self,
        call_id: UUID,
        caller: str | None,
        dialled: str | None,
        language: str,
        simulated: bool = False,
        stamp: Stamp | None = None,
    ) -> None:
        """A call is here. `caller` is E.164, None when withheld or malformed; `simulated` calls stay out of every list of work."""
        stamp = stamp or self._now()
        async with self._database.session() as session:
            made = await self._insert(session, call_id, caller, dialled, language, stamp.at, simulated)
            if made:
                await self._append(session, call_id, StepKind.ARRIVED, {}, stamp)

    async def language(self, call_id: UUID, language: str, stamp: Stamp | None = None) -> None:
        """The caller chose a language; the one the call has already is no step. Raises `UnknownCall`."""
        async with self._database.session() as session:
            row = await self._lock(session, call_id)
            if row.language != language:
                row.language = language
                await self._append(session, call_id, StepKind.LANGUAGE, {"language": language}, stamp or self._now())

    async def step(self, call_id: UUID, kind: StepKind | str, stamp: Stamp | None = None, **detail: Any) -> None:
        """Add a step with JSON values in `detail`. Raises `UnknownCall`; `ValueError` for a kind that does not exist.

        A call that is over still takes steps: its operator wraps up.
        Whoever calls keeps digits of a practice code, caller numbers and transcripts out of `detail`: it is kept and shown.
        """
        async with self._database.session() as session:
            await self._lock(session, call_id)
            await self._append(session, call_id, StepKind(kind), detail, stamp or self._now())

    async def ended(self, call_id: UUID, outcome: Outcome | str, stamp: Stamp | None = None) -> None:
        """The call is over. Raises `UnknownCall`; `ValueError` for an outcome that does not exist."""
        async with self._database.session() as session:
            await self._end(session, await self._lock(session, call_id), Outcome(outcome), stamp or self._now())

    async def operator(
        self,
        number: str,
        state: OperatorState | str,
        stamp: Stamp | None = None,
        reason: str | None = None,
        call_id: UUID | None = None,
    ) -> None:
        """The operator with this number does something else from now on. Raises `ValueError` for a state that does not exist."""
        stamp = stamp or self._now()
        query = insert(OperatorStepRow).values(
            id=stamp.id,
            number=number,
            state=OperatorState(state),
            reason=reason,
            call_id=call_id,
            at=stamp.at,
            mono=stamp.mono,
        )
        async with self._database.session() as session:
            await session.execute(query.on_conflict_do_nothing(index_elements=["id"]))

    async def operators_now(self) -> list[OperatorStep]:
        """What each operator does now, by number; none of whom nothing was ever written."""
        query = (
            select(OperatorStepRow)
            .ext(distinct_on(OperatorStepRow.number))
            .order_by(OperatorStepRow.number, OperatorStepRow.at.desc(), OperatorStepRow.mono.desc())
        )
        async with self._database.session() as session:
            return [row.value() for row in (await session.execute(query)).scalars()]

    async def import_call(
        self,
        call_id: UUID,
        caller: str | None,
        started_at: datetime,
        language: str,
        outcome: Outcome | str,
        ended_at: datetime | None = None,
        dialled: str | None = None,
        steps: Sequence[Happened] = (),
    ) -> None:
        """Write a call that the dialplan's fallback took, or took over; `ended_at` is now when nobody knows it. Again: nothing changes.

        A call whose page was closed without knowing of the fallback gets the weightier of the two outcomes.
        """
        ended = self._now() if ended_at is None else replace(self._now(), at=ended_at)
        async with self._database.session() as session:
            await self._insert(session, call_id, caller, dialled, language, started_at, simulated=False)
            row = await self._lock(session, call_id)
            taken = Happened(StepKind.FALLBACK, started_at, {"outcome": Outcome(outcome).value})
            for step in (taken, *steps):
                stamp = Stamp(uuid5(call_id, step.kind), step.at, self._clock.monotonic())
                await self._append(session, call_id, step.kind, dict(step.detail), stamp)
            if row.outcome is None:
                await self._end(session, row, Outcome(outcome), ended)
            elif weightier(row.outcome, Outcome(outcome)) is not row.outcome:
                row.ended_at, row.outcome = ended.at, Outcome(outcome)

    async def reached_at(self, call_id: UUID, number: str) -> None:
        """The caller of this call, who withheld their number or has another, is to be called at this one (E.164). Raises `UnknownCall`."""
        async with self._database.session() as session:
            (await self._lock(session, call_id)).caller = number

    async def called_back(self, call_id: UUID, author: str) -> None:
        """Somebody spoke to the caller of this call, or need not any more. Raises `UnknownCall`."""
        await self.step(call_id, StepKind.CALLED_BACK, author=author)

    async def forget_callers(self, before: datetime, author: str, limit: int = 1000) -> int:
        """Empty the numbers of the oldest calls that began before this instant; returns how many, `limit` at most. The calls stay.

        The audit says so, in the same transaction.
        """
        oldest = select(CallRow.call_id).where(CallRow.started_at < before, CallRow.caller.is_not(None))
        chosen = oldest.order_by(CallRow.started_at).limit(limit).with_for_update(skip_locked=True)
        query = update(CallRow).where(CallRow.call_id.in_(chosen)).values(caller=None).returning(CallRow.call_id)
        async with self._database.session() as session:
            emptied = len((await session.execute(query)).scalars().all())
            if emptied:
                audit.note(
                    session,
                    audit.Entry(
                        self._clock.now(), author, audit.Act.ERASURE, "callers' numbers of calls", rows=emptied
                    ),
                )
            return emptied

    async def call(self, call_id: UUID) -> Call | None:
        """One call with its steps in order, or None."""
        async with self._database.session() as session:
            row = await session.get(CallRow, call_id)
            steps = await session.execute(select(StepRow).where(StepRow.call_id == call_id).order_by(StepRow.seq))
            return row.value(steps.scalars().all()) if row else None

    async def matching(self, prefix: str, limit: int = 10) -> list[UUID]:
        """The ids of calls that begin with `prefix`, as text in lower case."""
        as_text = cast(CallRow.call_id, String)
        query = select(CallRow.call_id).where(as_text.startswith(prefix, autoescape=True)).limit(limit)
        async with self._database.session() as session:
            return list((await session.execute(query)).scalars())

    async def recent(self, limit: int) -> list[Call]:
        """The calls that came last, newest first, without their steps."""
        query = select(CallRow).order_by(CallRow.started_at.desc(), CallRow.call_id).limit(limit)
        async with self._database.session() as session:
            return [row.value() for row in (await session.execute(query)).scalars()]

    async def open_calls(self) -> list[Call]:
        """Calls that have not ended, oldest first: on the line now, or left behind by a crash."""
        query = select(CallRow).where(CallRow.ended_at.is_(None)).order_by(CallRow.started_at, CallRow.call_id)
        async with self._database.session() as session:
            return [row.value() for row in (await session.execute(query)).scalars()]

    async def callback_list(self) -> list[Call]:
        """Who is to be called back, newest first; `rules.why_call_back` tells why.

        The last call of each number that was missed, or abandoned while it waited for an operator, and was not heard since;
        and each message left with the fallback, whose caller heard no code, until they hear a state or a person; neither once
        somebody has called back.
        """
        later, step = aliased(CallRow), StepRow
        same_number = (later.caller == CallRow.caller) & (later.started_at > CallRow.started_at) & ~later.simulated
        has = exists().where(step.call_id == CallRow.call_id)
        heard_or_newer = exists().where(same_number, later.outcome.in_(CLEARS) | _left_without(later))
        missed = _left_without(CallRow) & ~heard_or_newer
        in_fallback = (CallRow.outcome == Outcome.MESSAGE_LEFT) & has.where(step.kind == StepKind.FALLBACK)
        without_code = in_fallback & ~exists().where(same_number, later.outcome.in_(CODE_TOLD))
        query = (
            select(CallRow)
            .where(missed | without_code, CallRow.caller.is_not(None), ~CallRow.simulated)
            .where(~has.where(step.kind == StepKind.CALLED_BACK))
            .order_by(CallRow.started_at.desc(), CallRow.call_id)
        )
        async with self._database.session() as session:
            return [row.value() for row in (await session.execute(query)).scalars()]

    async def _insert(
        self,
        session: AsyncSession,
        call_id: UUID,
        caller: str | None,
        dialled: str | None,
        language: str,
        started_at: datetime,
        simulated: bool,
    ) -> bool:
        query = (
            insert(CallRow)
            .values(
                call_id=call_id,
                caller=caller,
                dialled=dialled,
                language=language,
                started_at=started_at,
                simulated=simulated,
            )
            .on_conflict_do_nothing(index_elements=["call_id"])
        )
        return (await session.execute(query.returning(CallRow.call_id))).scalar_one_or_none() is not None

    async def _lock(self, session: AsyncSession, call_id: UUID) -> CallRow:
        # The lock on the call makes its steps' numbers dense, whoever writes them.
        row = await session.get(CallRow, call_id, with_for_update=True)
        if row is None:
            raise UnknownCall(f"the ledger has no call {call_id}: write its arrival first")
        return row

    def _now(self) -> Stamp:
        return Stamp(uuid4(), self._clock.now(), self._clock.monotonic())

    async def _append(
        self, session: AsyncSession, call_id: UUID, kind: StepKind, detail: dict[str, Any], stamp: Stamp
    ) -> None:
        await session.flush()
        following = select(func.coalesce(func.max(StepRow.seq), 0) + 1).where(StepRow.call_id == call_id)
        query = (
            insert(StepRow)
            .values(
                id=stamp.id,
                call_id=call_id,
                seq=following.scalar_subquery(),
                at=stamp.at,
                mono=stamp.mono,
                kind=kind,
                detail=detail,
            )
            .on_conflict_do_nothing(index_elements=["id"])
        )
        await session.execute(query)

    async def _end(self, session: AsyncSession, row: CallRow, outcome: Outcome, stamp: Stamp) -> None:
        if row.ended_at is not None:
            return
        row.ended_at, row.outcome = stamp.at, outcome
        await self._append(session, row.call_id, StepKind.ENDED, {"outcome": outcome.value}, stamp)
        log.info("call_ended", call_id=str(row.call_id), outcome=outcome.value)


def _left_without(call: type[CallRow]) -> ColumnElement[bool]:
    """Whether this call's caller left without what they wanted."""
    waited = exists().where(StepRow.call_id == call.call_id, StepRow.kind == StepKind.ABANDONED)
    return call.outcome.in_(TO_CALL_BACK) | ((call.outcome == Outcome.ABANDONED) & waited)
