"""Which messages wait, heard over Redis: a consumer group, so that each piece of news goes to one worker."""

from __future__ import annotations

import asyncio
from uuid import UUID

from foundation import logs
from foundation.bus import News
from voicemail_worker.ports import NewsBus

STREAM = "voicemail.messages"
GROUP = "voicemail"
BLOCK_S = 1.0

log = logs.get(__name__)


class MessageNews:
    """The stream of message ids, for one consumer. Redis away is an answer, not an error: the sweep then works alone.

    News that a dead consumer took and never finished is taken over after `idle_s` seconds.
    """

    def __init__(self, bus: NewsBus, consumer: str, idle_s: float) -> None:
        self._bus = bus
        self._consumer = consumer
        self._idle_s = idle_s

    async def hear(self) -> list[News] | None:
        """What is new, after waiting for it a second at most; None when Redis does not answer."""
        try:
            # A frozen Redis keeps its connections open: never wait for it without a limit.
            async with asyncio.timeout(5 * BLOCK_S):
                await self._bus.join(STREAM, GROUP)
                left = await self._bus.take_over(STREAM, GROUP, self._consumer, self._idle_s)
                return left or await self._bus.read(STREAM, GROUP, self._consumer, BLOCK_S)
        except Exception as error:
            _away(error)
            return None

    async def announce(self, message_id: UUID) -> bool:
        """Tell the group of a message; False when Redis does not answer."""
        try:
            await self._bus.publish(STREAM, {"message": str(message_id)})
        except Exception as error:
            _away(error)
            return False
        return True

    async def done(self, item: News) -> None:
        """Nobody needs to hear of it again. Lost while Redis is away: somebody hears of it once more, and finds it done."""
        try:
            await self._bus.done(STREAM, GROUP, item.entry)
        except Exception as error:
            _away(error)


def message_in(item: News) -> UUID | None:
    """The message a piece of news is about; None, and a line in the log, when it names none."""
    try:
        return UUID(item.fields.get("message", ""))
    except ValueError:
        log.warning("news_without_message", entry=item.entry)
        return None


def _away(error: Exception) -> None:
    log.warning("redis_away", **logs.fault(error))
