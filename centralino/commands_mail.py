"""`centralino mail`: letters to requesters that wait or could not be sent, and a trial of the mail server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from email.utils import make_msgid
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from centralino import records
from centralino.platform import Platform
from centralino.settings import Tree
from channels.mail import written
from channels.settings import SmtpSettings
from channels.smtp import Mailer, Outcome
from foundation import settings
from foundation.clock import SystemClock
from foundation.steps import IllegalStep
from ticket_core.replies.model import Letter
from ticket_core.replies.rules import LetterRefused, Verdict, checked_address
from ticket_core.replies.tending import Letters

app = typer.Typer(no_args_is_help=True, help="Letters to requesters by e-mail.")

AT_MOST = 1000
"""How many letters are looked through for the beginning of an id."""

TRIAL_SUBJECT = "Centralino: prova di invio / trial"
TRIAL_BODY = (
    "Questo messaggio prova che il server di posta accetta le nostre lettere: è già perfetto così.\n"
    "This message proves that the mail server takes our letters.\n"
)

Limit = Annotated[int, typer.Option(min=1, max=AT_MOST, help="at most so many")]
LetterId = Annotated[str, typer.Argument(help="a letter's id, or enough of its beginning")]
To = Annotated[str | None, typer.Option(help="a better address; default: the same again")]


def _platform() -> Platform:
    return Platform(settings.load(Tree), asterisk_root="")  # nothing is started here


@app.command("list")
def show_waiting(limit: Limit = 20) -> None:
    """Letters that are not sent yet, the next to be tried first."""
    _show(asyncio.run(_waiting(limit)), "no letter waits")


@app.command("dead")
def show_dead(limit: Limit = 20) -> None:
    """Letters that were refused or given up, oldest first."""
    _show(asyncio.run(_dead(limit)), "no letter is dead")


@app.command()
def revive(letter: LetterId, address: To = None) -> None:
    """Try a dead letter again from now on, for five days."""
    revived = asyncio.run(_revive(letter, address))
    print(f"{revived.id} is tried again, to {revived.address}: `centralino mail list` shows how it goes.")


@app.command()
def cancel(letter: LetterId) -> None:
    """Withdraw a letter that waits, or give a dead one up: it is never sent."""
    print(f"{asyncio.run(_cancel(letter)).id} is cancelled: it is never sent.")


@app.command()
def test(address: Annotated[str, typer.Argument(help="who gets the trial")]) -> None:
    """Send one message now with the settings as they are, and tell what the server says. Exit code 1 when it does not take it."""
    smtp = settings.load(Tree).smtp
    if not smtp.host:
        raise SystemExit("no mail server is set: CENTRALINO_SMTP__HOST=mail.example.it")
    with _told():
        outcome = asyncio.run(_try(smtp, address))
    where = f"{smtp.host}:{smtp.port} ({smtp.tls})"
    if outcome.verdict is not Verdict.SENT:
        raise SystemExit(f"{where} did not take it: {outcome.told}")
    print(f"{where} took it: {outcome.told}")


async def _waiting(limit: int) -> list[Letter]:
    async with _letters() as letters:
        return await letters.waiting(limit)


async def _dead(limit: int) -> list[Letter]:
    async with _letters() as letters:
        return await letters.dead(limit)


async def _revive(prefix: str, address: str | None) -> Letter:
    async with _letters() as letters:
        found = _only(await letters.dead(AT_MOST), prefix)
        with _told():
            return await letters.revive(found.id, address)


async def _cancel(prefix: str) -> Letter:
    async with _letters() as letters:
        found = _only([*await letters.dead(AT_MOST), *await letters.waiting(AT_MOST)], prefix)
        with _told():
            return await letters.cancel(found.id)


async def _try(smtp: SmtpSettings, address: str) -> Outcome:
    made = written(address, TRIAL_SUBJECT, TRIAL_BODY, smtp, SystemClock().now())
    made["Message-ID"] = make_msgid(domain=smtp.domain)
    made["Auto-Submitted"] = "auto-generated"
    return await Mailer(smtp).send(checked_address(address), made.as_bytes())


@asynccontextmanager
async def _letters() -> AsyncIterator[Letters]:
    platform = _platform()
    async with records.opened(platform.tree, platform.database_url) as opened:
        yield opened.letters


@contextmanager
def _told() -> Iterator[None]:
    """What cannot be done is one sentence."""
    try:
        yield
    except (LetterRefused, IllegalStep, OSError) as error:
        raise SystemExit(str(error)) from None


def _only(letters: list[Letter], prefix: str) -> Letter:
    found = [letter for letter in letters if str(letter.id).startswith(prefix.lower())]
    if len(found) != 1:
        raise records.NotFound(
            f"{len(found) or 'no'} letters that wait or are dead have an id that begins with '{prefix}': "
            "`centralino mail list` and `centralino mail dead` show them"
        )
    return found[0]


def _show(letters: list[Letter], none: str) -> None:
    zone = settings.load(Tree).hours.zone
    for letter in letters:
        print(_line(letter, zone))
    if not letters:
        print(none)


def _line(letter: Letter, zone: ZoneInfo) -> str:
    def local(at: datetime) -> str:
        return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"

    following = f", next at {local(letter.next_try_at)}" if letter.next_try_at else ""
    tried = f"{letter.attempts} {'try' if letter.attempts == 1 else 'tries'}"
    why = f"\n    {letter.error}" if letter.error else ""
    return (
        f"{letter.id} {letter.kind}, {letter.state}, to {letter.address}, made {local(letter.made_at)}, "
        f"{tried}{following}{why}"
    )
