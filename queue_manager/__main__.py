"""The process `queue`: `python -m queue_manager`. Until the queue exists it keeps the fallback ready."""

from __future__ import annotations

import asyncio

from pydantic import BaseModel

from dialplan.settings import HoursSettings
from dialplan.store import CalendarStore
from foundation import process, settings
from foundation.clock import SystemClock
from foundation.database import Database, DatabaseSettings
from foundation.health import Health
from pbx.ami.settings import AmiSettings
from queue_manager.keeper import Keeper, Rows
from queue_manager.settings import QueueSettings
from queue_manager.store import Duties


class Tree(BaseModel):
    """The parts of the settings that this process reads."""

    database: DatabaseSettings
    ami: AmiSettings
    hours: HoursSettings = HoursSettings()
    queue: QueueSettings = QueueSettings()


async def serve(stop: asyncio.Event, health: Health) -> None:
    """Keep the fallback ready until `stop`."""
    copies = health.check("fallback", "comparing what Asterisk holds for the fallback with the rows")
    tree = settings.load(Tree)
    clock, database = SystemClock(), Database(tree.database)
    rows = Rows(Duties(database, clock), CalendarStore(database, tree.hours, clock), clock)
    try:
        await Keeper(rows.wanted, tree.ami, tree.queue, clock, copies).run(stop)
    finally:
        await database.close()


def main() -> None:
    """Run until SIGTERM."""
    process.run("queue", serve)


if __name__ == "__main__":
    main()
