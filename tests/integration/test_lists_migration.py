"""The tables of topics, places and events go down with what they hold and come up again to be filled."""

from __future__ import annotations

from uuid import uuid4

from sqlalchemy import create_engine, inspect
from sqlalchemy.pool import NullPool

from centralino import migrate
from centralino.lists import load_lists
from foundation.clock import SystemClock
from foundation.database import Database, DatabaseSettings
from tests.postgres import Throwaway
from ticket_core.events.model import EventKind
from ticket_core.events.service import Events

OURS = {"loaded_list", "topic", "municipality", "event", "event_area", "event_history", "event_call"}


async def fill(url: str) -> None:
    """Every table of ours gets rows."""
    await load_lists(url)
    database, clock = Database(DatabaseSettings(url=url)), SystemClock()
    events = Events(database, clock)
    event = await events.declare("Alluvione", EventKind.FLOOD, clock.now(), "rain", "supervisor", ["066049"])
    assert await events.group_calls(event.id, {uuid4(): clock.now()}, "operator") == 1
    await database.close()


def tables(url: str) -> set[str]:
    engine = create_engine(url, poolclass=NullPool)
    found = set(inspect(engine).get_table_names())
    engine.dispose()
    return found


async def test_full_tables_go_down_and_come_up_to_be_filled_again(postgres: Throwaway) -> None:
    with postgres.empty_database() as url:
        for _ in range(2):
            migrate.upgrade(url)
            await fill(url)
            migrate.downgrade(url, "0003")
            assert not tables(url) & OURS
