"""What practices are made with in tests: the service's own calendar, and a key for erased codes."""

from __future__ import annotations

from uuid import UUID

from dialplan.calendar import Calendar
from ticket_core.changes import Verbs
from ticket_core.code_book import CodeBook
from ticket_core.model import Closure, Practice, PracticeState
from ticket_core.terms import Counting

COUNTING = Counting(Calendar().is_working_day)
CODES = CodeBook(b"a key for tests alone")


async def step(
    verbs: Verbs, practice_id: UUID, to: PracticeState, reason: str, author: str, closure: Closure | None = None
) -> Practice:
    """One step of the table, without the letters that go with it."""
    async with verbs._changes() as changes:
        row = await changes.practice(practice_id)
        changes.step(row, to, reason, author, closure)
        return row.value()
