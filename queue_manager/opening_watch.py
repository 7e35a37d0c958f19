"""Tells the board whether the service is open: citizens are called back in opening hours only."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from dialplan.calendar import Calendar
from foundation import logs
from foundation.clock import Clock
from foundation.patience import within

log = logs.get(__name__)


@dataclass
class OpeningWatch:
    """`load` gives the calendar in force; `last` is the one that holds while PostgreSQL is away. `told` is told the answer."""

    load: Callable[[], Coroutine[Any, Any, Calendar]]
    last: Calendar
    within_s: float
    clock: Clock
    told: Callable[[bool], None]

    async def look(self) -> None:
        """One look."""
        try:
            self.last = await within(self.load(), self.within_s)
        except (SQLAlchemyError, OSError) as error:
            log.warning("calendar_away", **logs.fault(error))
        self.told(self.last.is_open(self.clock.now()))
