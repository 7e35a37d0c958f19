"""`centralino admin audit`: who listened to, downloaded, exported or erased what."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from centralino import who
from centralino.practice_desk import work
from centralino.practice_page import plain
from centralino.practice_typed import instant_of
from centralino.records import Records
from foundation.audit import Entry
from foundation.clock import SystemClock

app = typer.Typer()

DAYS = 7


@app.command("audit")
def show_audit(
    since: Annotated[
        str, typer.Option(help="from this local time on: 2026-11-20, or 2026-11-20T09:30; default: the last week")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="for programs: one object a line")] = False,
) -> None:
    """Who listened to, downloaded, exported or erased what, oldest first. Nothing of it can be changed or removed."""
    zone, now = who.tree().hours.zone, SystemClock().now()
    first = instant_of(since, zone, datetime.min.time()) if since else now - timedelta(days=DAYS)

    async def tell(records: Records) -> None:
        told = False
        async for entry in records.audit.since(first):
            print(_object(entry) if as_json else _line(entry, zone))
            told = True
        if not told and not as_json:
            print(f"nothing since {first.astimezone(zone):%Y-%m-%d %H:%M}")

    work(tell)


def _object(entry: Entry) -> str:
    return json.dumps(asdict(entry) | {"at": entry.at.isoformat()}, ensure_ascii=False, default=str)


def _line(entry: Entry, zone: ZoneInfo) -> str:
    whose = f" of {entry.subject}" if entry.subject else ""
    many = f", {entry.rows} rows" if entry.rows != 1 else ""
    return plain(
        f"{entry.at.astimezone(zone):%Y-%m-%d %H:%M:%S} {entry.author}: {entry.act.value}, {entry.what}{whose}{many}"
    )
