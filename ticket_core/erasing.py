"""How a practice is forgotten, inside a transaction that holds its row: alone, or with those that were merged into it."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import or_, select, update

from foundation import audit
from ticket_core.changes import Changes, Conflict, UnknownPractice
from ticket_core.edits import Edit, without_person
from ticket_core.letters import Letters
from ticket_core.model import Closure, PracticeState
from ticket_core.store import HistoryRow, PracticeRow


async def hold_family(changes: Changes, practice_id: UUID, version: int | None) -> list[PracticeRow]:
    """A practice and those that were merged into it, locked, it first. Raises `UnknownPractice` and `Conflict`."""
    family = or_(PracticeRow.id == practice_id, PracticeRow.merged_into == practice_id)
    # In the order of `merge`, so that neither waits for the other.
    held = select(PracticeRow).where(family).order_by(PracticeRow.id).with_for_update()
    rows = list((await changes.session.execute(held)).scalars())
    if practice_id not in {row.id for row in rows}:
        raise UnknownPractice(f"no practice has the id {practice_id}")
    first = await changes.practice(practice_id, version)
    now = set((await changes.session.execute(select(PracticeRow.id).where(family))).scalars())
    if now != {row.id for row in rows}:
        raise Conflict(
            "another practice was merged into this one in the same instant. Nothing was erased: look at it again."
        )
    return [first, *(row for row in rows if row.id != practice_id)]


async def forget(changes: Changes, letters: Letters, row: PracticeRow, author: str, reason: str) -> bool:
    """Empty what says who asked and what, code and history included. False for one that was erased before: it stays as it is."""
    if row.erased_at:
        return False
    if row.state is not PracticeState.CLOSED:
        changes.step(row, PracticeState.CLOSED, "erased", author, Closure.WITHDRAWN)
    Edit(requester=without_person(row.requester()), subject="", text="").apply(row)
    for interval in row.clock:
        # It says which documents, or whose opinion, was asked for.
        interval.reason = ""
    await changes.erase_code(row)
    await letters.erased(changes, row)
    await changes.session.flush()
    emptied = update(HistoryRow).where(HistoryRow.practice_id == row.id)
    await changes.session.execute(emptied.values(author=None, reason=None, salt=None))
    changes.note(row, author, "erased", reason)
    row.version += 1
    audit.note(changes.session, audit.Entry(changes.now, author, audit.Act.ERASURE, "practice", row.id))
    return True
