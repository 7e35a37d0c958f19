"""The process `ivr`: `python -m ivr`."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from pydantic import BaseModel

from dialplan.model import WeeklyHours
from dialplan.settings import HoursSettings
from dialplan.store import CalendarStore
from foundation import process, settings
from foundation.bus import Bus, RedisSettings
from foundation.clock import SystemClock
from foundation.database import Database, DatabaseSettings
from foundation.health import Health
from foundation.process import CannotStart
from ivr.desk import Office, Services
from ivr.guesses import Guesses
from ivr.settings import IvrSettings
from ivr.switchboard import APPLICATION, Switchboard
from ledger.service import Ledger
from pbx.ari.client import ApplicationTaken
from pbx.ari.metrics import EVENTS_WAITING
from pbx.ari.transport import WebSocketTransport
from pbx.settings import PbxSettings
from phone.catalogue import MissingPrompt, catalogue, check
from phone.spoken import spoken_hours
from ticket_core.audio_store import AudioSettings, AudioStore
from ticket_core.service import Practices


class Tree(BaseModel):
    """The parts of the settings that this process reads."""

    pbx: PbxSettings
    database: DatabaseSettings
    redis: RedisSettings
    audio: AudioSettings
    hours: HoursSettings = HoursSettings()
    ivr: IvrSettings = IvrSettings()


async def serve(stop: asyncio.Event, health: Health) -> None:
    """Answer calls until `stop`. Raises `CannotStart` when a prompt has no sound, or another process has taken over."""
    in_service = health.check("pbx", "connecting to the PBX")
    tree = settings.load(Tree)
    try:
        check(tree.pbx.sounds)
        check_spoken(tree.hours.calendar().weekly)
    except MissingPrompt as error:
        raise CannotStart(str(error)) from None
    clock = SystemClock()
    database, bus = Database(tree.database), Bus(tree.redis)
    calendar = CalendarStore(database, tree.hours, clock)
    practices = Practices(database, clock, tree.hours.calendar().is_working_day, tree.hours.zone)
    services = Services(
        practices, Ledger(database, clock), calendar, bus, AudioStore(tree.audio.folder), Guesses(clock), clock,
        tree.ivr, tree.pbx.spool, tree.pbx.sounds,
    )  # fmt: skip
    switchboard = Switchboard(
        lambda: WebSocketTransport.connect(tree.pbx, APPLICATION), Office(services), tree.ivr, tree.pbx, in_service
    )
    health.at_each_beat(lambda: EVENTS_WAITING.set(switchboard.ari.events_waiting))
    try:
        await _answer_until(stop, switchboard, tree.ivr.drain_s)
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


async def _answer_until(stop: asyncio.Event, switchboard: Switchboard, drain_s: float) -> None:
    running = asyncio.create_task(switchboard.ari.run())
    beating = asyncio.create_task(switchboard.heartbeat.run())
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if running.done():
        try:
            running.result()
        except ApplicationTaken as error:
            raise CannotStart(f"{error}. Only one ivr may run for one PBX; this one has stopped.") from None
    await switchboard.drain(drain_s)
    for task in (running, beating):
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def main() -> None:
    """Run until SIGTERM."""
    process.run("ivr", serve)


if __name__ == "__main__":
    main()
