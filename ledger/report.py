"""`Reports`: the figures of a stretch of time, read out of the ledger's rows once and computed by `ledger.figures`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from uuid import UUID

from sqlalchemy import Select, select, text
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.database import Database
from ledger.figures import Facts
from ledger.journey import KINDS, Journey, journey_of
from ledger.model import Call, OperatorStep, Step
from ledger.occupancy import spells
from ledger.span import Span
from ledger.store import OF_QUEUE, CallRow, OperatorStepRow, StepRow

LONGEST = timedelta(days=400)
PART = timedelta(days=1)
BATCH = 1000
LONGEST_STATE = timedelta(days=31)
"""An operator's last step is looked for so far back: who has done nothing since is not there."""

# Columns, not rows: a day has tens of thousands, and nobody changes them here.
_CALLS = select(
    CallRow.call_id, CallRow.caller, CallRow.dialled, CallRow.language, CallRow.started_at, CallRow.ended_at, CallRow.outcome,
    CallRow.simulated,
)  # fmt: skip
_STEPS = select(StepRow.call_id, StepRow.seq, StepRow.at, StepRow.mono, StepRow.kind, StepRow.detail).where(
    StepRow.kind.in_(KINDS)
)
_OPERATORS = select(OperatorStepRow.number, OperatorStepRow.state, OperatorStepRow.at, OperatorStepRow.mono)


class TooLong(Exception):
    """The stretch is too long for one report."""


class Reports:
    """Reads what figures are computed from. Nothing here writes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def facts(self, span: Span, now: datetime) -> Facts:
        """What happened in `span`, as of `now` and of one instant of the database. Raises `TooLong` beyond 400 days.

        A day is read at a time, so that no statement takes long; of a day's calls only their ways stay in memory.
        """
        if span.until - span.since > LONGEST:
            raise TooLong(
                f"{(span.until - span.since).days} days are too long for one report: ask for {LONGEST.days} at most"
            )
        ways: list[Journey] = []
        came: list[datetime] = []
        did: list[OperatorStep] = []
        async with self._database.session() as session:
            await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            did += await _operators_before(session, span.since)
            for part in _parts(span):
                ways += [way for way in await _journeys(session, part, now) if way.at in part]
                came += await _arrivals(session, part, now)
                did += await _operators(session, part)
        return Facts(now, tuple(ways), tuple(came), spells(did, now))


def _parts(span: Span) -> Iterator[Span]:
    since = span.since
    while since < span.until:
        until = min(since + PART, span.until)
        yield Span(since, until)
        since = until


def asked_within(span: Span) -> Select[UUID]:
    """The ids of the calls that have a step of the queue in this stretch."""
    # The text is the index's own condition: PostgreSQL must see that they are the same.
    return select(StepRow.call_id).where(text(OF_QUEUE), StepRow.at >= span.since, StepRow.at < span.until).distinct()


async def _journeys(session: AsyncSession, span: Span, now: datetime) -> list[Journey]:
    """The ways of those calls; their steps are found by call, however many steps the ledger has."""
    ids, ways = list((await session.execute(asked_within(span))).scalars()), []
    for first in range(0, len(ids), BATCH):
        batch = ids[first : first + BATCH]
        calls = {row.call_id: Call(*row) for row in await session.execute(_CALLS.where(CallRow.call_id.in_(batch)))}
        steps = _STEPS.where(StepRow.call_id.in_(batch)).order_by(StepRow.call_id)
        for call_id, rows in groupby(await session.execute(steps), key=attrgetter("call_id")):
            ways.append(journey_of(replace(calls[call_id], steps=tuple(Step(*row[1:]) for row in rows)), now))
    return [way for way in ways if way is not None]


async def _arrivals(session: AsyncSession, span: Span, now: datetime) -> list[datetime]:
    query = (
        select(CallRow.started_at)
        .where(CallRow.started_at >= span.since, CallRow.started_at < span.until, CallRow.started_at <= now)
        .where(~CallRow.simulated)
        .order_by(CallRow.started_at)
    )
    return list((await session.execute(query)).scalars())


async def _operators(session: AsyncSession, span: Span) -> list[OperatorStep]:
    query = _OPERATORS.where(OperatorStepRow.at >= span.since, OperatorStepRow.at < span.until).order_by(
        OperatorStepRow.at, OperatorStepRow.mono
    )
    return [OperatorStep(*row) for row in await session.execute(query)]


async def _operators_before(session: AsyncSession, at: datetime) -> list[OperatorStep]:
    """What each operator was doing at an instant: their last step before it, within a month."""
    query = (
        _OPERATORS.ext(distinct_on(OperatorStepRow.number))
        .where(OperatorStepRow.at < at, OperatorStepRow.at >= at - LONGEST_STATE)
        .order_by(OperatorStepRow.number, OperatorStepRow.at.desc(), OperatorStepRow.mono.desc())
    )
    return [OperatorStep(*row) for row in await session.execute(query)]
