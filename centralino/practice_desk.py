"""What the commands about practices share: the records they work on, one step with one practice, each refusal as one sentence."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar
from uuid import UUID

import typer
from sqlalchemy.exc import DBAPIError

from centralino import records, who
from centralino.platform import Platform
from centralino.practice_page import Whole, summary
from centralino.practice_typed import Refused, meant
from centralino.records import NotFound, Records
from foundation.clock import SystemClock
from foundation.steps import IllegalStep
from ticket_core import changes
from ticket_core.attachments import service as attachments
from ticket_core.attachments.ports import BlobError
from ticket_core.casework import NoReplyAddress, Taken, UnknownReference
from ticket_core.codes import grouped
from ticket_core.events.topics import UnknownTopic
from ticket_core.intake import BadRequest
from ticket_core.model import Practice
from ticket_core.replies.rules import LetterRefused
from ticket_core.search.model import BadQuery

T = TypeVar("T")

Step = Callable[[Records, Practice, int], Awaitable[Practice]]

REFUSALS = (
    changes.Conflict, changes.UnknownPractice, attachments.UnknownPractice, attachments.ErasedAttachment, IllegalStep, Taken,
    NoReplyAddress, LetterRefused, BadRequest, BlobError, UnknownTopic, UnknownReference, BadQuery,
)  # fmt: skip

Code = Annotated[str, typer.Argument(help='the practice\'s code, as "123 456 789 01" or without spaces, or its id')]
Author = Annotated[str, typer.Option(help="who does it; default: your login on this machine", show_default=False)]
Seen = Annotated[int | None, typer.Option(help="the version that `show` told: refuse when somebody changed it since")]
Reason = Annotated[str, typer.Option(help="why, kept in the history")]


def work(verb: Callable[[Records], Awaitable[T]]) -> T:
    """Do one thing with the records. Raises `Refused`, and `NotFound` for what is not there or when no platform runs."""
    platform = Platform(who.tree(), asterisk_root="")  # nothing is started here

    async def done() -> T:
        async with records.opened(platform.tree, platform.database_url) as opened:
            return await verb(opened)

    try:
        return asyncio.run(done())
    except REFUSALS as error:
        raise Refused(str(error) or inspect.getdoc(error)) from None
    except DBAPIError as error:
        raise Refused(f"the database took nothing of it: {error.orig}") from None


async def find(opened: Records, wanted: UUID | str) -> Practice:
    """The practice of this id or code. Raises `NotFound`."""
    practices = opened.practices
    found = await (practices.practice(wanted) if isinstance(wanted, UUID) else practices.find(wanted))
    if found is None:
        name = f"id {wanted}" if isinstance(wanted, UUID) else f"code {grouped(wanted)}"
        raise NotFound(f"no practice has the {name}: `centralino practice list` shows the last ones")
    return found


async def gathered(opened: Records, practice: Practice) -> Whole:
    """A practice with all that belongs to it."""
    line = await opened.overview.line(practice.id)
    kept = await opened.practices.practice(practice.merged_into) if practice.merged_into else None
    assert line is not None  # practices are never removed
    return Whole(
        practice,
        line,
        await opened.practices.messages_of(practice.id),
        await opened.letters.letters_of(practice.id),
        await opened.attachments.of(practice.id),
        await opened.overview.contacts(practice.id),
        kept.code if kept else None,
    )


def take_step(code: str, step: Step, seen: int | None) -> None:
    """Do one thing with a practice in the version that was seen, by default as it is now, and tell how it stands then."""
    wanted = meant(code)

    async def done(opened: Records) -> Practice:
        practice = await find(opened, wanted)
        return await step(opened, practice, practice.version if seen is None else seen)

    print(told(work(done)))


def told(practice: Practice) -> str:
    """How a practice stands now, in one line."""
    tree = who.tree()
    counting = tree.terms.counting(tree.hours)
    return summary(practice, counting.day(SystemClock().now()), counting)
