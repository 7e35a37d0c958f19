"""After a restart of ours, or a lost connection, nothing is told again: who is still there is found, and the rest is settled."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from uuid import UUID

from dialplan.numbers import caller_number
from foundation import logs
from pbx.ari import operations as op
from pbx.ari.client import NotFound
from phone.catalogue import LANGUAGES
from queue_manager import metrics
from queue_manager.board import citizen_of
from queue_manager.departures import Departures
from queue_manager.diary import Arrival, Kept
from queue_manager.hall import APPLICATION, NORMAL, UNREACHABLE, Hall
from queue_manager.model import Connected
from queue_manager.reception import Reception
from queue_manager.talks import Talks

log = logs.get(__name__)


class TakingUp:
    """Finds callers, legs and talks that are up; `own_phones` are channels on which operators dial."""

    def __init__(
        self, hall: Hall, departures: Departures, reception: Reception, talks: Talks, own_phones: Collection[str]
    ) -> None:
        self._hall = hall
        self._departures = departures
        self._reception = reception
        self._talks = talks
        self._own_phones = own_phones

    async def run(self) -> None:
        """Find every caller of ours that the PBX still has, and settle those that it has not."""
        rung = {*self._hall.board.citizens(), *(seat.leg for seat in self._hall.board.seats.values() if seat.leg)}
        ours = await self._held()
        states = {channel["id"]: channel["state"] for channel in await self._hall.ari.request(op.LIST_CHANNELS)}
        bridges = await self._hall.ari.request(op.LIST_BRIDGES)
        talks = {channel for bridge in bridges for channel in bridge["channels"]}
        self._hear_of_legs(rung, ours, states)
        left = [kept for call_id in self._hall.diary.open_calls() if (kept := self._hall.diary.kept(call_id))]
        for kept in left:
            # All of them before anybody is rung: who talks must not look free.
            if kept.arrival.call_id not in self._hall.board.places:
                self._hall.do(self._hall.board.restore(kept.place))
        for kept in left:
            self._take_up(kept, states.keys(), talks)
        wanted = {
            *self._hall.channels,
            *self._own_phones,
            *self._hall.board.citizens(),
            *(seat.leg for seat in self._hall.board.seats.values() if seat.leg),
        }
        for channel_id in ours - wanted:
            with suppress(NotFound):  # it has just gone, and the next ones wait
                await self._take_up_stranger(channel_id)

    def _hear_of_legs(self, rung: Collection[str], ours: Collection[str], states: Mapping[str, str]) -> None:
        """What phones did that we rang before the connection was lost."""
        for leg in rung:
            if leg not in states:
                self._departures.leg_gone(leg, UNREACHABLE)
            elif leg in ours and states[leg] == "Up" and self._hall.board.rings_on(leg):
                self._hall.do(self._hall.board.answered(leg, self._hall.now()))

    async def _held(self) -> set[str]:
        try:
            return {
                *(await self._hall.ari.request(op.GET_APPLICATION, {"applicationName": APPLICATION}))["channel_ids"]
            }
        except NotFound:
            return set()

    def _take_up(self, kept: Kept, there: Collection[str], talks: set[str]) -> None:
        call_id, channel_id = kept.arrival.call_id, kept.arrival.channel_id
        known = self._hall.callers.get(call_id)
        if kept.place.away:
            if known is None:
                self._take_up_callback(kept, there, talks)
        elif channel_id not in there:
            self._settle_gone(kept)
        elif known is None:
            self._resume(kept, there, talks)

    def _settle_gone(self, kept: Kept) -> None:
        """The caller hung up while nobody of ours was there."""
        call_id = kept.arrival.call_id
        log.info("caller_gone_meanwhile", call_id=str(call_id))
        self._hall.do(self._hall.board.caller_gone(call_id, self._hall.now()))
        self._departures.part(kept.arrival)

    def _take_up_callback(self, kept: Kept, there: Collection[str], talks: set[str]) -> None:
        """No channel is looked for while the place waits; a talk goes on, and whoever was being called is called again."""
        metrics.RESUMED.inc()
        self._departures.part(kept.arrival)
        if kept.talking:
            self._resume_talk(kept, there, talks)
        elif kept.leg:
            for leg in (kept.leg, citizen_of(kept.leg)):
                self._hall.begin(self._hall.hang_up(leg))

    def _resume(self, kept: Kept, there: Collection[str], talks: set[str]) -> None:
        """A process that died had this caller: a talk is left alone, who waited waits on in the same place.

        `talks` are the channels in any bridge: two who were about to talk are not in one yet.
        """
        call_id = kept.arrival.call_id
        metrics.RESUMED.inc()
        log.info("caller_taken_up", call_id=str(call_id))
        self._hall.know(kept.arrival)
        if kept.talking:
            self._resume_talk(kept, there, talks)
            return
        if kept.leg in there:
            self._hall.begin(self._hall.hang_up(kept.leg or ""))
        self._hall.callers[call_id].waiting = self._hall.begin(self._reception.wait(call_id))

    def _resume_talk(self, kept: Kept, there: Collection[str], talks: set[str]) -> None:
        call_id, leg, channel_id = kept.arrival.call_id, kept.leg or "", kept.arrival.channel_id
        self._hall.callers[call_id].talks = channel_id in talks
        if leg not in there:
            self._departures.leg_gone(leg, NORMAL)
        elif {channel_id, leg} - talks:
            log.warning("talk_put_through_again", call_id=str(call_id))
            self._hall.begin(
                self._talks.connect(Connected(call_id, kept.place.seat or "", leg, 0.0, 0.0, kept.place.citizen))
            )

    async def _take_up_stranger(self, channel_id: str) -> None:
        """A channel of ours that nothing is written of: a caller who had just come, or an operator's leg that nobody wants."""
        call_id = await self._hall.variable(channel_id, "CALL_ID")
        if call_id is None:
            await self._hall.hang_up(channel_id)
            return
        dialled = await self._hall.variable(channel_id, "DIALLED") or ""
        channel = await self._hall.ari.request(op.GET_CHANNEL, {"channelId": channel_id})
        # queue,join,CALL_ID,DIALLED,LANGUAGE
        language = channel["dialplan"]["app_data"].rpartition(",")[2]
        number = caller_number(channel["caller"]["number"])
        self._reception.welcome(
            Arrival(channel_id, UUID(call_id), number, dialled, language if language in LANGUAGES else LANGUAGES[0])
        )
