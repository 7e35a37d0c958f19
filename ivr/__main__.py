"""The process `ivr`: `python -m ivr`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

from pydantic import BaseModel

from dialplan.known import KnownCalendar
from dialplan.model import WeeklyHours
from dialplan.settings import HoursSettings
from dialplan.store import CalendarStore
from foundation import process, settings
from foundation.bus import Bus, RedisSettings
from foundation.clock import SystemClock
from foundation.database import Database, DatabaseSettings
from foundation.health import Health
from foundation.journal import Journal
from foundation.outbox import Outbox, OutboxSettings
from foundation.periodic import Periodic, repeat
from foundation.process import CannotStart, running
from ivr import metrics
from ivr.desk import Services
from ivr.guesses import Guesses
from ivr.office import Office
from ivr.records import Records
from ivr.settings import IvrSettings
from ivr.switchboard import APPLICATION, Switchboard
from ivr.vitals import Vitals
from ledger.service import Ledger
from pbx.ari.client import ApplicationTaken, AriTimeout, ConnectionLost
from pbx.ari.metrics import EVENTS_WAITING
from pbx.ari.transport import WebSocketTransport
from pbx.settings import PbxSettings
from phone.catalogue import MissingPrompt, catalogue, check
from phone.spoken import spoken_hours
from ticket_core.audio_store import AudioSettings, AudioStore
from ticket_core.code_stock import CodeStock
from ticket_core.service import Practices
from ticket_core.settings import CodeSettings, TermSettings

CODES_EVERY_S = 5.0
CALLERS_EVERY_S = 3.0
ORDER_EVERY_S = 30.0
DRAINED_WITHIN_S = 2.0


class Tree(BaseModel):
    """The parts of the settings that this process reads."""

    pbx: PbxSettings
    database: DatabaseSettings
    redis: RedisSettings
    audio: AudioSettings
    outbox: OutboxSettings
    hours: HoursSettings = HoursSettings()
    codes: CodeSettings
    terms: TermSettings = TermSettings()
    ivr: IvrSettings = IvrSettings()


async def serve(stop: asyncio.Event, health: Health) -> None:
    """Answer calls until `stop`. Raises `CannotStart` when a prompt has no sound, or another process has taken over."""
    in_service = health.check("pbx", "connecting to the PBX")
    records = health.check("records", "opening the outbox")
    tree = settings.load(Tree)
    try:
        check(tree.pbx.sounds)
        check_spoken(tree.hours.calendar().weekly)
    except MissingPrompt as error:
        raise CannotStart(str(error)) from None
    clock = SystemClock()
    database, bus = Database(tree.database), Bus(tree.redis)
    practices = Practices(database, clock, tree.terms.counting(tree.hours), tree.codes.book())
    ledger, folder = Ledger(database, clock), tree.outbox.folder
    outbox = Outbox(Journal(folder), Journal(folder / "refused"), Records(ledger, practices, bus).apply)
    codes = CodeStock(folder / "codes", partial(practices.lease_codes, "ivr"))
    calendar = KnownCalendar(CalendarStore(database, tree.hours, clock), tree.hours, folder / "calendar.json")
    services = Services(
        practices, calendar, outbox, codes, AudioStore(tree.audio.folder), Guesses(clock), clock,
        tree.ivr, tree.pbx.spool, tree.pbx.sounds,
    )  # fmt: skip
    switchboard = Switchboard(
        lambda: WebSocketTransport.connect(tree.pbx, APPLICATION),
        Office(services, ledger), tree.ivr, tree.pbx, in_service,
    )  # fmt: skip
    beside = (
        outbox.run(),
        repeat(Periodic("codes", CODES_EVERY_S, codes.refill), stop),
        repeat(Periodic("callers", CALLERS_EVERY_S, while_connected(switchboard.take_up)), stop),
        repeat(Periodic("order", ORDER_EVERY_S, while_connected(switchboard.put_in_order)), stop),
    )
    vitals = Vitals(outbox, codes, records, clock)
    vitals.look()
    health.at_each_beat(vitals.look)
    metrics.MOST_CALLS.set(tree.pbx.most_calls)
    health.at_each_beat(lambda: EVENTS_WAITING.set(switchboard.ari.events_waiting))
    try:
        async with running(switchboard.ari.run(), switchboard.heartbeat.run(), *beside) as tasks:
            await process.until_one_ends(stop, tasks)
            await switchboard.drain(tree.ivr.drain_s)
            await outbox.drained(DRAINED_WITHIN_S)
    except ApplicationTaken as error:
        raise CannotStart(f"{error}. Only one ivr may run for one PBX; this one has stopped.") from None
    finally:
        await bus.close()
        await database.close()


def check_spoken(week: WeeklyHours) -> None:
    """Raise `CannotStart` when the opening hours cannot be told to a caller."""
    names = spoken_hours(week.first_day, week.last_day, week.opens, week.closes)
    if not set(names) <= catalogue("it").keys():
        raise CannotStart(
            f"the opening hours {week.opens:%H:%M}-{week.closes:%H:%M} cannot be spoken: only whole and half hours can. "
            "Example: CENTRALINO_HOURS__WEEKLY='Mo-Fr 09:00-18:30'"
        )


def while_connected(work: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
    """The same, but without a PBX there is nothing to do and nothing wrong: the next connection does it."""

    async def done() -> None:
        with suppress(ConnectionLost, AriTimeout):
            await work()

    return done


def main() -> None:
    """Run until SIGTERM."""
    process.run("ivr", serve)


if __name__ == "__main__":
    main()
