"""Brings the operators' rows to the board as they change, and remembers them on the disk for a start without PostgreSQL."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from foundation import logs
from foundation.disk import replace_file
from foundation.patience import within
from queue_manager.model import Duty, Operator
from queue_manager.settings import QueueSettings
from queue_manager.store import Duties

log = logs.get(__name__)


@dataclass
class DutyWatch:
    """`changed` is told each row that is new or has changed. A row that the board itself asked for is one of them, and changes nothing."""

    duties: Duties
    settings: QueueSettings
    remembered: Path
    changed: Callable[[Operator], None]
    _seen: dict[str, Operator] = field(default_factory=dict)

    async def look(self) -> None:
        """One look. While PostgreSQL is away what was seen last goes on."""
        try:
            rows = await within(self.duties.all(), self.settings.rows_within_s)
        except (SQLAlchemyError, OSError) as error:
            log.warning("rows_away", **logs.fault(error))
            rows = [] if self._seen else _recall(self.remembered)
        if self._take(rows):
            try:
                await asyncio.to_thread(_remember, self.remembered, list(self._seen.values()))
            except OSError as error:
                # A full disk: what is remembered is older, and the board knows all the same.
                log.error("rows_not_remembered", **logs.fault(error))

    async def set(self, number: str, duty: Duty, reason: str) -> None:
        """Write what an operator does from now on. It is told also where the row said so already: the board may think otherwise.

        Raises what PostgreSQL raises while it is away; TimeoutError where it is frozen.
        """
        await within(self.duties.set(number, duty, reason), self.settings.rows_within_s)
        self._seen.pop(number, None)
        await self.look()

    def _take(self, rows: Iterable[Operator]) -> bool:
        new = [row for row in rows if self._seen.get(row.number) != row]
        for row in new:
            self._seen[row.number] = row
            self.changed(row)
        return bool(new)


def _remember(path: Path, operators: list[Operator]) -> None:
    rows = [[o.number, o.interface, o.duty.value, o.since.isoformat(), o.reason] for o in operators]
    replace_file(path, json.dumps(rows))


def _recall(path: Path) -> list[Operator]:
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return [
            Operator(number, interface, Duty(duty), datetime.fromisoformat(since), reason)
            for number, interface, duty, since, reason in rows
        ]
    except (OSError, ValueError, TypeError):
        return []
