"""Changes to practice and message rows inside a transaction that the verbs of `service.py` hold."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, tzinfo
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.clock import Clock
from ticket_core.codes import new_code
from ticket_core.model import Channel, Closure, MessageState, PracticeState
from ticket_core.rules import WorkingDay, check_closure, next_interval
from ticket_core.states import CLOCK, MESSAGE_STEPS, PRACTICE_STEPS
from ticket_core.store import ClockRow, CodeRow, HistoryRow, MessageRow, PracticeRow

DRAWS = 20


class UnknownPractice(Exception):
    """No practice has this id: nothing was written."""


class UnknownMessage(Exception):
    """No message has this id: open it before it is filed or abandoned."""


class Changes:
    """One transaction's changes: rows are locked here, so that a change is judged on what is still true when it is written."""

    def __init__(
        self,
        session: AsyncSession,
        clock: Clock,
        working_day: WorkingDay,
        zone: tzinfo,
        draw: Callable[[], str] = new_code,
        at: datetime | None = None,
    ) -> None:
        self.session = session
        self.now: datetime = at or clock.now()
        self._working_day = working_day
        self._zone = zone
        self._draw = draw

    async def practice(self, practice_id: UUID) -> PracticeRow:
        """Lock and return a practice. Raises `UnknownPractice`."""
        query = select(PracticeRow).where(PracticeRow.id == practice_id).with_for_update()
        row = (await self.session.execute(query)).scalar_one_or_none()
        if row is None:
            raise UnknownPractice(f"no practice has the id {practice_id}")
        return row

    async def message(self, message_id: UUID) -> MessageRow:
        """Lock and return a message. Raises `UnknownMessage`."""
        query = select(MessageRow).where(MessageRow.id == message_id).with_for_update()
        row = (await self.session.execute(query)).scalar_one_or_none()
        if row is None:
            raise UnknownMessage(f"no message has the id {message_id}: open it first")
        return row

    async def open_practice(
        self,
        channel: Channel,
        language: str,
        caller: str | None,
        author: str,
        practice_id: UUID | None = None,
        code: str | None = None,
    ) -> PracticeRow:
        """Write a new practice under a code that no other one has: `code` when it was leased, else one that is drawn now."""
        row = PracticeRow(
            id=practice_id or uuid4(),
            code=code or (await self.draw_codes(1))[0],
            channel=channel,
            language=language,
            caller=caller,
            state=PracticeState.RECEIVED,
            opened_at=self.now,
            state_since=self.now,
            # The number is the only address a machine can know of; a person who hears another one clears the flag.
            no_reply_address=caller is None,
            history=[],
            clock=[],
        )
        self.session.add(row)
        self._set_clock(row, PracticeState.RECEIVED, "received")
        self.note(row, author, "received", channel.value)
        await self.session.flush()
        return row

    async def draw_codes(self, count: int, holder: str | None = None) -> list[str]:
        """Draw codes that were never drawn before; `holder` has them from now on."""
        drawn: list[str] = []
        for _ in range(DRAWS):
            wanted = dict.fromkeys(self._draw() for _ in range(count - len(drawn)))
            rows = [{"code": code, "holder": holder, "drawn_at": self.now} for code in wanted]
            query = insert(CodeRow).values(rows).on_conflict_do_nothing(index_elements=["code"])
            drawn += (await self.session.execute(query.returning(CodeRow.code))).scalars()
            if len(drawn) == count:
                return drawn
        raise RuntimeError(f"{DRAWS} draws in a row found too few free codes: the source of random numbers is broken")

    def step(
        self, row: PracticeRow, to: PracticeState, reason: str, author: str, closure: Closure | None = None
    ) -> None:
        """Take a practice one step of the table on. Raises `IllegalStep` or `ValueError` before anything is changed."""
        PRACTICE_STEPS.check(row.state, to)
        check_closure(to, closure)
        self._set_clock(row, to, reason)
        self.note(row, author, step_name(row.state, to), reason)
        row.state, row.closure, row.state_since = to, closure, self.now
        if to is PracticeState.ANSWERED:
            row.answered_at = self.now
        elif to is PracticeState.IN_PROGRESS:
            row.answered_at = None

    def _set_clock(self, row: PracticeRow, to: PracticeState, reason: str) -> None:
        state = CLOCK[to]
        if row.clock and row.clock[-1].state is state:
            return
        past = []
        if row.clock:
            row.clock[-1].ends = self.now
            past = [interval.value() for interval in row.clock]
        opened = next_interval(past, state, self.now, reason, self._zone, self._working_day)
        row.clock.append(ClockRow(state=state, starts=opened.starts, reason=reason, due_on=opened.due_on))

    def note(self, row: PracticeRow, author: str, what: str, reason: str) -> None:
        """Add to a practice's history."""
        row.history.append(HistoryRow(at=self.now, author=author, what=what, reason=reason))

    def move(self, row: MessageRow, to: MessageState, reason: str | None = None) -> None:
        """Take a message one step of the table on; who held it holds it no longer. Raises `IllegalStep`."""
        MESSAGE_STEPS.check(row.state, to)
        row.state, row.reason, row.worker, row.lease_until = to, reason, None, None


def step_name(state: PracticeState, to: PracticeState) -> str:
    """How a step is called in the history."""
    return f"{state.value} -> {to.value}"
