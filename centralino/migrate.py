"""Brings a database to the tables that this version needs. Synchronous: call it from a thread where a loop runs."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config

SCRIPTS = Path(__file__).parent / "migrations"


def config(url: str) -> Config:
    """Alembic's settings for one database; no file is needed. `url` has the psycopg driver, as in `DatabaseSettings`."""
    settings = Config()
    settings.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    settings.set_main_option("path_separator", "os")
    settings.attributes["url"] = url
    return settings


def upgrade(url: str, to: str = "head") -> None:
    """Run every revision that the database does not have yet, all in one transaction. Several processes may call it at once."""
    command.upgrade(config(url), to)


def downgrade(url: str, to: str) -> None:
    """Go back to revision `to`, or to an empty database with `base`: what the tables hold is lost."""
    command.downgrade(config(url), to)
