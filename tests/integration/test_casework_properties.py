"""Whatever is done, in whatever order, on a real PostgreSQL: no illegal state, nothing changed by what is refused, every sum right."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID, uuid4

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from foundation.steps import IllegalStep
from tests.clocks import HeldClock
from tests.integration.practice_laws import Told, check, tables
from tests.integration.worlds import BOUNDED, World, a_world, awaited
from tests.practices import CODES, COUNTING
from ticket_core.casework import Casework, NoReplyAddress, Taken
from ticket_core.changes import Conflict
from ticket_core.edits import Edit
from ticket_core.events.model import EventKind
from ticket_core.events.service import Events
from ticket_core.histories import Histories
from ticket_core.model import (
    Channel,
    ClockState,
    Closure,
    Practice,
    PracticeClass,
    PracticeState,
    Request,
    Requester,
    RequesterType,
)
from ticket_core.replies.service import Replies

T = TypeVar("T")
S = PracticeState

OPEN = frozenset({S.RECEIVED, S.IN_PROGRESS})
WAITING = frozenset({S.AWAITING_ADMINISTRATION, S.AWAITING_DOCUMENTS})
DONE = frozenset({S.ANSWERED, S.CLOSED})

WITH_EMAIL = Requester(name="Anna Verdi", email="anna.verdi@example.org")
REQUESTERS = st.sampled_from([WITH_EMAIL, Requester(), Requester(RequesterType.COMPANY, "Ente", "ente@example.org")])
WHICH = st.integers(0, 9)
HOURS = st.sampled_from([-72, -1, 0, 1])
OPERATORS = st.sampled_from(["anna", "bruno"])
STALE = st.sampled_from([False, False, False, True])
CLOSURES = st.sampled_from(Closure)


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    with a_world(database_url) as world:
        yield world


class CaseworkMachine(RuleBasedStateMachine):
    """Every verb of `Casework` in any order, on a few practices, beside a book that is kept by hand."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.clock = HeldClock()
        database = self.world.database
        self.casework = Casework(database, self.clock, COUNTING, CODES, Replies(database, self.clock))
        self.book: dict[UUID, Told] = {}
        # An open event's name is its own, also among those of other examples.
        declared = Events(database, self.clock).declare(
            f"Terremoto {uuid4()}", EventKind.EARTHQUAKE, self.clock.now(), "felt widely", "rossi"
        )
        self.event = self.world.do(declared)
        self.seen: dict[str, Any] = self.look()

    # -- what every step is measured with

    def pick(self, which: int) -> UUID:
        return list(self.book)[which % len(self.book)]

    def look(self) -> dict[str, Any]:
        """Every row there is now about the practices of this example."""
        return self.world.do(tables(self.world.database, list(self.book)))

    def version_of(self, practice_id: UUID) -> int:
        [row] = [row for row in self.seen["practice"] if row["id"] == str(practice_id)]
        version: int = row["version"]
        return version

    def refused(self, act: Awaitable[object], expected: type[Exception]) -> None:
        """The verb raises this, and not one row is another."""
        with pytest.raises(expected):
            self.world.do(awaited(act))
        assert self.look() == self.seen

    def done(self, act: Awaitable[T]) -> T:
        """The verb does it, and every practice is legal afterwards."""
        result = self.world.do(awaited(act))
        before, self.seen = self.seen, self.look()
        _check_versions(before["practice"] or [], self.seen["practice"])
        self.world.do(check(self.world.database, self.book, self.clock.now()))
        return result

    def repeated(self, act: Callable[[], Awaitable[T]]) -> T:
        """The verb does it, and again it changes nothing."""
        result = self.done(act())
        before = self.seen
        assert self.done(act()) == result
        assert self.seen == before
        return result

    def step(
        self,
        which: int,
        act: Callable[[UUID, int], Awaitable[Practice]],
        stale: bool,
        refusal: Callable[[Told], type[Exception] | None],
        to: PracticeState | None = None,
    ) -> None:
        """One verb on one practice: refused as the book says, or done and where the book says."""
        practice_id = self.pick(which)
        told, version = self.book[practice_id], self.version_of(practice_id)
        expected = Conflict if stale else refusal(told)
        if expected is not None:
            self.refused(act(practice_id, version - stale), expected)
            return
        if to is not None:
            told.moved(to, self.clock.now())
        practice = self.done(act(practice_id, version))
        assert practice.state is told.state
        assert practice.version >= version + (to is not None)

    # -- what may happen

    @initialize(requester=REQUESTERS, channel=st.sampled_from(Channel), counts_from=HOURS)
    def first(self, requester: Requester, channel: Channel, counts_from: int) -> None:
        self.open(requester, channel, counts_from)

    @precondition(lambda self: len(self.book) < 3)
    @rule(requester=REQUESTERS, channel=st.sampled_from(Channel), counts_from=HOURS)
    def open(self, requester: Requester, channel: Channel, counts_from: int) -> None:
        practice_id, now = uuid4(), self.clock.now()
        since = now + timedelta(hours=counts_from)
        request = Request(channel=channel, requester=requester, subject="Un muro", text="Cade.", counts_from=since)
        # A certified date a little ahead of our own clock is no reason to count from what is still to come.
        since = min(since, now)
        email = requester.email is not None
        self.book[practice_id] = Told(S.RECEIVED, email, [(since, ClockState.RUNS)], counts_from=since)
        self.repeated(lambda: self.casework.open(request, "anna", practice_id))

    @rule(hours=st.integers(0, 24 * 50))
    def time_passes(self, hours: int) -> None:
        self.clock.move(hours=hours)

    @rule(which=WHICH, operator=OPERATORS, stale=STALE)
    def take(self, which: int, operator: str, stale: bool) -> None:
        told = self.book[self.pick(which)]
        taken = told.operator not in (None, operator)
        to = S.IN_PROGRESS if told.state is S.RECEIVED and not taken and not stale else None
        if not taken and not stale and not told.erased:
            told.operator = operator
        self.step(
            which, lambda one, seen: self.casework.take(one, operator, seen), stale,
            lambda told: IllegalStep if told.erased else Taken if taken else None, to,
        )  # fmt: skip

    @rule(which=WHICH, operator=st.none() | OPERATORS, stale=STALE)
    def assign(self, which: int, operator: str | None, stale: bool) -> None:
        told = self.book[self.pick(which)]
        if not stale and not told.erased:
            told.operator = operator
        self.step(
            which, lambda one, seen: self.casework.assign(one, "carla", "so", operator, None, seen), stale, _erased
        )  # fmt: skip

    @rule(which=WHICH, hard=st.sampled_from(PracticeClass), stale=STALE)
    def classify(self, which: int, hard: PracticeClass, stale: bool) -> None:
        self.step(which, lambda one, seen: self.casework.classify(one, hard, "anna", "", seen), stale, _erased)

    @rule(which=WHICH, channel=st.sampled_from(Channel), requester=REQUESTERS, stale=STALE)
    def correct(self, which: int, channel: Channel, requester: Requester, stale: bool) -> None:
        told = self.book[self.pick(which)]
        edit = Edit(channel=channel, requester=requester, text="Il muro cade.")
        if not stale and not told.erased:
            told.email = requester.email is not None
        self.step(
            which, lambda one, seen: self.casework.correct(one, edit, "anna", "so", seen), stale,
            _erased,
        )  # fmt: skip

    @rule(which=WHICH, documents=st.booleans(), stale=STALE)
    def suspend(self, which: int, documents: bool, stale: bool) -> None:
        ask = self.casework.ask_documents if documents else self.casework.ask_administration
        to = S.AWAITING_DOCUMENTS if documents else S.AWAITING_ADMINISTRATION
        self.step(
            which, lambda one, seen: ask(one, "una fotografia", "anna", seen), stale, _unless(S.IN_PROGRESS), to
        )  # fmt: skip

    @rule(which=WHICH, stale=STALE)
    def resume(self, which: int, stale: bool) -> None:
        act = self.casework.resume
        self.step(which, lambda one, seen: act(one, "here", "anna", seen), stale, _unless(*WAITING), S.IN_PROGRESS)

    @rule(which=WHICH, by=st.sampled_from([Channel.EMAIL, Channel.EMAIL, Channel.PHONE_CALL]), stale=STALE)
    def answer(self, which: int, by: Channel, stale: bool) -> None:
        def refusal(told: Told) -> type[Exception] | None:
            nowhere = by is Channel.EMAIL and not told.email and not told.erased
            return NoReplyAddress if nowhere else _unless(*OPEN)(told)

        act = self.casework.answer
        self.step(which, lambda one, seen: act(one, "È sicuro.", "anna", by, seen), stale, refusal, S.ANSWERED)

    @rule(which=WHICH, belongs=st.sampled_from([True, True, False]), stale=STALE)
    def put(self, which: int, belongs: bool, stale: bool) -> None:
        told, edit = self.book[self.pick(which)], Edit(event_id=self.event.id if belongs else None)
        if not stale and not told.erased:
            told.in_event = belongs
        self.step(which, lambda one, seen: self.casework.correct(one, edit, "anna", "so", seen), stale, _erased)

    @rule(which=WHICH)
    def answer_event(self, which: int) -> None:
        practice_id = self.pick(which)
        told, before = self.book[practice_id], self.seen
        answers = told.email and told.state in OPEN and told.in_event
        if answers:
            told.moved(S.ANSWERED, self.clock.now())
        assert self.done(self.casework.answer_event(practice_id, self.event, "Aperte.", "carla")) is answers
        assert answers or self.seen == before

    @rule(which=WHICH, closure=CLOSURES, stale=STALE)
    def close(self, which: int, closure: Closure, stale: bool) -> None:
        act = self.casework.close
        legal = _unless(*(set(S) - {S.CLOSED}))
        self.step(which, lambda one, seen: act(one, closure, "so", "anna", seen), stale, legal, S.CLOSED)

    @rule(which=WHICH, stale=STALE)
    def reopen(self, which: int, stale: bool) -> None:
        def refusal(told: Told) -> type[Exception] | None:
            return IllegalStep if told.erased or told.merged_into else _unless(*DONE)(told)

        act = self.casework.reopen
        self.step(which, lambda one, seen: act(one, "again", "anna", seen), stale, refusal, S.IN_PROGRESS)

    @rule(which=WHICH, other=WHICH, stale=STALE)
    def merge(self, which: int, other: int, stale: bool) -> None:
        practice_id, into = self.pick(which), self.pick(other)
        told, kept = self.book[practice_id], self.book[into]
        act = self.casework.merge(practice_id, into, "carla", "the same", self.version_of(practice_id) - stale)
        if practice_id == into:
            self.refused(act, ValueError)
        elif stale:
            self.refused(act, Conflict)
        elif kept.merged_into or kept.erased or told.merged_into not in (None, into):
            self.refused(act, IllegalStep)
        else:
            if told.state is not S.CLOSED:
                told.moved(S.CLOSED, self.clock.now())
            for one in self.book.values():
                one.merged_into = into if one.merged_into == practice_id else one.merged_into
            told.merged_into = into
            assert self.done(act).id == into

    @rule(which=WHICH, contact=st.sampled_from([UUID(int=1), UUID(int=2)]))
    def link_contact(self, which: int, contact: UUID) -> None:
        practice_id = self.pick(which)
        contact_id = UUID(int=practice_id.int ^ contact.int)
        act, now = self.casework.link_contact, self.clock.now()
        if self.book[practice_id].erased:
            self.refused(act(contact_id, practice_id, Channel.PHONE_CALL, "call", now, "anna"), IllegalStep)
            return
        self.repeated(lambda: act(contact_id, practice_id, Channel.PHONE_CALL, "call", now, "anna"))

    @rule(which=WHICH)
    def erase(self, which: int) -> None:
        practice_id = self.pick(which)
        along = [one for one, told in self.book.items() if told.merged_into == practice_id and not told.erased]
        self.forgotten(practice_id, *along)
        assert self.done(self.casework.erase(practice_id, "carla", "asked for")) == len(along)
        self.repeated(lambda: self.casework.erase(practice_id, "carla", "asked for"))

    @rule(which=WHICH)
    def erase_alone(self, which: int) -> None:
        practice_id = self.pick(which)
        self.forgotten(practice_id)
        self.repeated(lambda: self.casework.erase_alone(practice_id, "clock", "over"))

    def forgotten(self, *ids: UUID) -> None:
        """The book forgets these."""
        for told in (self.book[one] for one in ids):
            if not told.erased and told.state is not S.CLOSED:
                told.moved(S.CLOSED, self.clock.now())
            told.erased, told.email = True, False


def _erased(told: Told) -> type[Exception] | None:
    return IllegalStep if told.erased else None


def _check_versions(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> None:
    """Whatever a person changed of a practice has another version; none ever goes back. A contact and a letter change nothing of it."""
    now = {row["id"]: row for row in after}
    for row in before:
        changed = {name for name, value in row.items() if now[row["id"]][name] != value} - {
            "history_length",
            "history_head",
        }
        # One that was merged already follows the one it was merged into.
        if row["merged_into"]:
            changed -= {"merged_into"}
        assert (now[row["id"]]["version"] > row["version"]) == bool(changed), changed
        assert now[row["id"]]["version"] >= row["version"]


def _unless(*states: PracticeState) -> Callable[[Told], type[Exception] | None]:
    return lambda told: None if told.state in states else IllegalStep


@pytest.mark.promise("No sequence of steps makes an illegal state, and an illegal step changes nothing")
@pytest.mark.promise("Elapsed, suspended and remaining days always add up")
@pytest.mark.promise("The history verifies, and one flipped byte in it is found")
def test_no_sequence_of_steps_makes_an_illegal_practice_and_what_is_refused_changes_nothing(world: World) -> None:
    class Machine(CaseworkMachine):
        pass

    Machine.world = world
    run_state_machine_as_test(Machine, settings=BOUNDED)
    assert world.do(Histories(world.database, HeldClock()).verify()).faults == ()
