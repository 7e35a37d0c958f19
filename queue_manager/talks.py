"""Two who talk: the phone rings, they are put together, and when one has gone the other is let go."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace

from foundation import logs
from pbx.ari import operations as op
from pbx.ari.client import AriError, AriTimeout, Conflict, ConnectionLost
from pbx.ari.line import ChannelGone
from queue_manager.caller import LineWaiter
from queue_manager.departures import Departures
from queue_manager.hall import AGAIN_AFTER_S, APPLICATION, NORMAL, OPERATORS_LANGUAGE, UNREACHABLE, Away, Caller, Hall
from queue_manager.model import CallCitizen, Connected, NotReached, Offered, Talked, Unreached, interface_of
from queue_manager.reception import Outward

log = logs.get(__name__)

OPERATOR, CITIZEN = "operator", "citizen"


class Talks:
    """Rings operators, and citizens who are called back, and joins them."""

    def __init__(self, hall: Hall, departures: Departures, outward: Outward) -> None:
        self._hall = hall
        self._departures = departures
        self._outward = outward

    async def ring(self, offered: Offered) -> None:
        """Ring an operator; a phone that cannot be rung is unreachable."""
        caller = self._hall.callers.get(offered.call_id)
        shown = (caller.arrival.caller if caller else None) or "anonymous"
        try:
            await self._hall.ari.request(
                op.ORIGINATE, endpoint=interface_of(offered.operator), app=APPLICATION,
                appArgs=f"{OPERATOR},{offered.call_id}", callerId=shown, channelId=offered.leg,
                timeout=int(self._hall.board.policy.ring_s) + 5,
            )  # fmt: skip
        except Away as error:
            log.warning("phone_not_rung", operator=offered.operator, **logs.fault(error))
            self._hall.do(self._hall.board.leg_gone(offered.leg, UNREACHABLE, self._hall.now()))

    async def connect(self, connected: Connected) -> None:
        """Let the two talk; while Asterisk does not hear us, both are up and we go on trying."""
        while (caller := self._hall.callers.get(connected.call_id)) and self._hall.board.talks_on(connected.leg):
            try:
                await self._put_together(caller, connected)
            except ChannelGone:
                await self._departures.look_where(connected.call_id)
                self._citizen_gone(connected)
            except (ConnectionLost, AriTimeout) as error:
                log.warning("not_connected_yet", call_id=str(connected.call_id), **logs.fault(error))
                self._hall.listen_again(caller)
                await asyncio.sleep(AGAIN_AFTER_S)
            except Exception as error:
                log.error("not_connected", call_id=str(connected.call_id), **logs.fault(error))
                self._departures.rescue(caller)
                self._citizen_gone(connected)
            if caller.talks:
                return
        # One of the two was gone before; the bridge may have been made since.
        await self._hall.hang_up(connected.leg)
        await self._hall.delete_bridge(connected.leg)

    async def _put_together(self, caller: Caller, connected: Connected) -> None:
        """The bridge has the leg's name, by which it is known after a restart."""
        leg = connected.leg
        await self._hush(caller)
        if caller.put_through:
            with suppress(OSError):
                await asyncio.shield(caller.put_through)  # two who talk are known to talk, whoever dies now
        if connected.citizen:
            await self._greet(caller)
            with suppress(AriError):  # the operator's leg is gone, which is told on its own
                await self._hall.sound.request(op.STOP_RING, {"channelId": leg})
        with suppress(Conflict):  # there is one already: a process that died has made it, or the answer was lost
            await self._hall.sound.request(op.CREATE_BRIDGE, type="mixing", bridgeId=leg)
        both = f"{caller.arrival.channel_id},{leg}"
        await self._hall.sound.request(op.ADD_TO_BRIDGE, {"bridgeId": leg}, channel=both)
        caller.talks = self._hall.board.talks_on(leg)

    async def _hush(self, caller: Caller) -> None:
        """End what the caller is hearing: while it plays, their channel would enter no bridge."""
        if caller.waiting:
            caller.waiting.cancel()
            await asyncio.wait({caller.waiting})
            caller.waiting = None
        await caller.line.stop()

    async def end_talk(self, talked: Talked, caller: Caller | None) -> None:
        """Let go whoever is left of the two."""
        await self._hall.hang_up(talked.leg)
        if caller is not None and not talked.elsewhere:
            await self._hall.hang_up(caller.arrival.channel_id)
        await self._hall.delete_bridge(talked.leg)

    async def call_citizen(self, call: CallCitizen) -> None:
        """The operator is there: call whoever asked to be called back, while the operator hears it ring."""
        caller = self._hall.callers.get(call.call_id)
        if caller is None:
            await self._hall.hang_up(call.leg)
            return
        caller.line.close()
        caller.arrival = replace(caller.arrival, channel_id=call.citizen)
        caller.line = self._hall.line(call.citizen)
        with suppress(*Away):
            await self._hall.sound.request(op.RING, {"channelId": call.leg})
        try:
            await self._hall.ari.request(
                op.ORIGINATE, endpoint=f"PJSIP/{call.number}@{self._outward.trunk}", app=APPLICATION,
                appArgs=f"{CITIZEN},{call.call_id}", callerId=self._outward.shown or caller.arrival.dialled,
                channelId=call.citizen, timeout=int(self._hall.board.policy.citizen_ring_s) + 5,
            )  # fmt: skip
        except Away as error:
            log.warning("citizen_not_called", call_id=str(call.call_id), **logs.fault(error))
            self._hall.do(self._hall.board.leg_gone(call.citizen, UNREACHABLE, self._hall.now()))

    def _citizen_gone(self, connected: Connected) -> None:
        """Nobody else could take them: their talk is over."""
        if connected.citizen:
            self._hall.do(self._hall.board.leg_gone(connected.citizen, NORMAL, self._hall.now()))

    async def _greet(self, caller: Caller) -> None:
        # A pause first, so that the trunk does not clip the first word.
        await LineWaiter(caller.line, self._hall.sounds, caller.arrival.language).say("pause-long", "callback-here")

    async def tell_not_reached(self, one: NotReached) -> None:
        """Tell the operator that nobody was reached, and let them go."""
        line = self._hall.line(one.leg)
        try:
            await self._hall.sound.request(op.STOP_RING, {"channelId": one.leg})
            prompt = "citizen-busy" if one.why is Unreached.BUSY else "citizen-no-answer"
            await LineWaiter(line, self._hall.sounds, OPERATORS_LANGUAGE).say(prompt)
        except (ChannelGone, *Away) as error:
            log.info("operator_not_told", operator=one.operator, **logs.fault(error))
        finally:
            line.close()
            await self._hall.hang_up(one.leg)
