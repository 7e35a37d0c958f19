"""The process `clock`: `python -m centralino.clock`. It is here because it works for two rooms: practices, and the ledger of calls."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from functools import partial

from pydantic import BaseModel

from dialplan.settings import HoursSettings
from foundation import process, settings
from foundation.clock import Clock, SystemClock
from foundation.database import Database, DatabaseSettings
from foundation.health import Health
from foundation.periodic import Periodic, repeat
from ledger.service import Ledger
from ticket_core.attachments.service import Attachments
from ticket_core.attachments.settings import AttachmentSettings, BucketSettings
from ticket_core.attachments.stores import NoBucket, blob_store
from ticket_core.audio_store import AudioSettings, AudioStore
from ticket_core.clock import metrics
from ticket_core.clock.alarms import Alarms
from ticket_core.clock.duties import Duties, Duty
from ticket_core.clock.ended import AUTHOR
from ticket_core.clock.model import Tally
from ticket_core.clock.rules import kept_since
from ticket_core.clock.seat import Seat
from ticket_core.clock.service import Timekeeper
from ticket_core.clock.settings import ClockSettings, RetentionSettings
from ticket_core.documents import Documents
from ticket_core.settings import CodeSettings, TermSettings

COUNT_EVERY_S = 15.0


class Tree(BaseModel):
    """The parts of the settings that this process reads."""

    database: DatabaseSettings
    audio: AudioSettings
    attachments: AttachmentSettings
    bucket: BucketSettings | None = None
    codes: CodeSettings
    hours: HoursSettings = HoursSettings()
    terms: TermSettings = TermSettings()
    clock: ClockSettings = ClockSettings()
    retention: RetentionSettings = RetentionSettings()


def make_duties(tree: Tree, database: Database, clock: Clock, seat: Seat) -> tuple[Alarms, Sequence[Duty]]:
    """Every duty, and what tells the metrics. Raises `CannotStart` for a store of attachments that is not there."""
    counting, keeping = tree.terms.counting(tree.hours), tree.retention.keeping(tree.terms.status_days)
    try:
        blobs = blob_store(tree.attachments, tree.bucket)
    except NoBucket as error:
        raise process.CannotStart(str(error)) from None
    codes = tree.codes.book()
    note = Documents(database, clock, counting, codes).note
    duties = Duties(
        database,
        clock,
        counting,
        codes,
        Attachments(database, clock, blobs, tree.attachments, note),
        AudioStore(tree.audio.folder),
        tree.clock,
        keeping,
        seat.confirm,
    )
    ledger = Ledger(database, clock)

    async def forget_callers(now: datetime) -> Tally:
        before, total = kept_since(now, keeping.callers, counting), Tally()
        while emptied := await ledger.forget_callers(before, AUTHOR):
            total += Tally(emptied)
            await asyncio.sleep(tree.clock.pause_s)
            await seat.confirm()
        return total

    return duties.alarms, (*duties.all(), Duty("forget_callers", tree.clock.forget_s, forget_callers))


async def count(alarms: Alarms, clock: Clock) -> None:
    """Tell the metrics how many practices are due today and overdue."""
    due = await alarms.counts(clock.now())
    metrics.DUE_TODAY.set(due.today)
    metrics.OVERDUE.set(due.overdue)


async def serve(stop: asyncio.Event, health: Health) -> None:
    """Do what is due until `stop`, or stand by while another instance does."""
    check = health.check("duties", "asking whether another instance is active")
    tree = settings.load(Tree)
    clock, database = SystemClock(), Database(tree.database)
    seat = Seat(tree.database, clock)
    alarms, duties = make_duties(tree, database, clock, seat)
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(Timekeeper(seat, duties, clock, check).run(stop))
            tasks.create_task(repeat(Periodic("count_due", COUNT_EVERY_S, partial(count, alarms, clock)), stop))
    finally:
        await seat.leave()
        await database.close()


def main() -> None:
    """Run until SIGTERM."""
    process.run("clock", serve)


if __name__ == "__main__":
    main()
