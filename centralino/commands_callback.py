"""`centralino calls to-call-back` and `called-back`: who wanted something and left without it."""

from __future__ import annotations

import asyncio
from typing import Annotated
from uuid import UUID

import typer

from centralino import records
from centralino.platform import Platform
from centralino.settings import Tree
from foundation import settings
from ledger.rules import why_call_back
from ledger.service import UnknownCall
from ticket_core.codes import grouped

app = typer.Typer()


def _platform() -> Platform:
    return Platform(settings.load(Tree), asterisk_root="")  # nothing is started here


@app.command("to-call-back")
def to_call_back() -> None:
    """Who is to be called back, newest first: the call, when, the number, the practice's code if there is one, and why."""
    platform = _platform()
    lines = asyncio.run(_lines(platform))
    print("\n".join(lines) if lines else "nobody is to be called back")


@app.command("called-back")
def called_back(
    call: Annotated[str, typer.Argument(help="the call's id, as the list shows it")],
    author: Annotated[str, typer.Option(help="who spoke to the caller")],
) -> None:
    """Take a call off the list: somebody has spoken to its caller."""
    platform = _platform()
    asyncio.run(_called_back(platform, call, author))
    print(f"call {call}: called back by {author}")


async def _lines(platform: Platform) -> list[str]:
    zone = platform.tree.hours.zone
    lines = []
    async with records.opened(platform.tree, platform.database_url) as opened:
        for call in await opened.ledger.callback_list():
            assert call.outcome is not None
            practice = await opened.practices.practice_of_call(call.call_id)
            code = grouped(practice.code) if practice else "-"
            when = f"{call.started_at.astimezone(zone):%Y-%m-%d %H:%M}"
            lines.append(f"{call.call_id}  {when}  {call.caller}  {code}  {why_call_back(call.outcome)}")
    return lines


async def _called_back(platform: Platform, call: str, author: str) -> None:
    try:
        wanted = UUID(call)
        async with records.opened(platform.tree, platform.database_url) as opened:
            await opened.ledger.called_back(wanted, author)
    except (ValueError, UnknownCall):
        raise records.NotFound(f"no call has the id {call}: `centralino calls to-call-back` shows them") from None
