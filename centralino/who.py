"""Reaches the offices and users of the running platform, for the commands about them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from centralino import records
from centralino.platform import Platform
from centralino.settings import Tree
from foundation import settings
from ticket_core.people.model import Office, Staff
from ticket_core.people.service import People

T = TypeVar("T")


def tree() -> Tree:
    """The settings that a command reads."""
    return settings.load(Tree)


def ask(verb: Callable[[People], Awaitable[T]]) -> T:
    """Do one thing with the records. Raises what the verb raises, and `NotFound` when no platform runs."""
    platform = Platform(tree(), asterisk_root="")  # nothing is started here

    async def work() -> T:
        async with records.opened(platform.tree, platform.database_url) as opened:
            return await verb(opened.people)

    return asyncio.run(work())


async def user(people: People, login: str) -> Staff:
    """The user with this login. Raises `NotFound`."""
    found = await people.by_login(login)
    if found is None:
        raise records.NotFound(f"no user has the login {login}: `centralino admin user list` shows them")
    return found


async def office(people: People, name: str) -> Office:
    """The office of this name. Raises `NotFound`."""
    for one in await people.offices():
        if one.name == name:
            return one
    raise records.NotFound(f"no office is called '{name}': `centralino admin office list` shows them")
