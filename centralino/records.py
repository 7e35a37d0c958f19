"""What the command line reads and writes of the running platform's records."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.exc import OperationalError

from centralino.pbx_home import secret
from centralino.practice_page import history_lines, message_lines
from centralino.settings import CHECKOUT, Folders, Tree
from centralino.setup import choose_voice
from dialplan.store import CalendarStore
from foundation.audit import Audit
from foundation.clock import SystemClock
from foundation.database import Database, DatabaseSettings
from ledger.model import Call
from ledger.report import Reports
from ledger.service import Ledger
from phone.voice import render
from queue_manager.states import PLACE_STEPS, SEAT_STEPS
from queue_manager.store import Duties
from ticket_core.attachments.service import Attachments
from ticket_core.attachments.stores import blob_store
from ticket_core.casework import Casework
from ticket_core.code_book import CodeBook
from ticket_core.codes import grouped
from ticket_core.documents import Documents
from ticket_core.events.places import Places
from ticket_core.events.service import Events
from ticket_core.events.topics import Topics
from ticket_core.histories import Histories
from ticket_core.model import Message, Practice
from ticket_core.overview import Overview
from ticket_core.people.service import People
from ticket_core.replies.service import Replies
from ticket_core.replies.states import LETTER_STEPS
from ticket_core.search.service import Search
from ticket_core.service import Practices
from ticket_core.states import MESSAGE_STEPS, PRACTICE_STEPS

BULLETIN = "bulletin"


class NotFound(Exception):
    """What was asked for is not there: the text says what, and where to look."""


@dataclass(frozen=True)
class Records:
    """The services over one database."""

    practices: Practices
    casework: Casework
    overview: Overview
    search: Search
    attachments: Attachments
    histories: Histories
    people: People
    letters: Replies
    ledger: Ledger
    reports: Reports
    calendar: CalendarStore
    duties: Duties
    events: Events
    places: Places
    topics: Topics
    audit: Audit


@asynccontextmanager
async def opened(tree: Tree, url: str) -> AsyncIterator[Records]:
    """The records of the platform at `url`. Raises `NotFound` when it is not running."""
    database, clock = Database(DatabaseSettings(url=url, pool_size=2)), SystemClock()
    calendar = CalendarStore(database, tree.hours, clock)
    try:
        counting = tree.terms.counting(tree.hours)
        codes = CodeBook(secret(Folders(tree.up.data, tree.up.cache).secrets, "codes").encode())
        replies, audit = Replies(database, clock), Audit(database, clock)
        note = Documents(database, clock, counting, codes).note
        kept = tree.kept_attachments()
        yield Records(
            practices=Practices(database, clock, counting, codes),
            casework=Casework(database, clock, counting, codes, replies),
            overview=Overview(database, audit),
            search=Search(database, clock),
            attachments=Attachments(database, clock, blob_store(kept, tree.bucket), kept, note),
            histories=Histories(database, clock),
            people=People(database, clock),
            letters=replies,
            ledger=Ledger(database, clock),
            reports=Reports(database),
            calendar=calendar,
            duties=Duties(database, clock),
            events=Events(database, clock, tree.hours.zone),
            places=Places(database, clock, tree.hours.zone),
            topics=Topics(database, clock),
            audit=audit,
        )
    except OperationalError:
        raise NotFound(f"no platform is running on {tree.up.data}: start one with `make run`") from None
    finally:
        await database.close()


async def hours(tree: Tree, url: str) -> str:
    """The weekly hours, the changes in force, and whether the line is open now."""
    async with opened(tree, url) as records:
        calendar = await records.calendar.load()
    now = SystemClock().now()
    zone = tree.hours.zone
    following = calendar.next_opening(now)
    lines = [
        f"weekly: {tree.hours.weekly}, Italian public holidays closed",
        f"now: {'open' if calendar.is_open(now) else 'closed'}",
    ]
    if not calendar.is_open(now):
        lines.append(
            f"opens next: {following.astimezone(zone):%A %Y-%m-%d %H:%M}"
            if following
            else "opens next: not within a year"
        )
    lines += [
        f"{change.kind} from {change.starts.astimezone(zone):%Y-%m-%d %H:%M} until {change.ends.astimezone(zone):%Y-%m-%d %H:%M}"
        f" by {change.author}: {change.reason}"
        for change in calendar.overrides
        if change.ends > now
    ]
    return "\n".join(lines)


async def override(tree: Tree, url: str, kind: str, until: datetime, reason: str, author: str) -> None:
    """Open or close the line until a time."""
    async with opened(tree, url) as records:
        await records.calendar.add_override(kind, until, reason, author)


async def clear_overrides(tree: Tree, url: str, author: str) -> None:
    """End every change in force."""
    async with opened(tree, url) as records:
        await records.calendar.clear_overrides(author)


def set_bulletin(tree: Tree, root: str, texts: Mapping[str, str]) -> None:
    """Render the emergency text; the next call hears it. Written whole before it is seen."""
    folders = Folders(tree.up.data, tree.up.cache)
    voice = choose_voice(folders, root)
    for language, text in texts.items():
        render({BULLETIN: text}, language, voice, folders.sounds, folders.prompts, folders.studio)


def clear_bulletin(tree: Tree) -> None:
    """Take the emergency text away."""
    for path in Folders(tree.up.data, tree.up.cache).sounds.glob(f"*/{BULLETIN}.wav"):
        path.unlink()


async def recent_calls(tree: Tree, url: str, limit: int) -> list[Call]:
    """The last calls, newest first."""
    async with opened(tree, url) as records:
        return list(await records.ledger.recent(limit))


def describe(practice: Practice, messages: list[Message], zone: ZoneInfo) -> str:
    """A practice, its messages and its history, in the time of `zone`."""
    lines = [
        f"practice {grouped(practice.code)}: {practice.state.value}, opened {practice.opened_at.astimezone(zone):%Y-%m-%d %H:%M}"
        f" by {practice.channel.value}, due {practice.due_on or '-'}"
    ]
    return "\n".join([*lines, *message_lines(messages), *history_lines(practice, zone)])


async def show_call(tree: Tree, url: str, call_id: str) -> str:
    """A call with its steps as a page of text. Raises `NotFound`."""
    try:
        wanted = UUID(call_id)
    except ValueError:
        raise NotFound(f"'{call_id}' is not a call's id: `centralino calls list` shows the last ones") from None
    async with opened(tree, url) as records:
        found = await records.ledger.call(wanted)
    if found is None:
        raise NotFound(f"no call has the id {call_id}: `centralino calls list` shows the last ones")
    return describe_call(found)


def describe_call(call: Call) -> str:
    """A call and its steps, with seconds from its start."""
    lines = [f"call {call.call_id}: {call.language}, {call.outcome.value if call.outcome else 'in progress'}"]
    for step in call.steps:
        detail = " ".join(f"{name}={value}" for name, value in step.detail.items())
        lines.append(f"{(step.at - call.started_at).total_seconds():6.1f} s {step.kind.value} {detail}".rstrip())
    return "\n".join(lines)


def draw_diagrams(folder: Path = CHECKOUT / "docs" / "diagrams") -> list[Path]:
    """Draw each table of states; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = []
    for table in (PRACTICE_STEPS, MESSAGE_STEPS, LETTER_STEPS, PLACE_STEPS, SEAT_STEPS):
        name = table.of
        path = folder / f"{name.replace(' ', '-')}.md"
        path.write_text(f"# States of a {name}\n\n```mermaid\n{table.diagram()}\n```\n", encoding="utf-8")
        drawn.append(path)
    return drawn
