"""Looks after callers whose application is dead or frozen: they are taken to the fallback, where nothing of ours is needed."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from foundation import logs
from foundation.clock import Clock
from foundation.health import Check
from pbx.guard import metrics, rules
from pbx.guard.ami import Ami, AmiAway
from pbx.guard.model import Beat, Channel
from pbx.guard.speaking import being_recorded

log = logs.get(__name__)

HEARTBEATS: Mapping[str, str] = {"ivr": "HEARTBEAT_IVR", "queue": "HEARTBEAT_QUEUE"}
FIRST = "ivr"
AGAIN_AFTER_S = 5.0


@dataclass
class Callers:
    """What is remembered from one look at the channels to the next."""

    ami: Ami
    clock: Clock
    check: Check
    recordings: Path
    _beats: dict[str, Beat] = field(default_factory=lambda: {app: Beat() for app in HEARTBEATS})
    _tried: dict[str, float] = field(default_factory=dict)
    _stale: frozenset[str] = frozenset()

    async def look(self) -> None:
        """One look: read the heartbeats; where one is stale, redirect whoever its application holds."""
        # Before reading: if we are frozen in the middle of it, what was read is as old as this, and not stale.
        wall, now = self.clock.now().timestamp(), self.clock.monotonic()
        try:
            for app, variable in HEARTBEATS.items():
                self._beats[app] = rules.read_beat(self._beats[app], await self.ami.variable(variable), now)
            stale = self._find_stale(wall, now)
            if stale:
                speaking = await asyncio.to_thread(being_recorded, self.recordings, wall)
                await self._rescue(await self.ami.channels(), stale, speaking)
        except AmiAway as error:
            # The probes say so in the log: once is enough.
            self.check.degraded(f"no caller can be seen: AMI gave {error}")
        else:
            self._say(stale)

    def _find_stale(self, wall: float, now: float) -> frozenset[str]:
        for app, beat in self._beats.items():
            age_s = rules.beat_age_s(beat, wall)
            metrics.HEARTBEAT_AGE.labels(application=app).set(math.nan if age_s is None else age_s)
        # One that has never beaten was handed nobody; of the first it is not so sure: every caller begins there.
        able = {app: beat for app, beat in self._beats.items() if app == FIRST or beat.value is not None}
        stale = frozenset(app for app, beat in able.items() if rules.is_stale(beat, wall, now))
        for app in stale - self._stale:
            age_s = rules.beat_age_s(self._beats[app], wall)
            if age_s is None:
                log.info("no_heartbeat_yet", app=app)  # as at every start of the whole platform
            else:
                log.warning("heartbeat_stale", app=app, age_s=round(age_s, 1))
        for app in self._stale - stale:
            log.info("heartbeat_back", app=app)
        self._stale = stale
        return stale

    def _say(self, stale: frozenset[str]) -> None:
        if stale:
            self.check.degraded(f"{', '.join(sorted(stale))} is dead or frozen: its callers are taken to the fallback")
        else:
            self.check.well("every application beats")

    async def _rescue(self, channels: list[Channel], stale: frozenset[str], speaking: frozenset[str]) -> None:
        now = self.clock.monotonic()
        here = {channel.unique_id for channel in channels}
        self._tried = {unique_id: at for unique_id, at in self._tried.items() if unique_id in here}
        found = rules.orphans(channels, stale, speaking, self._tried, now, AGAIN_AFTER_S)
        if not found:
            return
        went, tried = await self.ami.to_fallback(found)
        self._tried |= {channel.unique_id: now for channel in tried}
        for channel in went:
            metrics.CALLERS_REDIRECTED.labels(application=channel.app).inc()
            log.warning("caller_to_fallback", call_id=channel.call_id, app=channel.app)
        if len(tried) < len(found):
            log.error("callers_left", left=len(found) - len(tried))
