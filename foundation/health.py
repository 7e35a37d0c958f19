"""How well a process does its job, in named checks. It is written by whoever knows and read by the monitor's own thread."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from threading import Lock
from typing import Any

from foundation import logs
from foundation.clock import Clock, SystemClock

log = logs.get(__name__)

STALLED_AFTER_S = 3.0
"""A loop that has not turned for longer serves nobody. A busy one is late by far less: it beats every half second."""

LOOP, LIFE = "loop", "life"


class Standing(StrEnum):
    """How one thing stands.

    `degraded`: something is away, and callers are served. `waiting`: not serving yet, or no more, and no fault.
    `failing`: callers are not served.
    """

    WELL = "well"
    DEGRADED = "degraded"
    WAITING = "waiting"
    FAILING = "failing"


ORDER = (Standing.WELL, Standing.DEGRADED, Standing.WAITING, Standing.FAILING)


@dataclass(frozen=True)
class Seen:
    """What a check says: a plain sentence without a caller's data, and since when the standing is what it is."""

    standing: Standing
    says: str
    since: datetime


class Check:
    """One named thing a process depends on. Safe to set in any thread."""

    def __init__(self, name: str, waiting_for: str, clock: Clock | None = None) -> None:
        self.name = name
        self._clock = clock or SystemClock()
        self._lock = Lock()
        self._seen = Seen(Standing.WAITING, waiting_for, self._clock.now())

    @property
    def seen(self) -> Seen:
        """What it says now."""
        return self._seen

    def well(self, says: str) -> None:
        """All is as it should be."""
        self._set(Standing.WELL, says)

    def degraded(self, says: str) -> None:
        """Something is away, and callers are served all the same."""
        self._set(Standing.DEGRADED, says)

    def waiting(self, says: str) -> None:
        """Not serving yet, or no more; nothing is wrong."""
        self._set(Standing.WAITING, says)

    def failing(self, says: str) -> None:
        """The process cannot do its job."""
        self._set(Standing.FAILING, says)

    def _set(self, standing: Standing, says: str) -> None:
        with self._lock:
            since = self._seen.since if standing is self._seen.standing else self._clock.now()
            self._seen = Seen(standing, says, since)


class Health:
    """A process's checks, and whether its event loop turns."""

    def __init__(self, process: str, clock: Clock | None = None) -> None:
        self.process = process
        self._clock = clock or SystemClock()
        self._started = self._clock.now()
        self._began = self._beaten = self._clock.monotonic()
        self._checks: dict[str, Check] = {}
        self._looks: list[Callable[[], None]] = []
        self.life = self.check(LIFE, "starting")

    def check(self, name: str, waiting_for: str) -> Check:
        """A new check, waiting for what the sentence says. Until it is well or degraded the process is not ready."""
        check = self._checks[name] = Check(name, waiting_for, self._clock)
        return check

    def at_each_beat(self, look: Callable[[], None]) -> None:
        """Call this in the event loop, twice a second: the loop's own data are not looked at from another thread."""
        self._looks.append(look)

    def beat(self) -> None:
        """The event loop turns."""
        self._beaten = self._clock.monotonic()
        for look in self._looks:
            try:
                look()
            except Exception as error:
                log.error("look_failed", **logs.fault(error))

    @property
    def beat_age_s(self) -> float:
        """Seconds since the loop was last seen to turn."""
        return self._clock.monotonic() - self._beaten

    def seen(self) -> dict[str, Seen]:
        """Every check by name, the loop's among them."""
        return {LOOP: self._loop(), **{name: check.seen for name, check in list(self._checks.items())}}

    def _loop(self) -> Seen:
        now, age_s = self._clock.now(), self.beat_age_s
        if age_s > STALLED_AFTER_S:
            return Seen(Standing.FAILING, f"the event loop has not turned for {age_s:.0f} s", now)
        return Seen(Standing.WELL, "turning", self._started)

    def report(self) -> dict[str, Any]:
        """The page `/health`: JSON values; times are ISO 8601, UTC."""
        seen = self.seen()
        return {
            "process": self.process,
            "standing": worst(check.standing for check in seen.values()).value,
            "pid": os.getpid(),
            "version": _version(),
            "started": self._started.isoformat(timespec="milliseconds"),
            "uptime_s": round(self._clock.monotonic() - self._began, 1),
            "checks": {
                name: {
                    "standing": check.standing.value,
                    "says": check.says,
                    "since": check.since.isoformat(timespec="milliseconds"),
                }
                for name, check in seen.items()
            },
        }


def worst(standings: Iterable[Standing]) -> Standing:
    """The worst of several; well when there is none."""
    return max(standings, key=ORDER.index, default=Standing.WELL)


def does_its_job(standing: Standing) -> bool:
    """What `/health` answers by: a process that still starts is not sick."""
    return standing is not Standing.FAILING


def would_serve(standing: Standing) -> bool:
    """What `/ready` answers by: a call that comes now would be taken."""
    return standing in (Standing.WELL, Standing.DEGRADED)


@cache
def _version() -> str:
    try:
        return version("centralino")
    except PackageNotFoundError:
        return "not installed"
