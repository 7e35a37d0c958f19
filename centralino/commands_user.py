"""`centralino admin user`: who works here, in which role, with a password or without."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from centralino import who
from ticket_core.people.model import Role, Staff
from ticket_core.people.service import People

app = typer.Typer(no_args_is_help=True, help="Who works here, in which role.")

Login = Annotated[str, typer.Argument(help="the user's login, as maria.rossi")]


@app.command()
def add(
    login: Login,
    name: Annotated[str, typer.Option(help="first name and surname")],
    role: Annotated[Role, typer.Option(help="what the user is here for")] = Role.OPERATOR,
    office: Annotated[str | None, typer.Option(help="the office's name; default: the Contact Center")] = None,
) -> None:
    """Let somebody in, without a password yet."""

    async def enter(people: People) -> Staff:
        offices = await people.offices()
        place = await who.office(people, office) if office else next(one for one in offices if one.contact_center)
        return await people.add_staff(login, name, role, place.id)

    added = who.ask(enter)
    print(f"{added.login} is {added.role}. A password: `centralino admin user password {added.login}`")


@app.command("list")
def show_all() -> None:
    """Every user, by login; who is gone too."""

    async def lines(people: People) -> list[str]:
        offices = {office.id: office.name for office in await people.offices()}
        return [_line(one, offices[one.office_id]) for one in await people.everybody()]

    print("\n".join(who.ask(lines)) or "no users yet: `centralino admin user add` makes one")


def _line(user: Staff, office: str) -> str:
    standing = "gone" if not user.active else "with a password" if user.has_password else "without a password"
    return f"{user.login:20} {user.role:14} {standing:18} {user.name}, {office}"


@app.command("role")
def change_role(login: Login, role: Annotated[Role, typer.Argument(help="the new role")]) -> None:
    """Give a user another role."""

    async def change(people: People) -> Staff:
        return await people.change_role((await who.user(people, login)).id, role)

    changed = who.ask(change)
    print(f"{changed.login} is {changed.role}")


@app.command("office")
def move(login: Login, office: Annotated[str, typer.Argument(help="the office's name")]) -> None:
    """Put a user into another office."""

    async def moved(people: People) -> Staff:
        return await people.move((await who.user(people, login)).id, (await who.office(people, office)).id)

    print(f"{who.ask(moved).login} works in '{office}'")


@app.command()
def deactivate(login: Login) -> None:
    """Let a user in no more, nor any program with a token of theirs."""

    async def leave(people: People) -> Staff:
        return await people.deactivate((await who.user(people, login)).id)

    print(f"{who.ask(leave).login} is gone, and every token with them")


@app.command()
def activate(login: Login) -> None:
    """Let a user in again, who then needs a new password."""

    async def back(people: People) -> Staff:
        return await people.activate((await who.user(people, login)).id)

    print(f"{who.ask(back).login} is back. A password: `centralino admin user password {login}`")


@app.command("password")
def set_password(login: Login) -> None:
    """Give a user a new password, asked for here or read as one line from standard input."""

    async def known(people: People) -> Staff:
        return await who.user(people, login)

    user = who.ask(known)
    password = _ask() if sys.stdin.isatty() else _read()
    who.ask(lambda people: people.set_password(user.id, password))
    print(f"{user.login} has a new password")


def _ask() -> str:
    answer: str = typer.prompt("new password", hide_input=True, confirmation_prompt=True)
    return answer


def _read() -> str:
    # Bytes that are no text must not raise: the error would show some of them.
    return sys.stdin.buffer.readline().decode("utf-8", "surrogateescape").rstrip("\r\n")
