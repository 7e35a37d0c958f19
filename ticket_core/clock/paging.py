"""A long list worked through in pages: one practice a transaction, so that one that is broken stops nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar
from uuid import UUID

from foundation import logs
from foundation.database import is_away
from foundation.steps import IllegalStep
from ticket_core.changes import Conflict
from ticket_core.clock.model import Tally
from ticket_core.clock.seat import Confirm, SeatLost

log = logs.get(__name__)

AWAY_AFTER = 3
"""So many in a row that the database did not take: it is away, and not they broken."""


class Found(Protocol):
    """One thing of a page; `practice_id` is None for a message that no practice has."""

    @property
    def practice_id(self) -> UUID | None:
        """Whose it is: the log names it."""
        ...


Item = TypeVar("Item", bound=Found)
Look = Callable[[Item | None, int], Awaitable[Sequence[Item]]]
Step = Callable[[Item], Awaitable[bool]]


@dataclass(frozen=True)
class Pages:
    """How to work through: `confirm` is asked before each step, and raises `SeatLost` when no step may be made any more."""

    confirm: Confirm
    size: int
    pause_s: float

    async def through(self, duty: str, look: Look[Item], step: Step[Item]) -> Tally:
        """Do `step` to all that `look(last, size)` finds, in its order, beginning after `last`. A step tells whether it did anything.

        Raises `SeatLost`, and what the database says when it is away.
        """
        total, last, away = Tally(), None, 0
        while page := await look(last, self.size):
            for item in page:
                await self.confirm()
                try:
                    total += Tally(done=int(await step(item)))
                    away = 0
                except (Conflict, IllegalStep):
                    # A person was quicker: what they did holds.
                    log.info("overtaken", duty=duty, practice_id=str(item.practice_id))
                except SeatLost:
                    raise
                except Exception as error:
                    away = away + 1 if is_away(error) else 0
                    if away == AWAY_AFTER:
                        raise
                    log.error(
                        "practice_not_dealt_with", duty=duty, practice_id=str(item.practice_id), **logs.fault(error)
                    )
                    total += Tally(broken=1)
            last = page[-1]
            await asyncio.sleep(self.pause_s)
        return total
