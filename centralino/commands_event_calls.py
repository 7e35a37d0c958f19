"""`centralino event put-call`: a call about an event that left no practice behind is counted there all the same."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated
from uuid import UUID

import typer

from centralino import records
from centralino.commands_event import Which, Who, find_event, this_platform
from centralino.commands_lists import refused
from centralino.platform import Platform
from centralino.records import Records


def put_call(
    event: Which,
    calls: Annotated[list[str], typer.Argument(help="ids of calls, as `centralino calls list` shows them")],
    author: Who,
) -> None:
    """Put calls into an open event; one that is in another event moves."""
    platform = this_platform()
    with refused():
        added = asyncio.run(_put(platform, event, calls, author))
    print(f"{added} of {len(calls)} calls were not in it")


async def _put(platform: Platform, event: str, calls: list[str], author: str) -> int:
    async with records.opened(platform.tree, platform.database_url) as opened:
        found = await find_event(opened, event)
        came = dict([await _came(opened, call) for call in calls])
        return await opened.events.group_calls(found.id, came, author)


async def _came(opened: Records, call_id: str) -> tuple[UUID, datetime]:
    try:
        call = await opened.ledger.call(UUID(call_id))
    except ValueError:
        call = None
    if call is None:
        raise records.NotFound(f"no call has the id {call_id}: `centralino calls list` shows the last ones")
    return call.call_id, call.started_at
