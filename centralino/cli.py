"""The command line."""

from __future__ import annotations

import asyncio
import signal
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import soundfile
import typer
from rich.table import Column, Table

from centralino import (
    commands_admin,
    commands_callback,
    commands_event,
    commands_event_calls,
    commands_event_practices,
    commands_figures,
    commands_lists,
    commands_mail,
    commands_monitor,
    commands_operator,
    commands_practice,
    commands_staffing,
    records,
)
from centralino import doctor as examination
from centralino.console import console
from centralino.demo import demonstrate, with_an_operator
from centralino.obtain import asterisk_root
from centralino.platform import Platform
from centralino.practice_typed import Refused
from centralino.robot_call import RATE_HZ, ScriptError, check, load_ear, parse, place
from centralino.settings import Folders, Tree
from centralino.setup import make_prompts, set_up
from centralino.supervisor import StartFailed
from foundation import logs, settings
from foundation.clock import SystemClock
from foundation.process import CannotStart
from pbx.robot.phone import NotAnswered, RobotPhone
from ticket_core.attachments.stores import NoBucket
from ticket_core.people.changes import PeopleError
from voicemail_worker import install, models
from voicemail_worker.model import ModelError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="The phone side of a public Contact Center.",
)
models_app = typer.Typer(no_args_is_help=True, help="Speech models, one for each language.")
hours_app = typer.Typer(no_args_is_help=True, help="Opening hours, and when they are changed for a time.")
calls_app = typer.Typer(no_args_is_help=True, help="Calls, as the ledger has them.")
bulletin_app = typer.Typer(no_args_is_help=True, help="The emergency text said before the welcome.")
for name, group in (
    ("models", models_app),
    ("hours", hours_app),
    ("practice", commands_practice.app),
    ("calls", calls_app),
    ("bulletin", bulletin_app),
):
    app.add_typer(group, name=name)
app.add_typer(commands_monitor.app)
app.add_typer(commands_figures.app)
app.add_typer(commands_staffing.app)
app.add_typer(commands_operator.app, name="operator")
app.add_typer(commands_admin.app, name="admin")
app.add_typer(commands_mail.app, name="mail")
commands_event.app.command()(commands_event_practices.put)
commands_event.app.command()(commands_event_practices.answer)
commands_event.app.command()(commands_event_calls.put_call)
app.add_typer(commands_event.app, name="event")
app.add_typer(commands_lists.topics, name="topic")
app.add_typer(commands_lists.municipalities, name="municipality")
calls_app.add_typer(commands_callback.app)


def _tree() -> Tree:
    return settings.load(Tree)


def _platform(tree: Tree) -> Platform:
    return Platform(tree, asterisk_root(tree.up.cache))


# -- set-up and life


@app.command()
def setup() -> None:
    """Make or find Asterisk, the prompts and the speech models. Safe to run again."""
    set_up(_tree(), console.print)


@app.command()
def up() -> None:
    """Run everything until Ctrl-C, and say how to call it."""
    asyncio.run(_up(_tree()))


async def _up(tree: Tree) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    platform = _platform(tree)
    try:
        await platform.start()
        console.print(_how_to_call(tree, platform))
        await stop.wait()
        console.print("stopping: calls in progress are let finish")
    finally:
        await platform.stop()


def _how_to_call(tree: Tree, platform: Platform) -> str:
    address = f"{tree.up.sip_bind}:{platform.ports.sip}"
    return (
        f"Serving. Call sip:{tree.up.number}@{address} with any softphone on this machine (no account, A-law or mu-law, DTMF RFC 4733),\n"
        f'or with a robot: .venv/bin/centralino call "hear it/welcome" "press 4" "wait 8" "hang up"\n'
        "From another machine: CENTRALINO_UP__SIP_BIND=0.0.0.0 and CENTRALINO_UP__TRUNK_ADDRESSES='[\"ITS.ADDRESS\"]'.\n"
        f"How it is: .venv/bin/centralino status. Logs: {platform.folders.logs}. Ctrl-C stops."
    )


@app.command()
def demo() -> None:
    """Start the platform, place real calls, and tell each as a timeline with its transcript and practice."""
    tree = with_an_operator(_tree())
    asyncio.run(demonstrate(tree, _platform(tree), console))


@app.command()
def doctor() -> None:
    """Look at each part and say how to mend it. Exit code 1 when something is not well."""
    well = True
    for finding in examination.examine(_tree()):
        well = well and finding.well
        console.print(
            f"{'ok ' if finding.well else 'NO '} {finding.part:14} {finding.seen}"
            + (f"\n    mend: {finding.mend}" if finding.mend else "")
        )
    raise typer.Exit(0 if well else 1)


@app.command()
def call(
    steps: Annotated[
        list[str],
        typer.Argument(help='what to do: "hear it/welcome", "press 3", "speak FILE", "wait 2", "stay", "hang up"'),
    ],
    number: Annotated[str, typer.Option(help="the number to dial; default: the platform's own")] = "",
    caller: Annotated[str, typer.Option(help="the number to show; empty shows none")] = "+390612345678",
    save: Annotated[Path | None, typer.Option(help="keep what was heard as a WAV file")] = None,
) -> None:
    """Place one real SIP call to the running platform with a robot phone."""
    script = parse(steps)
    asyncio.run(_call(_tree(), number, caller, script, save))


async def _call(tree: Tree, number: str, caller: str, script: list[Any], save: Path | None) -> None:
    platform = _platform(tree)
    ear = await asyncio.to_thread(load_ear, platform.folders.sounds)
    check(script, ear)
    try:
        await platform.start_robots()
        async with RobotPhone(platform.robot_settings(), ear, "call").switched_on() as phone:
            told = await place(phone, number or tree.up.number, caller, script)
    finally:
        await platform.stop()
    for line in told.timeline():
        console.print(line)
    if save:
        soundfile.write(save, told.audio, RATE_HZ)
        console.print(f"what was heard: {save}")
    if told.complaint:
        raise SystemExit(told.complaint)


@app.command()
def diagrams() -> None:
    """Draw docs/diagrams from the tables of states."""
    for path in records.draw_diagrams():
        console.print(str(path))


# -- speech models


@models_app.command("list")
def models_list() -> None:
    """The models that are there, the broken ones with their fault."""
    folder = Folders(_tree().up.data, _tree().up.cache).models
    table = Table("engine", "language", "model", "state", title=str(folder))
    for model in models.list_models(folder):
        table.add_row(model.engine.value, model.language or "it, en, ...", model.name, model.fault or "good")
    console.print(table)


@models_app.command("add")
def models_add(
    language: Annotated[str, typer.Argument(help="it, en, ...")],
    source: Annotated[
        str | None, typer.Argument(help="a folder, a zip file or an address; default: the official small Vosk model")
    ] = None,
) -> None:
    """Add a Vosk model for a language; checked before it replaces the one that is there."""
    tree = _tree()
    added = install.add(language, source, Folders(tree.up.data, tree.up.cache).models)
    console.print(
        f"{added.name} now serves '{added.language}'; messages that waited for it are transcribed within seconds"
    )


# -- opening hours


@hours_app.command("show")
def hours_show() -> None:
    """The weekly hours, the changes in force, and whether the line is open now."""
    console.print(asyncio.run(records.hours(_tree(), _platform(_tree()).database_url)))


Until = Annotated[str, typer.Option(help="when it ends, local time: 2026-12-24T18:00")]
Why = Annotated[str, typer.Option(help="the reason, kept with the change")]
Who = Annotated[str, typer.Option(help="who decided it")]


@hours_app.command("open")
def hours_open(until: Until, reason: Why, author: Who) -> None:
    """Open the line outside its hours, up to h24, until a given time."""
    _override("open", until, reason, author)


@hours_app.command("close")
def hours_close(until: Until, reason: Why, author: Who) -> None:
    """Close the line inside its hours until a given time."""
    _override("closed", until, reason, author)


@hours_app.command("normal")
def hours_normal(author: Who) -> None:
    """End every change in force: the weekly hours count again."""
    tree = _tree()
    asyncio.run(records.clear_overrides(tree, _platform(tree).database_url, author))


def _override(kind: str, until: str, reason: str, author: str) -> None:
    tree = _tree()
    try:
        ends = datetime.fromisoformat(until)
    except ValueError:
        raise SystemExit(f"'{until}' is not a time. Example: --until 2026-12-24T18:00") from None
    ends = ends if ends.tzinfo else ends.replace(tzinfo=tree.hours.zone)
    if ends <= SystemClock().now():
        raise SystemExit(f"{until} is past: nothing would change. Give a time to come, as 2026-12-24T18:00")
    asyncio.run(records.override(tree, _platform(tree).database_url, kind, ends, reason, author))


# -- the bulletin


@bulletin_app.command("set")
def bulletin_set(
    it: Annotated[str, typer.Option(help="the text in Italian")],
    en: Annotated[str, typer.Option(help="the text in English")],
) -> None:
    """Say a text before the welcome, from the next call on."""
    tree = _tree()
    records.set_bulletin(tree, asterisk_root(tree.up.cache), {"it": it, "en": en})


@bulletin_app.command("clear")
def bulletin_clear() -> None:
    """Say it no more."""
    records.clear_bulletin(_tree())


@app.command()
def prompts() -> None:
    """Render the prompts again where their text, voice or studio recording changed."""
    tree = _tree()
    make_prompts(Folders(tree.up.data, tree.up.cache), asterisk_root(tree.up.cache), console.print)


# -- records


@calls_app.command("list")
def calls_list(limit: int = 20) -> None:
    """The last calls with their outcomes."""
    tree = _tree()
    table = Table(Column("call", no_wrap=True), "started", "language", "outcome")
    for made in asyncio.run(records.recent_calls(tree, _platform(tree).database_url, limit)):
        table.add_row(
            str(made.call_id),
            f"{made.started_at.astimezone(tree.hours.zone):%Y-%m-%d %H:%M:%S}",
            made.language,
            made.outcome.value if made.outcome else "in progress",
        )
    console.print(table)


@calls_app.command("show")
def calls_show(call_id: str) -> None:
    """One call, step by step."""
    tree = _tree()
    console.print(asyncio.run(records.show_call(tree, _platform(tree).database_url, call_id)))


def main() -> None:
    """Run a command; what cannot go on is one clear sentence and exit code 1."""
    logs.configure("centralino", "WARNING")
    try:
        app()
    except (
        CannotStart,
        StartFailed,
        settings.SettingsError,
        ScriptError,
        NotAnswered,
        ModelError,
        records.NotFound,
        NoBucket,
        Refused,
        PeopleError,
    ) as error:
        print(f"centralino: {error}", file=sys.stderr)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
