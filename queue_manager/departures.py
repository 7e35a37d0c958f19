"""Callers who leave: by themselves, with the fallback, or because we cannot do for them what we should."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from foundation import logs
from queue_manager.diary import Arrival
from queue_manager.hall import Caller, Hall
from queue_manager.model import Abandoned, Place
from queue_manager.scribe import Scribe

log = logs.get(__name__)


class Departures:
    """Each caller leaves once, and their page says how."""

    def __init__(self, hall: Hall, scribe: Scribe) -> None:
        self._hall = hall
        self._scribe = scribe

    def leg_gone(self, leg: str, cause: int) -> None:
        """A phone that we rang, or that talks, has ended, by this Q.850 cause."""
        call_id = self._hall.board.caller_on(leg)
        caller = self._hall.callers.get(call_id) if call_id else None
        if caller and not caller.talks:
            # The operator was gone before the two heard each other: that ends no call.
            self.rescue(caller)
        self._hall.do(self._hall.board.leg_gone(leg, cause, self._hall.now()))

    def gone(self, call_id: UUID) -> None:
        """The caller hung up."""
        caller = self._hall.callers.get(call_id)
        if caller and not caller.gone:
            caller.gone = True
            if call_id in self._hall.board.places:
                self._hall.do(self._hall.board.caller_gone(call_id, self._hall.now()))
            else:
                self._never_in_line(caller.arrival)
            self.part(caller.arrival)

    def part(self, arrival: Arrival) -> None:
        """Their channel is gone; whoever is to be called back is ours all the same."""
        self._hall.forget(arrival.call_id)
        place = self._hall.board.places.get(arrival.call_id)
        if place and place.away:
            arrival = replace(arrival, caller=place.callback)
            self._hall.callers[arrival.call_id] = Caller(arrival, self._hall.line(arrival.channel_id), gone=True)

    def _never_in_line(self, arrival: Arrival) -> None:
        """The caller hung up before we had got to them: their page tells so too."""
        now, position = self._hall.now(), len(self._hall.board.waiting()) + 1
        place = Place(arrival.call_id, arrival.language, now, now, caller=arrival.caller)
        self._hall.diary.joined(arrival, place, position, "menu")
        self._scribe.write(Abandoned(arrival.call_id, 0.0, position))

    async def look_where(self, call_id: UUID) -> None:
        """A caller left our application without a word: they hung up, or the guard has taken them to the fallback."""
        caller = self._hall.callers.get(call_id)
        if caller is None or caller.gone:
            return
        if await self._hall.is_there(caller.arrival.channel_id):
            log.warning("caller_taken_by_the_fallback", call_id=str(call_id))
            self.let_go(caller)
        else:
            self.gone(call_id)

    def let_go(self, caller: Caller) -> None:
        """The fallback has the caller, or is about to."""
        if not caller.gone:
            caller.gone = True
            call_id = caller.arrival.call_id
            self._hall.do(self._hall.board.taken_away(call_id, self._hall.now()))
            self._hall.diary.handed_over(call_id)
            self._hall.forget(call_id)

    def rescue(self, caller: Caller) -> None:
        """What we could not do, Asterisk alone does."""
        if not caller.gone:
            self.let_go(caller)
            self._hall.begin(self._hall.send(caller.arrival, "queue-away", "s"))
