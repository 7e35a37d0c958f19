"""`centralino event put` and `answer`: practices belong to an event, and one answer goes to all of them."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from centralino import records
from centralino.commands_event import Which, Who, find_event, this_platform
from centralino.commands_lists import refused
from centralino.platform import Platform
from ticket_core.changes import UnknownPractice
from ticket_core.codes import grouped, normalise
from ticket_core.gathering import Answered, Gathering


def put(
    event: Which,
    codes: Annotated[list[str], typer.Argument(help="the practices' codes")],
    author: Who,
    reason: Annotated[str, typer.Option(help="kept in each practice's history")] = "it is about this event",
) -> None:
    """Put practices into an open event, with the calls in which they were told."""
    platform = this_platform()
    with refused():
        done = asyncio.run(_put(platform, event, codes, author, reason))
    print("\n".join(done))


def answer(
    event: Which,
    text: Annotated[Path, typer.Option(help="a file with the answer, `-` for standard input", allow_dash=True)],
    author: Who,
) -> None:
    """Send one answer to every practice of an event that can be answered by e-mail now; says how many are left to people."""
    platform = this_platform()
    with refused():
        words = (sys.stdin.read() if str(text) == "-" else text.read_text(encoding="utf-8")).strip()
        if not words:
            raise records.NotFound("the answer is empty: nothing was sent")
        told = asyncio.run(_answer(platform, event, words, author))
    print(f"answered: {told.answered}; left to people (waiting, answered before, or without an address): {told.left}")


async def _put(platform: Platform, text: str, codes: list[str], author: str, reason: str) -> list[str]:
    done = []
    async with records.opened(platform.tree, platform.database_url) as opened:
        event = await find_event(opened, text)
        gathering = Gathering(opened.practices, opened.casework, opened.events)
        for code in codes:
            practice = await opened.practices.find(normalise(code))
            if practice is None:
                raise UnknownPractice(f"no practice has the code {code}: those before it are in the event")
            await gathering.put(practice.id, event.id, author, reason)
            done.append(f"{grouped(practice.code)} belongs to {event.name}")
    return done


async def _answer(platform: Platform, text: str, words: str, author: str) -> Answered:
    async with records.opened(platform.tree, platform.database_url) as opened:
        event = await find_event(opened, text)
        return await Gathering(opened.practices, opened.casework, opened.events).answer(event.id, words, author)
