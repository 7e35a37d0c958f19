"""The process `queue`: `python -m queue_manager`."""

from __future__ import annotations

import asyncio
from functools import partial

from pydantic import BaseModel

from dialplan.known import KnownCalendar
from dialplan.settings import HoursSettings
from dialplan.store import CalendarStore
from foundation import process, settings
from foundation.clock import SystemClock
from foundation.database import Database, DatabaseSettings
from foundation.health import Health
from foundation.journal import Journal
from foundation.outbox import Outbox, OutboxSettings
from foundation.periodic import Periodic, repeat
from foundation.process import CannotStart, running
from ledger.service import Ledger
from pbx.ami.phones import Phones
from pbx.ami.settings import AmiSettings
from pbx.ari.client import ApplicationTaken
from pbx.ari.transport import WebSocketTransport
from pbx.settings import PbxSettings
from phone.catalogue import MissingPrompt, check
from queue_manager.board import Board
from queue_manager.diary import Diary
from queue_manager.duty_watch import DutyWatch
from queue_manager.keeper import Keeper, Rows
from queue_manager.model import Duty, Operator, Seat
from queue_manager.reception import Outward
from queue_manager.records import Records
from queue_manager.settings import QueueSettings
from queue_manager.store import Duties
from queue_manager.switchboard import Switchboard
from queue_manager.waiting import Pace

TICK_S = 0.25
OPENING_S = 5.0


class Tree(BaseModel):
    """The parts of the settings that this process reads."""

    database: DatabaseSettings
    ami: AmiSettings
    pbx: PbxSettings
    outbox: OutboxSettings
    hours: HoursSettings = HoursSettings()
    queue: QueueSettings = QueueSettings()


async def serve(stop: asyncio.Event, health: Health) -> None:
    """Hand out callers, and keep the fallback ready, until `stop`."""
    copies = health.check("fallback", "comparing what Asterisk holds for the fallback with the rows")
    in_service = health.check("pbx", "connecting to the PBX")
    tree = settings.load(Tree)
    try:
        check(tree.pbx.sounds)
    except MissingPrompt as error:
        raise CannotStart(str(error)) from None
    clock, database = SystemClock(), Database(tree.database)
    duties, folder = Duties(database, clock), tree.outbox.folder
    store = CalendarStore(database, tree.hours, clock)
    calendar, rows = KnownCalendar(store, tree.hours, folder / "calendar.json"), Rows(duties, store, clock)
    outbox = Outbox(Journal(folder), Journal(folder / "refused"), Records(Ledger(database, clock)).apply)

    async def set_duty(number: str, duty: Duty, reason: str) -> None:
        await watch.set(number, duty, reason)

    switchboard = Switchboard(
        lambda app: partial(WebSocketTransport.connect, tree.pbx, app), Board(tree.queue.policy()), Diary(outbox, clock),
        tree.pbx, Pace(tree.queue.announce_first_s, tree.queue.announce_every_s), clock, in_service, set_duty,
        Outward(tree.queue.trunk, tree.queue.callback_shown, tree.queue.callback_countries),
    )  # fmt: skip
    phones = Phones(tree.ami, switchboard.phone)
    watch = DutyWatch(duties, tree.queue, folder / "duties.json", partial(take_row, switchboard, phones, tree.queue))

    async def look_at_hours() -> None:
        switchboard.opening((await calendar.load()).is_open(clock.now()))

    # Before anybody is taken up: a caller who waited finds the operators who were there, and nobody is called at night.
    await look_at_hours()
    await watch.look()
    beside = (
        Keeper(rows.wanted, tree.ami, tree.queue, clock, copies).run(stop),
        switchboard.ari.run(), switchboard.sound.run(), switchboard.heartbeat.run(), switchboard.reception(),
        outbox.run(), phones.run(),
        repeat(Periodic("duties", tree.queue.look_s, watch.look), stop),
        repeat(Periodic("opening", OPENING_S, look_at_hours), stop),
        repeat(Periodic("tick", TICK_S, switchboard.tick), stop),
    )  # fmt: skip
    try:
        async with running(*beside) as tasks:
            await process.until_one_ends(stop, tasks)
    except ApplicationTaken as error:
        raise CannotStart(f"{error}. Only one queue may run for one PBX; this one has stopped.") from None
    finally:
        await database.close()


def take_row(switchboard: Switchboard, phones: Phones, queue: QueueSettings, row: Operator) -> None:
    """An operator's row, as a seat of the board."""
    skills, lines = queue.skills.get(row.number, ()), queue.lines.get(row.number, ("main",))
    switchboard.board.seat(Seat(row.number, frozenset(skills), frozenset(lines)))
    if phones.followed:
        switchboard.phone(row.interface, phones.state(row.interface))
    switchboard.duty(row.number, row.duty, row.reason)


def main() -> None:
    """Run until SIGTERM."""
    process.run("queue", serve)


if __name__ == "__main__":
    main()
