"""`centralino trace`: everything that is known of one call on one line of time, and nothing of the caller."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

from centralino import log_lines
from centralino.records import NotFound, Records, opened
from centralino.settings import Tree
from ledger.model import Call
from ticket_core.model import Message, Practice

LEAST_PREFIX = 4
LIMIT_S = 5.0

TOLD = frozenset({"menu", "outcome", "take", "language", "flow", "prompt", "position", "reason", "state", "seconds"})
"""What of a step's detail is told. A key is not: keys make up codes."""


@dataclass(frozen=True)
class Known:
    """What the database has of a call."""

    call: Call | None
    practice: Practice | None
    messages: tuple[Message, ...]


@dataclass(frozen=True)
class Moment:
    """One thing that happened, and who says so."""

    at: datetime
    source: str
    text: str


async def trace(tree: Tree, url: str, logs: Path, wanted: str) -> list[str]:
    """The story of a call, told by database and logs, or by the logs alone while the database is away.

    `wanted` is a call's id or the beginning of it. Raises `NotFound` when there is no such call, or more than one.
    """
    wanted = wanted.strip().lower()
    if len(wanted) < LEAST_PREFIX:
        raise NotFound(f"'{wanted}' is too short: give at least {LEAST_PREFIX} characters of a call's id")
    call_ids = {UUID(line.call_id) for line in log_lines.about(logs, wanted)}
    known = None
    with suppress(NotFound, TimeoutError):  # the database is away, or does not answer
        async with asyncio.timeout(LIMIT_S), opened(tree, url) as records:
            call_ids |= set(await records.ledger.matching(wanted))
            if len(call_ids) == 1:
                known = await _known(records, *call_ids)
    call_id = _the_one(wanted, call_ids)
    return list(tell(call_id, known, log_lines.about(logs, str(call_id)), tree.hours.zone))


def _the_one(wanted: str, found: Iterable[UUID]) -> UUID:
    ids = sorted(map(str, found))
    if not ids:
        raise NotFound(f"no call's id begins with '{wanted}': `centralino calls list` shows the last ones")
    if len(ids) > 1:
        raise NotFound(f"{len(ids)} calls' ids begin with '{wanted}': {', '.join(ids[:5])}. Give more of it")
    return UUID(ids[0])


async def _known(records: Records, call_id: UUID) -> Known:
    return Known(
        await records.ledger.call(call_id),
        await records.practices.practice_of_call(call_id),
        tuple(await records.practices.messages_of_call(call_id)),
    )


def tell(call_id: UUID, known: Known | None, lines: Iterable[log_lines.LogLine], zone: ZoneInfo) -> Iterator[str]:
    """The story as text: a head, then a line a moment, with seconds from the first."""
    yield f"call {call_id}"
    yield from _head(known)
    moments = sorted([*_of_records(known), *_of_logs(lines)], key=lambda moment: moment.at)
    for moment in moments:
        since_s = (moment.at - moments[0].at).total_seconds()
        yield f"{since_s:8.2f} s  {moment.at.astimezone(zone):%H:%M:%S}  {moment.source:10} {moment.text}"


def _head(known: Known | None) -> Iterator[str]:
    if known is None:
        yield "  the database does not answer: told by the logs alone"
        return
    if known.call is None:
        yield "  not in the ledger: told by the logs alone"
    else:
        outcome = known.call.outcome.value if known.call.outcome else "in progress"
        yield f"  {known.call.language}, {outcome}"
    if known.practice:
        yield f"  practice {known.practice.id} (internal id): {known.practice.state.value}"
    for message in known.messages:
        yield f"  message {message.id}: {message.state.value}, {message.seconds or 0:.1f} s, attempts {message.attempts}"


def _of_records(known: Known | None) -> Iterator[Moment]:
    if known is None:
        return
    for step in known.call.steps if known.call else ():
        detail = " ".join(f"{name}={value}" for name, value in step.detail.items() if name in TOLD)
        yield Moment(step.at, "ledger", f"{step.kind.value} {detail}".rstrip())
    for entry in known.practice.history if known.practice else ():
        yield Moment(entry.at, "practice", entry.what)


def _of_logs(lines: Iterable[log_lines.LogLine]) -> Iterator[Moment]:
    for line in lines:
        mark = "" if line.level in {"info", "debug"} else f"{line.level.upper()}: "
        yield Moment(line.at, line.process, mark + line.text())
