"""`centralino admin`: what only who can enter this machine may do; it is how the first administrator gets in."""

from __future__ import annotations

import asyncio

import typer

from centralino import commands_audit, commands_office, commands_token, commands_user, records
from centralino.platform import Platform
from centralino.settings import Tree
from foundation import settings
from ticket_core.histories import Verdict

app = typer.Typer(no_args_is_help=True, help="Offices, users and tokens; the audit, and the proof of the histories.")
app.add_typer(commands_audit.app)
app.add_typer(commands_office.app, name="office")
app.add_typer(commands_user.app, name="user")
app.add_typer(commands_token.app, name="token")


@app.command("verify-history")
def verify_history() -> None:
    """Prove that no practice's history was changed behind the service's back. Exit code 1 when one was."""
    verdict = asyncio.run(_verify())
    print(f"read {verdict.practices} practices, {verdict.entries} entries, {verdict.seals} seals")
    for fault in verdict.faults:
        print(f"FAULT {fault}")
    if verdict.faults:
        raise typer.Exit(1)
    print("every entry is as it was written")


async def _verify() -> Verdict:
    platform = Platform(settings.load(Tree), asterisk_root="")  # nothing is started here
    async with records.opened(platform.tree, platform.database_url) as opened:
        return await opened.histories.verify()
