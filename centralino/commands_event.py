"""`centralino event`: declare an event, see how its calls and practices go hour by hour, close it."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from centralino import records
from centralino.commands_lists import refused
from centralino.platform import Platform
from centralino.records import Records
from centralino.settings import Tree
from foundation import settings
from foundation.clock import SystemClock
from ticket_core.events.model import Direction, Event, EventKind, EventStep, Hour, Trend

app = typer.Typer(no_args_is_help=True, help="Events (an earthquake, a flood) that many requests are about.")

BAR = 40
ARROWS = {Direction.RISING: "rising", Direction.FALLING: "falling", Direction.STEADY: ""}

Which = Annotated[str, typer.Argument(help="the event's name, or the beginning of its id")]
Why = Annotated[str, typer.Option(help="the reason, kept in the event's history")]
Who = Annotated[str, typer.Option(help="who decides it: a supervisor")]
When = Annotated[str, typer.Option(help="local time: 2026-10-05T03:36")]


@app.command()
def declare(
    name: Annotated[str, typer.Argument(help="how people call it: 'Terremoto di Norcia'")],
    kind: Annotated[EventKind, typer.Option()],
    reason: Why,
    author: Who,
    place: Annotated[
        list[str] | None,
        typer.Option(
            help="where: a municipality, its ISTAT code, a province's two letters, a region; again for another"
        ),
    ] = None,
    starts: When = "",
    it: Annotated[str, typer.Option(help="what the public is told, in Italian")] = "",
    en: Annotated[str, typer.Option(help="the same in English")] = "",
) -> None:
    """Declare an event, from now or from the time it started."""
    platform = this_platform()
    with refused():
        event = asyncio.run(_declare(platform, name, kind, reason, author, place or [], starts, it, en))
    print(f"declared: {_line(event, platform.tree.hours.zone)}")


@app.command("list")
def show_all(
    closed: Annotated[bool, typer.Option("--closed", help="the closed ones too")] = False,
) -> None:
    """The open events, the one that started last first."""
    platform = this_platform()
    events = asyncio.run(_all(platform, closed))
    lines = [_line(event, platform.tree.hours.zone) for event in events]
    print("\n".join(lines) if lines else "no event is open")


@app.command()
def close(event: Which, reason: Why, author: Who, ended: When = "") -> None:
    """Close an event: nothing is put into it any more. `--ended` says when the thing itself was over."""
    platform = this_platform()
    with refused():
        closed = asyncio.run(_close(platform, event, reason, author, ended))
    print(f"closed: {_line(closed, platform.tree.hours.zone)}")


@app.command()
def reopen(event: Which, reason: Why, author: Who) -> None:
    """Open a closed event again."""
    platform = this_platform()
    with refused():
        opened = asyncio.run(_reopen(platform, event, reason, author))
    print(f"open again: {_line(opened, platform.tree.hours.zone)}")


@app.command()
def show(event: Which, hours: Annotated[int, typer.Option(min=1, help="how many of the last hours")] = 24) -> None:
    """An event, its history, and the calls and practices of each of its last hours."""
    platform = this_platform()
    print(asyncio.run(_show(platform, event, hours)))


# -- what the commands ask of the records


def this_platform() -> Platform:
    return Platform(settings.load(Tree), asterisk_root="")  # nothing is started here


async def _declare(
    platform: Platform,
    name: str,
    kind: EventKind,
    reason: str,
    author: str,
    places: list[str],
    starts: str,
    it: str,
    en: str,
) -> Event:
    started = _instant(starts, platform.tree.hours.zone) or SystemClock().now()
    async with records.opened(platform.tree, platform.database_url) as opened:
        area = await opened.places.area(places)
        return await opened.events.declare(
            name, kind, started, reason, author, area, bulletin_it=it or None, bulletin_en=en or None
        )


async def _all(platform: Platform, also_closed: bool) -> list[Event]:
    async with records.opened(platform.tree, platform.database_url) as opened:
        return await opened.events.all(also_closed)


async def _close(platform: Platform, event: str, reason: str, author: str, ended: str) -> Event:
    ends = _instant(ended, platform.tree.hours.zone)
    async with records.opened(platform.tree, platform.database_url) as opened:
        return await opened.events.close((await find_event(opened, event)).id, reason, author, ends)


async def _reopen(platform: Platform, event: str, reason: str, author: str) -> Event:
    async with records.opened(platform.tree, platform.database_url) as opened:
        return await opened.events.reopen((await find_event(opened, event)).id, reason, author)


async def _show(platform: Platform, text: str, hours: int) -> str:
    async with records.opened(platform.tree, platform.database_url) as opened:
        event = await find_event(opened, text)
        history, trend = await opened.events.history(event.id), await opened.events.trend(event.id)
    return describe(event, history, trend, hours, platform.tree.hours.zone)


async def find_event(opened: Records, text: str) -> Event:
    """The event meant; of several with one name the open one. Raises `NotFound`."""
    events = await opened.events.all(also_closed=True)
    meant = [one for one in events if str(one.id).startswith(text) or one.name.casefold() == text.casefold()]
    meant = [one for one in meant if one.closed_at is None] or meant
    if len(meant) != 1:
        several = "several events are" if meant else "no event is"
        raise records.NotFound(f"{several} called '{text}': `centralino event list --closed` shows their ids")
    return meant[0]


def _instant(text: str, zone: ZoneInfo) -> datetime | None:
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise records.NotFound(f"'{text}' is not a time. Example: 2026-10-05T03:36") from None
    return at if at.tzinfo else at.replace(tzinfo=zone)


# -- how it is shown


def describe(event: Event, history: list[EventStep], trend: Trend, hours: int, zone: ZoneInfo) -> str:
    """An event, its history, and its last hours as a table with a bar."""
    shown = trend.hours[-hours:]
    tallest = max((hour.calls + hour.practices for hour in shown), default=0)
    return "\n".join(
        [
            _line(event, zone),
            *(
                f"{step.at.astimezone(zone):%Y-%m-%d %H:%M} {step.author}: {step.what} ({' '.join(step.reason.split())})"
                for step in history
            ),
            *(
                [f"told in Italian: {event.bulletin_it}", f"told in English: {event.bulletin_en}"]
                * bool(event.bulletin_it)
            ),
            f"{trend.calls} calls and {trend.practices} practices in {len(trend.hours)} hours; the last {len(shown)}:",
            f"{'hour':21} {'calls':>6} {'practices':>9}",
            *(_row(hour, tallest) for hour in shown),
        ]
    )


def _row(hour: Hour, tallest: int) -> str:
    count = hour.calls + hour.practices
    bar = "#" * -(-BAR * count // max(tallest, 1))
    how = ARROWS[hour.direction] if hour.whole else f"{ARROWS[hour.direction]} so far".strip()
    return f"{hour.starts:%Y-%m-%d %H:%M %Z}".ljust(21) + f" {hour.calls:6} {hour.practices:9} {bar} {how}".rstrip()


def _line(event: Event, zone: ZoneInfo) -> str:
    ended = f" until {event.ends.astimezone(zone):%Y-%m-%d %H:%M}" if event.ends else ""
    closed = f", closed by {event.closed_by}" if event.closed_at else ""
    where = f"{len(event.area)} municipalities" if event.area else "no place"
    return (
        f"{str(event.id)[:8]} {event.name} ({event.kind.value}), from {event.starts.astimezone(zone):%Y-%m-%d %H:%M}{ended}, "
        f"{where}, declared by {event.declared_by}{closed}"
    )
