"""`centralino status` and `centralino trace`."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated

import typer

from centralino.looks import look
from centralino.platform import Platform
from centralino.settings import Tree
from centralino.trace import trace
from foundation import settings

app = typer.Typer()


def _platform() -> Platform:
    return Platform(settings.load(Tree), asterisk_root="")  # nothing is started here


@app.command("status")
def show_status(
    as_json: Annotated[bool, typer.Option("--json", help="the same for a program")] = False,
) -> None:
    """One screen: each process, calls in progress, what waits, the last alarms. Exit code 1 when something has failed."""
    platform = _platform()
    picture = asyncio.run(look(platform))
    if as_json:
        print(json.dumps(picture.document(), indent=2))
    else:
        print("\n".join(picture.lines(platform.tree.hours.zone)))
    raise typer.Exit(0 if picture.well else 1)


@app.command("trace")
def show_trace(
    call: Annotated[str, typer.Argument(help="a call's id, or enough of its beginning")],
) -> None:
    """What happened in one call, from the ledger and all logs in one line of time; no caller's data."""
    platform = _platform()
    print("\n".join(asyncio.run(trace(platform.tree, platform.database_url, platform.folders.logs, call))))
