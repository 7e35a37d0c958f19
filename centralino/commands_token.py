"""`centralino admin token`: what programs show in place of a login and password."""

from __future__ import annotations

import sys
from datetime import datetime, timedelta, tzinfo
from typing import Annotated
from uuid import UUID

import typer

from centralino import records, who
from foundation.clock import SystemClock
from ticket_core.people.model import IssuedToken, Token
from ticket_core.people.service import People

app = typer.Typer(no_args_is_help=True, help="What programs show in place of a login and password.")


@app.command()
def issue(
    login: Annotated[str, typer.Argument(help="for whom it speaks")],
    name: Annotated[str, typer.Option(help="what it is for")],
    days: Annotated[int, typer.Option(help="how long it lives", min=1)] = 90,
) -> None:
    """Make a token for a program that acts for a user. It is shown this once, alone on standard output."""

    async def made(people: People) -> IssuedToken:
        return await people.issue_token((await who.user(people, login)).id, name, timedelta(days=days))

    issued = who.ask(made)
    expires = _day(issued.token.expires_at, who.tree().hours.zone)
    print(f"token {issued.token.id} for '{name}' until {expires}; it is shown this once:", file=sys.stderr)
    print(issued.plain)


@app.command("list")
def show_all(
    login: Annotated[str | None, typer.Argument(help="only this user's; default: everybody's")] = None,
) -> None:
    """The tokens, newest first, without their secrets."""
    zone = who.tree().hours.zone

    async def lines(people: People) -> list[str]:
        whose = {one.id: one.login for one in await people.everybody()}
        only = (await who.user(people, login)).id if login else None
        return [
            f"{one.id}  {whose[one.staff_id]:20} {_standing(one, zone):24} {one.name}"
            for one in await people.tokens(only)
        ]

    print("\n".join(who.ask(lines)) or "no tokens: `centralino admin token issue` makes one")


@app.command()
def revoke(token: Annotated[str, typer.Argument(help="the token's id, as the list shows it")]) -> None:
    """Let a token speak for nobody from now on."""
    try:
        wanted = UUID(token)
    except ValueError:
        # It is not repeated: it may be the token itself.
        raise records.NotFound("that is not a token's id: `centralino admin token list` shows them") from None
    revoked = who.ask(lambda people: people.revoke_token(wanted))
    print(f"token {revoked.id} for '{revoked.name}' speaks for nobody any more")


def _standing(token: Token, zone: tzinfo) -> str:
    if token.revoked_at is not None:
        return f"revoked {_day(token.revoked_at, zone)}"
    if token.expires_at <= SystemClock().now():
        return f"expired {_day(token.expires_at, zone)}"
    return f"until {_day(token.expires_at, zone)}"


def _day(at: datetime, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"
