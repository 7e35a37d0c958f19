"""Looks at what the line depends on besides the PBX's process: disk, trunk, clock. Tells every change once."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

from foundation import logs
from foundation.health import Check
from pbx.guard import metrics, rules, watch
from pbx.guard.abandon import within
from pbx.guard.ami import Ami, AmiAway
from pbx.guard.model import Level, Trunk
from pbx.guard.settings import GuardSettings

log = logs.get(__name__)

DISK_WITHIN_S = 2.0


@dataclass
class Surroundings:
    """What is remembered from one look to the next."""

    settings: GuardSettings
    ami: Ami
    disk: Check
    trunk: Check
    clock: Check
    _level: Level = Level.ENOUGH
    _trunk: Trunk = Trunk.NOT_WATCHED
    _synchronised: bool | None = True
    _wall: watch.WallClock = field(default_factory=watch.WallClock)

    async def look(self) -> None:
        """One look at everything."""
        await self._look_at_disks()
        await self._look_at_trunk()
        self._look_at_clock()

    async def _look_at_disks(self) -> None:
        seen = {folder: await self._free(folder) for folder in self.settings.disks}
        # What cannot be seen cannot be written either.
        least = min((free or 0 for free in seen.values()), default=None)
        if least is None:
            self.disk.well("no disk is watched")
            return
        metrics.DISK_FREE.set(least)
        level = rules.level(least, self.settings.alarm_bytes, self.settings.emergency_bytes)
        says = f"{least / 2**30:.1f} GiB free"
        if level is Level.ENOUGH:
            self.disk.well(says)
        else:
            self.disk.degraded(f"{says}: make room, recordings need it")
        if level is not self._level:
            tell = {Level.ENOUGH: log.info, Level.LOW: log.warning, Level.EMERGENCY: log.error}[level]
            tell(f"disk_{level.value}", free_bytes=least)
        self._level = level

    async def _free(self, folder: Path) -> int | None:
        try:
            return await within(DISK_WITHIN_S, lambda: watch.free_bytes(folder))
        except TimeoutError:
            return None

    async def _look_at_trunk(self) -> None:
        # Asterisk warns in its log whenever it is asked for one that it does not know.
        name = self.settings.trunk
        try:
            contact = await self.ami.variable(f"PJSIP_AOR({name},contact)") if name else ""
            seen = rules.trunk(await self.ami.variable(f"PJSIP_CONTACT({contact},status)") if contact else "")
        except AmiAway as error:
            self.trunk.degraded(f"not seen: AMI gave {error}")
            return
        metrics.TRUNK_REACHABLE.set({Trunk.REACHABLE: 1.0, Trunk.UNREACHABLE: 0.0}.get(seen, math.nan))
        if seen is Trunk.UNREACHABLE:
            self.trunk.degraded("the carrier does not answer: no call can come in")
        else:
            self.trunk.well(
                "the carrier answers" if seen is Trunk.REACHABLE else "not watched: no trunk_contact is set"
            )
        if seen is not self._trunk:
            (log.error if seen is Trunk.UNREACHABLE else log.info)(f"trunk_{seen.value}")
        self._trunk = seen

    def _look_at_clock(self) -> None:
        jump_s = self._wall.jump_s()
        if abs(jump_s) >= self.settings.clock_jump_s:
            metrics.CLOCK_JUMPS.inc()
            log.warning("clock_jumped", by_s=round(jump_s, 3))
        seen = watch.clock_synchronised()
        metrics.CLOCK_SYNCHRONISED.set(math.nan if seen is None else float(seen))
        if seen is False:
            self.clock.degraded("nothing keeps this machine's clock right: hours and terms depend on it")
        else:
            self.clock.well("kept right" if seen else "the kernel may not be asked here")
        if seen is not self._synchronised:
            (log.warning if seen is False else log.info)(
                "clock_not_synchronised" if seen is False else "clock_synchronised"
            )
        self._synchronised = seen
