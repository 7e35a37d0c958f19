"""Who has a caller when our script is over before the call is: the queue, or Asterisk alone."""

from __future__ import annotations

from uuid import UUID

from foundation import logs
from ivr import metrics
from ivr.ports import FrontOffice
from pbx.ari import operations as op
from pbx.ari.client import Ari, AriError, AriTimeout, ConnectionLost, NotFound
from pbx.ari.line import ChannelGone, Line

log = logs.get(__name__)

QUEUE, FALLBACK = "queue", "fallback"
"""Contexts of the dialplan."""


class WayOut:
    """Gives callers away, and says so to the office."""

    def __init__(self, ari: Ari, office: FrontOffice) -> None:
        self._ari = ari
        self._office = office

    async def to_operators(self, call_id: UUID, language: str, line: Line) -> bool:
        """To the queue, by the dialplan: where it is away, Asterisk alone rings the operators, and the import of that closes the page.

        False when the caller hung up in this moment.
        """
        try:
            await line.send_to_dialplan(QUEUE, language)
        except ChannelGone:
            return await self.was_taken(call_id, line)
        log.info("call_handed_on")
        try:
            await self._office.handed_on(call_id)
        except OSError as error:
            # A full disk: they are with the queue all the same, and whoever puts things in order finds their open story.
            log.warning("not_handed_on", **logs.fault(error))
        return True

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
