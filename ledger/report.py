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
from ledger.model import OperatorStep, Step
from ledger.span import Span
from ledger.store import OF_QUEUE, CallRow, OperatorStepRow, StepRow

LONGEST = timedelta(days=400)
PART = timedelta(days=1)
LONGEST_STATE = timedelta(days=31)


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
        return Facts(now, tuple(ways), tuple(came), tuple(did))


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
    """The ways of the calls that have a step of the queue in this stretch."""
    # The text is the index's own condition: PostgreSQL must see that they are the same.
    of_queue = (
        select(StepRow.call_id).where(text(OF_QUEUE), StepRow.at >= span.since, StepRow.at < span.until).distinct()
    )
    asked = select(CallRow).where(CallRow.call_id.in_(of_queue), ~CallRow.simulated)
    calls = {row.call_id: row.value() for row in (await session.execute(asked)).scalars()}
    columns = (StepRow.call_id, StepRow.seq, StepRow.at, StepRow.mono, StepRow.kind, StepRow.detail)
    steps = select(*columns).where(StepRow.call_id.in_(of_queue), StepRow.kind.in_(KINDS)).order_by(StepRow.call_id)
    ways = []
    for call_id, rows in groupby(await session.execute(steps), key=attrgetter("call_id")):
        if call_id in calls:
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
    query = (
        select(OperatorStepRow)
        .where(OperatorStepRow.at >= span.since, OperatorStepRow.at < span.until)
        .order_by(OperatorStepRow.at, OperatorStepRow.mono)
    )
    return [row.value() for row in (await session.execute(query)).scalars()]


async def _operators_before(session: AsyncSession, at: datetime) -> list[OperatorStep]:
    """What each operator was doing at an instant: their last step before it, within a month."""
    query = (
        select(OperatorStepRow)
        .ext(distinct_on(OperatorStepRow.number))
        .where(OperatorStepRow.at < at, OperatorStepRow.at >= at - LONGEST_STATE)
        .order_by(OperatorStepRow.number, OperatorStepRow.at.desc(), OperatorStepRow.mono.desc())
    )
    return [row.value() for row in (await session.execute(query)).scalars()]
