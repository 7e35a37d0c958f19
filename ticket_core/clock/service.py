"""`Timekeeper`: the clock's loop. It waits for the seat, does the duties while it has it, and stops when it has lost it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from foundation import logs
from foundation.clock import Clock
from foundation.health import Check
from foundation.periodic import wait
from foundation.process import running
from ticket_core.clock import metrics
from ticket_core.clock.duties import Duty
from ticket_core.clock.seat import Seat, SeatLost

log = logs.get(__name__)

TURN_S = 1.0
"""How often it looks which duties are due, and, standing by, whether the seat is free."""

AGAIN_S = 60.0
"""A duty that could not run to its end is tried again after this at the latest."""


class Timekeeper:
    """Does each duty at its pace, first at once. One that fails is told, and stops none of the others."""

    def __init__(self, seat: Seat, duties: Sequence[Duty], clock: Clock, check: Check) -> None:
        self._seat = seat
        self._duties = duties
        self._clock = clock
        self._check = check
        self._next: dict[str, float] = {}
        self._failures: dict[str, int] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop`. A database that is away is waited for."""
        while not stop.is_set():
            try:
                if await self._seat.take():
                    async with running(self._seat.keep()):
                        await self._work(stop)
                else:
                    self._check.well("standing by: another instance is the active one")
            except SeatLost:
                log.warning("seat_lost")
                self._check.waiting("another instance may be the active one now")
            except Exception as error:
                log.error("seat_unreachable", **logs.fault(error))
                self._check.failing(f"no duty is done: the database does not answer ({type(error).__name__})")
            finally:
                metrics.ACTIVE.set(0)
            await wait(stop, TURN_S)
        await self._seat.leave()

    async def _work(self, stop: asyncio.Event) -> None:
        log.info("seat_taken")
        self._begin()
        try:
            while not stop.is_set():
                await self.turn()
                self.say()
                await wait(stop, TURN_S)
                await self._seat.confirm()
        finally:
            for gauge in (metrics.LAST_RUN, metrics.EVERY, metrics.FAILURES):
                gauge.clear()

    def _begin(self) -> None:
        self._next.clear()
        self._failures.clear()
        metrics.ACTIVE.set(1)
        for duty in self._duties:
            metrics.LAST_RUN.labels(action=duty.name).set(self._clock.now().timestamp())
            metrics.EVERY.labels(action=duty.name).set(duty.every_s)
            metrics.FAILURES.labels(action=duty.name).set(0)

    async def turn(self) -> None:
        """Do the duties that are due, in their order. Raises `SeatLost`."""
        for duty in self._duties:
            if self._clock.monotonic() >= self._next.get(duty.name, float("-inf")):
                await self._seat.confirm()
                await self._do(duty)

    async def _do(self, duty: Duty) -> None:
        begun, good, pace_s = self._clock.monotonic(), False, min(duty.every_s, AGAIN_S)
        try:
            tally = await duty.do(self._clock.now())
            good, pace_s = not tally.broken, duty.every_s
            metrics.DONE.labels(action=duty.name).inc(tally.done)
            metrics.BROKEN.labels(action=duty.name).inc(tally.broken)
            metrics.LAST_RUN.labels(action=duty.name).set(self._clock.now().timestamp())
            if tally.done or tally.broken:
                log.info("duty_done", duty=duty.name, done=tally.done, broken=tally.broken)
        except SeatLost:
            raise
        except Exception as error:
            log.error("duty_failed", duty=duty.name, **logs.fault(error))
        ended = self._clock.monotonic()
        metrics.RUN_SECONDS.labels(action=duty.name).observe(ended - begun)
        self._failures[duty.name] = 0 if good else self._failures.get(duty.name, 0) + 1
        metrics.FAILURES.labels(action=duty.name).set(self._failures[duty.name])
        self._next[duty.name] = ended + pace_s

    def say(self) -> None:
        """Tell the check how the duties went last."""
        failed = [name for name, failures in self._failures.items() if failures]
        if failed:
            self._check.degraded(f"active; not all could be done: {', '.join(failed)}. The log says why")
        else:
            self._check.well("active: every duty is done in its turn")
