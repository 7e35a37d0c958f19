"""The calendar in force as it was last known: while the database is away the line keeps its hours."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from time import monotonic

from dialplan.calendar import Calendar
from dialplan.model import Override
from dialplan.settings import HoursSettings
from dialplan.store import CalendarStore
from foundation import logs
from foundation.database import is_away
from foundation.disk import replace_file
from foundation.patience import within

log = logs.get(__name__)

WITHIN_S = 1.0
NOT_AGAIN_FOR_S = 5.0


class KnownCalendar:
    """Reads the store, and remembers what it said, also over a restart, in `file`."""

    def __init__(self, store: CalendarStore, settings: HoursSettings, file: Path) -> None:
        self._store = store
        self._settings = settings
        self._file = file
        self._overrides = self._remembered()
        self._ask_again_at = 0.0

    async def load(self) -> Calendar:
        """The calendar in force; the one last known while the store is away."""
        if monotonic() >= self._ask_again_at:
            try:
                calendar = await within(self._store.load(), WITHIN_S)
            except Exception as error:
                if not is_away(error):
                    raise
                # A caller waits for this: a database that is away is not asked again for each of them.
                self._ask_again_at = monotonic() + NOT_AGAIN_FOR_S
                log.warning("calendar_from_memory", **logs.fault(error))
            else:
                self._remember(calendar.overrides)
                return calendar
        return self._settings.calendar(self._overrides)

    def _remember(self, overrides: tuple[Override, ...]) -> None:
        if overrides == self._overrides:
            return
        self._overrides = overrides
        rows = [
            {"kind": o.kind, "starts": o.starts.isoformat(), "ends": o.ends.isoformat(), "reason": o.reason, "author": o.author}
            for o in overrides
        ]  # fmt: skip
        try:
            replace_file(self._file, json.dumps(rows))
        except OSError as error:
            log.error("calendar_not_remembered", **logs.fault(error))

    def _remembered(self) -> tuple[Override, ...]:
        if not self._file.exists():
            return ()
        try:
            rows = json.loads(self._file.read_text("utf-8"))
            return tuple(
                Override(
                    row["kind"], datetime.fromisoformat(row["starts"]), datetime.fromisoformat(row["ends"]),
                    row["reason"], row["author"],
                )
                for row in rows
            )  # fmt: skip
        except (ValueError, KeyError, TypeError) as error:
            log.error("remembered_calendar_unreadable", **logs.fault(error))
            return ()
