"""Who has a caller when our script is over before the call is: the queue, or Asterisk alone."""

from __future__ import annotations

from uuid import UUID

from foundation import logs
from foundation.clock import Clock
from ivr import metrics
from ivr.ports import FrontOffice
from pbx.ari import operations as op
from pbx.ari.client import Ari, AriError, AriTimeout, ConnectionLost, NotFound
from pbx.ari.heartbeat import QUEUE, is_fresh
from pbx.ari.line import ChannelGone, Line

log = logs.get(__name__)

QUEUE_APPLICATION = "queue"
FALLBACK, QUEUE_AWAY = "fallback", "queue-away"


class WayOut:
    """Gives callers away, and says so to the office."""

    def __init__(self, ari: Ari, office: FrontOffice, clock: Clock) -> None:
        self._ari = ari
        self._office = office
        self._clock = clock

    async def to_operators(self, call_id: UUID, dialled: str, language: str, line: Line) -> bool:
        """To the queue; where it is away, Asterisk alone rings the operators. False when the caller hung up in this moment."""
        try:
            if await self._queue_takes(line, "join", str(call_id), dialled, language):
                log.info("call_handed_on")
                await self._office.handed_on(call_id)
                return True
            metrics.FALLBACK.labels(reason="queue_away").inc()
            log.warning("queue_away")
            await line.send_to_dialplan(QUEUE_AWAY)
        except ChannelGone:
            return await self.was_taken(call_id, line)
        await self._office.handed_over(call_id)
        return True

    async def _queue_takes(self, line: Line, *args: str) -> bool:
        """A frozen queue would take the caller too: its heartbeat is looked at first."""
        try:
            beat = (await self._ari.request(op.GET_GLOBAL, variable=QUEUE))["value"]
            return is_fresh(str(beat), self._clock.now().timestamp()) and await line.move(QUEUE_APPLICATION, *args)
        except (AriError, AriTimeout) as error:
            log.error("not_moved_to_the_queue", **logs.fault(error))
            return False

    async def to_fallback(self, call_id: UUID, line: Line) -> None:
        """What we could not finish, Asterisk alone does: the caller leaves a message in the spool."""
        metrics.FALLBACK.labels(reason="error").inc()
        try:
            await line.send_to_dialplan(FALLBACK)
            await self._office.handed_over(call_id)
        except (ChannelGone, ConnectionLost, AriError, AriTimeout, OSError) as error:
            # Its page is still open: whoever puts things in order finds it.
            log.warning("not_handed_over", **logs.fault(error))

    async def was_taken(self, call_id: UUID, line: Line) -> bool:
        """Whether the channel left us alive: the guard takes callers from a process that does not answer them."""
        if line.hung_up or not await self._is_in_the_fallback(line.channel_id):
            log.info("caller_hung_up")
            return False
        metrics.FALLBACK.labels(reason="taken").inc()
        log.warning("call_taken_by_the_fallback")
        await self._office.handed_over(call_id)
        return True

    async def _is_in_the_fallback(self, channel_id: str) -> bool:
        try:
            channel = await self._ari.request(op.GET_CHANNEL, {"channelId": channel_id})
        except NotFound:
            return False
        return str(channel["dialplan"]["context"]).startswith(FALLBACK)
