"""The process `voicemail`: `python -m voicemail_worker`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

from pydantic import BaseModel

from dialplan.settings import HoursSettings
from foundation import process, settings
from foundation.bus import Bus, RedisSettings
from foundation.clock import Clock, SystemClock
from foundation.database import Database, DatabaseSettings
from foundation.health import Health
from foundation.periodic import Periodic, repeat
from ledger.service import Ledger
from ticket_core.audio_store import AudioSettings, AudioStore
from ticket_core.service import Practices
from ticket_core.settings import CodeSettings, TermSettings
from voicemail_worker import metrics, models
from voicemail_worker.decoding import DecoderProcess
from voicemail_worker.news import MessageNews
from voicemail_worker.settings import FallbackSettings, VoicemailSettings
from voicemail_worker.spool_import import SpoolImport
from voicemail_worker.worker import Worker

COUNT_EVERY_S = 5.0


class Tree(BaseModel):
    """The parts of the settings that this process reads."""

    database: DatabaseSettings
    redis: RedisSettings
    audio: AudioSettings
    voicemail: VoicemailSettings
    hours: HoursSettings = HoursSettings()
    codes: CodeSettings
    terms: TermSettings = TermSettings()
    fallback: FallbackSettings | None = None


def periodic_jobs(tree: Tree, practices: Practices, database: Database) -> Sequence[Periodic]:
    """What else this process does, beside transcribing: count what waits, bring in what the dialplan's fallback recorded."""
    clock = SystemClock()
    counting = Periodic("count_backlog", COUNT_EVERY_S, partial(count_backlog, practices, clock))
    if tree.fallback is None:
        return (counting,)
    spool = SpoolImport(tree.fallback.spool, practices, Ledger(database, clock), AudioStore(tree.audio.folder), clock)
    return (counting, Periodic("fallback_import", tree.fallback.every_s, spool.run))


async def count_backlog(practices: Practices, clock: Clock) -> None:
    """Tell the metrics how much waits, and since when."""
    backlog = await practices.backlog()
    metrics.WAITING.set(backlog.messages)
    metrics.OLDEST_SECONDS.set((clock.now() - backlog.oldest).total_seconds() if backlog.oldest else 0.0)


async def serve(stop: asyncio.Event, health: Health) -> None:
    """Transcribe until `stop`. Raises `CannotStart` when the folder of recordings is not there."""
    rows = health.check("messages", "looking for messages that wait")
    tree = settings.load(Tree)
    own = tree.voicemail
    folder = tree.audio.folder
    if not folder.is_dir():
        raise process.CannotStart(
            f"the folder of recordings {folder} is not there: make it, or set CENTRALINO_AUDIO__FOLDER."
        )
    clock = SystemClock()
    database, bus = Database(tree.database), Bus(tree.redis)
    decoder = DecoderProcess(own.load_limit_s, own.niceness)
    practices = Practices(database, clock, tree.terms.counting(tree.hours), tree.codes.book())
    news = MessageNews(bus, own.name, own.lease_s)
    worker = Worker(practices, news, decoder, partial(models.list_models, own.models_dir), own, folder, clock, rows)
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(worker.run(stop))
            for job in periodic_jobs(tree, practices, database):
                tasks.create_task(repeat(job, stop))
    finally:
        await decoder.close()
        await bus.close()
        await database.close()


def main() -> None:
    """Run until SIGTERM."""
    process.run("voicemail", serve)


if __name__ == "__main__":
    main()
