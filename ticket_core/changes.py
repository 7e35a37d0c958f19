"""Changes to practice and message rows inside a transaction that the verbs of the services hold."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.clock import Clock
from foundation.database import Database
from ticket_core import chain
from ticket_core.code_book import CodeBook
from ticket_core.message_store import MessageRow
from ticket_core.model import Closure, MessageState, PracticeClass, PracticeState, Request, RequesterType
from ticket_core.people.store import OfficeRow
from ticket_core.replies.rules import many_lines
from ticket_core.rules import check_closure
from ticket_core.states import CLOCK, MESSAGE_STEPS, PRACTICE_STEPS
from ticket_core.store import ClockRow, CodeRow, ErasedCodeRow, HistoryRow, PracticeRow
from ticket_core.terms import Counting, next_interval, term_days

DRAWS = 20

CHANGES = ("received", "taken", "corrected", "merged ", "erased")


class UnknownPractice(Exception):
    """No practice has this id: nothing was written."""


class UnknownMessage(Exception):
    """No message has this id: open it before it is filed or abandoned."""


class Conflict(Exception):
    """Somebody changed the practice since it was looked at: the text says who, when and what. Nothing was written; look again."""


class Verbs:
    """What every service over practices is made with: `counting` says how days of a term are counted, `codes` which codes may be drawn."""

    def __init__(self, database: Database, clock: Clock, counting: Counting, codes: CodeBook) -> None:
        self._database = database
        self._clock = clock
        self._counting = counting
        self._codes = codes

    @asynccontextmanager
    async def _changes(self, at: datetime | None = None) -> AsyncIterator[Changes]:
        async with self._database.session() as session:
            yield Changes(session, self._clock, self._counting, self._codes, at)


class Changes:
    """One transaction's changes: rows are locked here, so that a change is judged on what is still true when it is written."""

    def __init__(
        self, session: AsyncSession, clock: Clock, counting: Counting, codes: CodeBook, at: datetime | None = None
    ) -> None:
        self.session = session
        self.now: datetime = at or clock.now()
        self._counting = counting
        self._codes = codes

    async def practice(self, practice_id: UUID, version: int | None = None) -> PracticeRow:
        """Lock and return a practice. Raises `UnknownPractice`; `Conflict` when a person has changed it since `version`."""
        query = select(PracticeRow).where(PracticeRow.id == practice_id).with_for_update()
        row = (await self.session.execute(query)).scalar_one_or_none()
        if row is None:
            raise UnknownPractice(f"no practice has the id {practice_id}")
        if version is not None and row.version != version:
            last = next(entry for entry in reversed(row.history) if is_change(entry.what)).value()
            raise Conflict(
                f"this practice has changed since you looked at it: {last.author} at {last.at:%Y-%m-%d %H:%M:%S} UTC, {last.what}. "
                "Nothing of yours was written: look at it again."
            )
        return row

    async def message(self, message_id: UUID) -> MessageRow:
        """Lock and return a message. Raises `UnknownMessage`."""
        query = select(MessageRow).where(MessageRow.id == message_id).with_for_update()
        row = (await self.session.execute(query)).scalar_one_or_none()
        if row is None:
            raise UnknownMessage(f"no message has the id {message_id}: open it first")
        return row

    async def open_practice(
        self, request: Request, author: str, practice_id: UUID | None = None, code: str | None = None
    ) -> PracticeRow:
        """Write a new practice under a code that no other one has: `code` when it was leased, else one that is drawn now."""
        requester = request.requester
        practice_id = practice_id or uuid4()
        row = PracticeRow(
            id=practice_id,
            code=code or (await self.draw_codes(1))[0],
            channel=request.channel,
            kind=request.kind,
            language=request.language,
            caller=requester.phone,
            requester_type=requester.type,
            name=requester.name,
            email=requester.email,
            postal=requester.postal,
            fax=requester.fax,
            subject=request.subject,
            text=request.text,
            state=PracticeState.RECEIVED,
            opened_at=self.now,
            # A certified date a little ahead of our own clock: nothing counts from what is still to come.
            counts_from=min(request.counts_from or self.now, self.now),
            state_since=self.now,
            # The number is the only address a machine can know of; a person who hears another one clears the flag.
            no_reply_address=not requester.has_reply_address,
            office_id=await self._office_for(requester.type),
            exercise=request.exercise,
            version=0,
            history_length=0,
            history_head=chain.start(practice_id),
            history=[],
            clock=[],
        )
        self.session.add(row)
        self.set_clock(row, PracticeState.RECEIVED, "received", row.counts_from)
        self.note(row, author, "received", request.channel.value)
        await self.session.flush()
        return row

    async def _office_for(self, requester: RequesterType) -> UUID | None:
        """Citizens stay with the Contact Center, and so does who has no office of its own yet."""
        competent = OfficeRow.competent_for.contains([requester.value])
        query = (
            select(OfficeRow.id)
            .where(or_(OfficeRow.contact_center, competent))
            .order_by(OfficeRow.contact_center, OfficeRow.name)
        )
        return (await self.session.execute(query.limit(1))).scalar_one_or_none()

    async def draw_codes(self, count: int, holder: str | None = None) -> list[str]:
        """Draw codes that were never drawn before, nor erased; `holder` has them from now on."""
        drawn: list[str] = []
        for _ in range(DRAWS):
            wanted = dict.fromkeys(self._codes.draw() for _ in range(count - len(drawn)))
            free = await self.never_erased(list(wanted))
            if not free:
                continue
            rows = [{"code": code, "holder": holder, "drawn_at": self.now} for code in free]
            query = insert(CodeRow).values(rows).on_conflict_do_nothing(index_elements=["code"])
            drawn += (await self.session.execute(query.returning(CodeRow.code))).scalars()
            if len(drawn) == count:
                return drawn
        raise RuntimeError(f"{DRAWS} draws in a row found too few free codes: the source of random numbers is broken")

    async def never_erased(self, codes: list[str]) -> list[str]:
        """Those of the codes whose practice was not erased."""
        digests = {self._codes.digest(code): code for code in codes}
        query = select(ErasedCodeRow.digest).where(ErasedCodeRow.digest.in_(digests))
        erased = {digests[digest] for digest in (await self.session.execute(query)).scalars()}
        return [code for code in codes if code not in erased]

    async def erase_code(self, row: PracticeRow) -> None:
        """Forget a practice's code for ever, but for what keeps it from being drawn again."""
        if row.code is None:
            return
        digest = self._codes.digest(row.code)
        await self.session.execute(insert(ErasedCodeRow).values(digest=digest, erased_at=self.now))
        drawn = await self.session.get(CodeRow, row.code)
        if drawn is not None:
            await self.session.delete(drawn)
        row.code, row.erased_at = None, self.now

    def step(
        self, row: PracticeRow, to: PracticeState, reason: str, author: str, closure: Closure | None = None
    ) -> None:
        """Take a practice one step of the table on. Raises `IllegalStep` or `ValueError` before anything is changed."""
        PRACTICE_STEPS.check(row.state, to)
        check_closure(to, closure)
        reason = many_lines(reason)
        self.set_clock(row, to, reason, self.now)
        self.note(row, author, step_name(row.state, to), reason)
        row.state, row.closure, row.state_since = to, closure, self.now
        row.version += 1
        if to is PracticeState.ANSWERED:
            row.answered_at = self.now
        elif to is PracticeState.IN_PROGRESS:
            row.answered_at = None

    def set_clock(self, row: PracticeRow, to: PracticeState, reason: str, at: datetime) -> None:
        """Let the clock do what it does in `to`, under the term in force. No interval begins where nothing changes."""
        state, term = CLOCK[to], term_days(row.channel, row.practice_class)
        if row.clock and (row.clock[-1].state, row.clock[-1].term_days) == (state, term):
            return
        past = []
        if row.clock:
            # What was kept aside while the database was away may come after what happened later.
            row.clock[-1].ends = at = max(at, row.clock[-1].starts)
            past = [interval.value() for interval in row.clock]
        opened = next_interval(past, state, at, reason, term, self._counting)
        row.clock.append(
            ClockRow(state=state, starts=opened.starts, reason=reason, due_on=opened.due_on, term_days=term)
        )
        row.due_on = opened.due_on

    def classify(self, row: PracticeRow, practice_class: PracticeClass, author: str, reason: str) -> None:
        """Say how hard the answer is: the term is computed again from the clock's ledger."""
        before = row.practice_class.value if row.practice_class else "unclassified"
        row.practice_class = practice_class
        self.set_clock(row, row.state, f"class {practice_class.value}", self.now)
        self.note(row, author, f"class {before} -> {practice_class.value}", reason)
        row.version += 1

    def note(self, row: PracticeRow, author: str, what: str, reason: str) -> None:
        """Add to a practice's history, chained to the entry before."""
        reason = many_lines(reason)
        link = chain.make_link(row.id, row.history_head, row.history_length + 1, self.now, author, what, reason)
        row.history.append(HistoryRow(**vars(link)))
        row.history_length, row.history_head = link.seq, link.digest

    def move(self, row: MessageRow, to: MessageState, reason: str | None = None) -> None:
        """Take a message one step of the table on; who held it holds it no longer. Raises `IllegalStep`."""
        MESSAGE_STEPS.check(row.state, to)
        row.state, row.reason, row.worker, row.lease_until = to, reason, None, None


def is_change(what: str) -> bool:
    """Whether a history's entry is a change that people must know of before they make another: not a letter, nor a transcript."""
    return " -> " in what or what.startswith(CHANGES)


def step_name(state: PracticeState, to: PracticeState) -> str:
    """How a step is called in the history."""
    return f"{state.value} -> {to.value}"
