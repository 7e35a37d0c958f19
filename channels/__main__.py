"""The process `channels`: `python -m channels`."""

from __future__ import annotations

import asyncio
from functools import partial

from pydantic import BaseModel

from channels import metrics
from channels.sender import Sender
from channels.settings import SmtpSettings
from channels.smtp import Mailer
from foundation import process, settings
from foundation.clock import Clock, SystemClock
from foundation.database import Database, DatabaseSettings
from foundation.health import Health
from foundation.periodic import Periodic, repeat
from ticket_core.replies.sending import Sending

COUNT_EVERY_S = 5.0


class Tree(BaseModel):
    """The parts of the settings that this process reads."""

    database: DatabaseSettings
    smtp: SmtpSettings = SmtpSettings()


async def count(letters: Sending, clock: Clock) -> None:
    """Tell the metrics how many letters wait and are dead."""
    outgoing = await letters.outgoing()
    metrics.WAITING.set(outgoing.waiting)
    metrics.OLDEST_SECONDS.set((clock.now() - outgoing.oldest).total_seconds() if outgoing.oldest else 0.0)
    metrics.DEAD.set(outgoing.dead)


def mailer(smtp: SmtpSettings) -> Mailer | None:
    """Who hands letters over, or None without a server. Raises `CannotStart` for a file of certificates that is none."""
    if not smtp.host:
        return None
    try:
        return Mailer(smtp)
    except OSError as error:
        raise process.CannotStart(
            f"the certificates in {smtp.authority} cannot be read ({type(error).__name__}): mend CENTRALINO_SMTP__AUTHORITY"
        ) from None


async def serve(stop: asyncio.Event, health: Health) -> None:
    """Send letters until `stop`."""
    check = health.check("letters", "looking for letters that wait")
    tree = settings.load(Tree)
    clock, database = SystemClock(), Database(tree.database)
    letters = Sending(database, clock)
    sender = Sender(letters, mailer(tree.smtp), tree.smtp, clock, check)
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(sender.run(stop))
            tasks.create_task(repeat(Periodic("count_letters", COUNT_EVERY_S, partial(count, letters, clock)), stop))
    finally:
        await database.close()


def main() -> None:
    """Run until SIGTERM."""
    process.run("channels", serve)


if __name__ == "__main__":
    main()
