"""`centralino practice`: requests written down, looked at, worked on and answered."""

from __future__ import annotations

import typer

from centralino import (
    commands_practice_correct,
    commands_practice_fetch,
    commands_practice_find,
    commands_practice_look,
    commands_practice_record,
    commands_practice_steps,
)

app = typer.Typer(no_args_is_help=True, help="Practices.")
for part in (
    commands_practice_record,
    commands_practice_correct,
    commands_practice_look,
    commands_practice_fetch,
    commands_practice_find,
    commands_practice_steps,
):
    app.add_typer(part.app)
