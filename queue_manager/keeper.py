"""Keeps the fallback ready: what the rows say, Asterisk holds, also while one of the two is away for a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from datetime import date
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from dialplan.calendar import Calendar
from dialplan.dated import dated_hours
from dialplan.model import Override
from dialplan.store import CalendarStore
from foundation import logs
from foundation.clock import Clock
from foundation.health import Check
from foundation.patience import within
from foundation.periodic import wait
from pbx.ami.client import Ami, AmiError
from pbx.ami.settings import AmiSettings
from queue_manager.asterisk import AsteriskCopies
from queue_manager.model import Wanted
from queue_manager.settings import QueueSettings
from queue_manager.store import Duties

log = logs.get(__name__)


class Rows:
    """What the rows say now. The dated hours are computed again only when an override or the day has changed."""

    def __init__(self, duties: Duties, calendar: CalendarStore, clock: Clock) -> None:
        self._duties = duties
        self._calendar = calendar
        self._clock = clock
        self._computed: tuple[date, tuple[Override, ...], Mapping[str, str]] | None = None

    async def wanted(self) -> Wanted:
        """Raises `SQLAlchemyError` or `OSError` while PostgreSQL is away."""
        operators = await self._duties.on_duty()
        calendar = await self._calendar.load()
        return Wanted(frozenset(operator.interface for operator in operators), self._dated(calendar))

    def _dated(self, calendar: Calendar) -> Mapping[str, str]:
        today = self._clock.now().astimezone(calendar.zone).date()
        if self._computed is None or self._computed[:2] != (today, calendar.overrides):
            self._computed = today, calendar.overrides, dated_hours(calendar, today)
        return self._computed[2]


class Keeper:
    """Looks at the rows every `look_s` and at Asterisk's copies when a row changed, on a connection, and every `sweep_s`.

    While PostgreSQL is away Asterisk is kept at what the rows last said; before they have said anything it keeps what it has.
    """

    def __init__(
        self,
        wanted: Callable[[], Coroutine[Any, Any, Wanted]],
        ami: AmiSettings,
        settings: QueueSettings,
        clock: Clock,
        check: Check,
    ) -> None:
        self._wanted = wanted
        self._ami = ami
        self._settings = settings
        self._clock = clock
        self._check = check
        self._known: Wanted | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Keep it ready until `stop`. Asterisk or PostgreSQL away is normal: it waits, and catches up."""
        while not stop.is_set():
            try:
                async with Ami.connected(self._ami) as ami:
                    log.info("ami_connected")
                    await self._keep(ami, stop)
            except AmiError as error:
                log.warning("ami_away", reason=str(error))
                self._check.waiting("AMI is away: Asterisk keeps the operators and hours that it has")
                await wait(stop, self._settings.retry_s)

    async def _keep(self, ami: Ami, stop: asyncio.Event) -> None:
        copies, told, sweep_at = AsteriskCopies(ami), None, 0.0
        while not stop.is_set():
            answered, wanted = await self._read(), self._known
            if wanted is not None and (wanted != told or self._clock.monotonic() >= sweep_at):
                await copies.bring_to(wanted)
                told, sweep_at = wanted, self._clock.monotonic() + self._settings.sweep_s
            if ami.lost:
                raise AmiError("the connection to AMI went away")
            if answered:
                self._check.well("Asterisk holds the operators on duty and the dated hours")
            await wait(stop, self._settings.look_s if answered else self._settings.retry_s)

    async def _read(self) -> bool:
        """False while PostgreSQL is away, or frozen, which only a limit of our own can tell."""
        try:
            self._known = await within(self._wanted(), self._settings.rows_within_s)
        except (SQLAlchemyError, OSError) as error:
            log.warning("rows_away", **logs.fault(error))
            self._check.waiting("PostgreSQL is away: Asterisk keeps the operators and hours that it has")
            return False
        return True
