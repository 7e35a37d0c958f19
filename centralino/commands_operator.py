"""`centralino operator`: who takes calls."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from centralino import records
from centralino.platform import Platform
from centralino.settings import Tree
from foundation import settings
from pbx.ami.client import Ami, AmiError
from queue_manager.asterisk import AsteriskCopies
from queue_manager.model import Duty, Operator, interface_of

app = typer.Typer(no_args_is_help=True, help="Operators: on duty, paused, off duty.")

Number = Annotated[str, typer.Argument(help="the number of the operator's phone, as in CENTRALINO_UP__OPERATORS")]


def _platform() -> Platform:
    return Platform(settings.load(Tree), asterisk_root="")  # nothing is started here


@app.command()
def login(number: Number) -> None:
    """Put an operator on duty."""
    platform = _platform()
    known = platform.tree.up.operators
    if number not in known:
        raise records.NotFound(f"no operator has the phone {number}: {_known(known)}")
    changed = asyncio.run(_set(platform, number, Duty.ON))
    print(
        f"{number} is on duty{'' if changed else ' already'}: callers who ask for an operator are put through to this phone once it "
        "has registered, by Asterisk alone while our own processes are down; with nobody on duty callers go to the mailbox at once."
    )


@app.command()
def logout(number: Number) -> None:
    """Take an operator off duty."""
    platform = _platform()
    if number not in {*platform.tree.up.operators, *(one.number for one in asyncio.run(_all(platform)))}:
        raise records.NotFound(f"no operator has the phone {number}: {_known(platform.tree.up.operators)}")
    changed = asyncio.run(_set(platform, number, Duty.OFF))
    print(f"{number} is off duty{'' if changed else ' already'}: this phone is rung no more.")


@app.command()
def pause(number: Number, reason: Annotated[str, typer.Option(help="why, for whoever looks")] = "pause") -> None:
    """Ring an operator no more for a while; `login` ends it."""
    platform = _platform()
    if number not in platform.tree.up.operators:
        raise records.NotFound(f"no operator has the phone {number}: {_known(platform.tree.up.operators)}")
    changed = asyncio.run(_set(platform, number, Duty.PAUSED, reason))
    print(f"{number} is paused{'' if changed else ' already'}: {reason}. `centralino operator login {number}` ends it.")


@app.command("list")
def show_all() -> None:
    """Every operator, whether on duty, since when, and how the phone is."""
    platform = _platform()
    operators = {one.number: one for one in asyncio.run(_all(platform))}
    numbers = sorted({*platform.tree.up.operators, *operators})
    if not numbers:
        print(_known(()))
        return
    phones = asyncio.run(_phones(platform))
    for number in numbers:
        print(_line(number, operators.get(number), phones, platform))


def _line(number: str, operator: Operator | None, phones: dict[str, str] | None, platform: Platform) -> str:
    if operator is None or operator.duty is Duty.OFF:
        return f"{number:8} off duty"
    since = f"{operator.since.astimezone(platform.tree.hours.zone):%Y-%m-%d %H:%M}"
    if operator.duty is Duty.PAUSED:
        return f"{number:8} paused since {since}: {operator.reason}"
    if phones is None:
        phone = "Asterisk does not say how the phone is"
    else:
        phone = phones.get(interface_of(number), "the fallback does not know of it yet")
    return f"{number:8} on duty since {since}, {phone}"


def _known(numbers: tuple[str, ...]) -> str:
    if not numbers:
        return (
            'no operators\' phones are set up. Example: CENTRALINO_UP__OPERATORS=\'["201", "202"]\', then start again'
        )
    return f'known are {", ".join(numbers)}. Others: CENTRALINO_UP__OPERATORS=\'["201", "202"]\', then start again'


async def _set(platform: Platform, number: str, duty: Duty, reason: str = "") -> bool:
    async with records.opened(platform.tree, platform.database_url) as opened:
        return await opened.duties.set(number, duty, reason)


async def _all(platform: Platform) -> list[Operator]:
    async with records.opened(platform.tree, platform.database_url) as opened:
        return await opened.duties.all()


async def _phones(platform: Platform) -> dict[str, str] | None:
    """The phones that the fallback would ring, and how they are; None when Asterisk cannot be asked."""
    try:
        async with Ami.connected(platform.services.ami("queue")) as ami:
            return await AsteriskCopies(ami).phones()
    except AmiError:
        return None
