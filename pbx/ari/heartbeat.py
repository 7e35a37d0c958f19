"""A sign of life that the dialplan can see: a global variable of Asterisk's with the time, set again every second.

A frozen process keeps its websocket, so that Asterisk goes on handing it callers; its heartbeat stops.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from foundation import logs
from foundation.clock import Clock
from foundation.health import Check, Standing
from pbx.ari import operations as op
from pbx.ari.client import Ari, AriError, AriTimeout, ConnectionLost

log = logs.get(__name__)

IVR, QUEUE = "HEARTBEAT_IVR", "HEARTBEAT_QUEUE"
EVERY_S = 1.0
FRESH_S = 5.0
"""`dialplan/inbound.conf` takes a heartbeat for fresh that is at most this far from now, both ways."""


class Heartbeat:
    """Sets `variable` to the Unix time in whole seconds, at once on a connection and then every second.

    `in_service` says how it goes: while the dialplan sees the heartbeat it hands us calls.
    """

    def __init__(self, ari: Ari, variable: str, clock: Clock, in_service: Check, every_s: float = EVERY_S) -> None:
        self._ari = ari
        self._variable = variable
        self._clock = clock
        self._in_service = in_service
        self._every_s = every_s
        self._connected = asyncio.Event()
        self._heard = False

    def connected(self) -> None:
        """A connection is there: the next beat is now, so that no caller is kept from us longer than needed."""
        self._connected.set()

    async def run(self) -> None:
        """Beat until cancelled. A beat that fails is logged, and ends nothing: its absence is what the dialplan looks at."""
        while True:
            self._connected.clear()
            await self.beat()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._connected.wait(), self._every_s)

    async def beat(self) -> None:
        """One beat. Raises nothing that Asterisk or the connection does."""
        try:
            now = int(self._clock.now().timestamp())
            await self._ari.request(op.SET_GLOBAL, variable=self._variable, value=now)
        except (AriError, AriTimeout, ConnectionLost) as error:
            if self._heard:
                log.warning("heartbeat_stopped", variable=self._variable, **logs.fault(error))
            self._heard = False
            if self._in_service.seen.standing is not Standing.WAITING:
                self._in_service.failing("the PBX does not hear our heartbeat: callers go to the fallback")
        else:
            self._heard = True
            self._in_service.well("the PBX hears our heartbeat and hands calls over")


def is_fresh(value: str, now_s: float) -> bool:
    """What the dialplan decides, decided here: a heartbeat's value, "" when there never was one, and the Unix time."""
    return value.isdecimal() and abs(int(value) - int(now_s)) <= FRESH_S
