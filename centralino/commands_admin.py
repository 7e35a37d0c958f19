"""`centralino admin`: what only who can enter this machine may do; it is how the first administrator gets in."""

from __future__ import annotations

import typer

from centralino import commands_office, commands_token, commands_user

app = typer.Typer(no_args_is_help=True, help="Offices, users and tokens.")
app.add_typer(commands_office.app, name="office")
app.add_typer(commands_user.app, name="user")
app.add_typer(commands_token.app, name="token")
