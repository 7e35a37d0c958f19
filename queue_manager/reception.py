"""Callers who come: taken into the line, spoken to while they wait, and asked whether they would rather be called back."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from uuid import UUID

import structlog

from foundation import logs
from foundation.journal import Written
from pbx.ari.client import ConnectionLost
from pbx.ari.line import ChannelGone
from queue_manager.caller import Asking, LineWaiter, Standing
from queue_manager.departures import Departures
from queue_manager.diary import Arrival
from queue_manager.hall import AGAIN_AFTER_S, Hall
from queue_manager.model import Place, Why
from queue_manager.waiting import Pace, wait_in_line

log = logs.get(__name__)


@dataclass(frozen=True)
class Outward:
    """How citizens are called back: through which SIP endpoint ("": not at all), as which number ("": the one they had dialled).

    `countries` are those whose numbers are called (ISO 3166, two letters).
    """

    trunk: str = ""
    shown: str = ""
    countries: Collection[str] = ("IT",)


NOT_AT_ALL = Outward()


class Reception:
    """Takes callers in one after another, and has a coroutine for each who waits."""

    def __init__(self, hall: Hall, departures: Departures, pace: Pace, outward: Outward) -> None:
        self._hall = hall
        self._departures = departures
        self._pace = pace
        self._outward = outward
        self._arrivals: asyncio.Queue[Arrival] = asyncio.Queue()

    def welcome(self, arrival: Arrival) -> None:
        """Once: at a connection a caller may be both found and told."""
        if arrival.channel_id not in self._hall.channels:
            self._hall.know(arrival)
            self._arrivals.put_nowait(arrival)

    async def run(self) -> None:
        """Take callers in, one after another, with a breath between: whoever hangs up in a burst is heard in time."""
        while True:
            arrival = await self._arrivals.get()
            if arrival.call_id in self._hall.callers:
                self._take_in(arrival)
            await asyncio.sleep(0)

    def _take_in(self, arrival: Arrival) -> None:
        now = self._hall.now()
        place = Place(arrival.call_id, arrival.language, now, now, caller=arrival.caller)
        happened = self._hall.board.join(place, now)
        position = self._hall.board.position(arrival.call_id)
        if position is not None:
            via = "returned" if place.since < place.joined else "menu"
            written = self._hall.diary.joined(arrival, place, position, via)
            self._hall.callers[arrival.call_id].waiting = self._hall.begin(self.wait(arrival.call_id, written))
        self._hall.do(happened)

    async def wait(self, call_id: UUID, written: Written | None = None) -> None:
        """Speak to a caller in line until they choose an exit, or an operator takes them; `written` is their place, if it is new."""
        structlog.contextvars.bind_contextvars(call_id=str(call_id))
        try:
            if written:
                await asyncio.shield(written)  # nobody is told of a place that a crash could take away
                log.info("caller_in_line")
            why = await self._converse(call_id)
            if why is Why.CALLBACK:
                self._part_for_now(call_id)
            else:
                self._hall.do(self._hall.board.leave(call_id, why, self._hall.now()))
        except ChannelGone:
            await self._departures.look_where(call_id)
        except Exception as error:
            log.error("caller_to_fallback", **logs.fault(error))
            if caller := self._hall.callers.get(call_id):
                self._departures.rescue(caller)

    async def _converse(self, call_id: UUID) -> Why:
        standing = Standing(self._hall.board, self._hall.diary, self._hall.clock, call_id)
        while True:
            caller = self._hall.callers[call_id]
            try:
                await caller.line.stop()
                waiter = LineWaiter(caller.line, self._hall.sounds, caller.arrival.language)
                if self._hall.board.places[call_id].callback:
                    # Interrupted after they had confirmed.
                    await waiter.say("callback-confirmed")
                    return Why.CALLBACK
                return await wait_in_line(waiter, standing, self._pace, self._asking(caller.arrival))
            except ConnectionLost:
                # Their channel is up: as soon as the PBX hears us again we go on.
                self._hall.listen_again(caller)
                await asyncio.sleep(AGAIN_AFTER_S)

    def _asking(self, arrival: Arrival) -> Asking | None:
        if not self._outward.trunk:
            return None
        return Asking(arrival.caller, self._outward.countries, partial(self._keep_place, arrival.call_id))

    async def _keep_place(self, call_id: UUID, number: str) -> bool:
        """Write down that a caller is to be called at this number, before they are told so."""
        happened = self._hall.board.ask_callback(call_id, number, self._hall.now())
        if happened is None:
            return False
        written = self._hall.diary.callback_asked(call_id, number)
        self._hall.do(happened)
        await asyncio.shield(written)
        return True

    def _part_for_now(self, call_id: UUID) -> None:
        """Hang up on whoever is to be called back; not on somebody whom an operator has answered in this instant."""
        if self._hall.board.position(call_id) is not None:
            self._hall.begin(self._hall.hang_up(self._hall.callers[call_id].arrival.channel_id))
            self._departures.gone(call_id)
