"""What processes write of voice messages can be written again, at once or all in its order: on a real PostgreSQL nothing is another."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID, uuid4

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from foundation.steps import IllegalStep
from tests.clocks import HeldClock
from tests.integration.practice_laws import check_alone, tables
from tests.integration.worlds import BOUNDED, World, a_world, awaited
from tests.practices import CODES, COUNTING
from ticket_core.casework import Casework
from ticket_core.changes import UnknownMessage
from ticket_core.histories import Histories
from ticket_core.model import Audio, Closure, MessageState, Practice, PracticeState, Transcript
from ticket_core.replies.service import Replies
from ticket_core.rules import REOPENABLE
from ticket_core.service import Practices

AUDIO = Audio("2026/10/05/a.wav", 12.5, 9.0)
T = TypeVar("T")
WHICH = st.integers(0, 9)


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    with a_world(database_url) as world:
        yield world


@dataclass(frozen=True)
class Spoken:
    """What the mailbox machine knows of a message: which verbs were done on it."""

    message_id: UUID
    call_id: UUID
    adds_to: UUID | None


class MailboxMachine(RuleBasedStateMachine):
    """Every verb of `Practices` with ids that processes make up themselves: done again at once, or all again in their order."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.clock = HeldClock()
        database = self.world.database
        self.practices = Practices(database, self.clock, COUNTING, CODES)
        self.casework = Casework(database, self.clock, COUNTING, CODES, Replies(database, self.clock))
        self.calls = [uuid4(), uuid4()]
        self.codes = {call: self.world.do(self.practices.lease_codes("test", 2)) for call in self.calls}
        self.gone: set[str] = set()
        self.spoken: list[Spoken] = []
        self.made: dict[UUID, None] = {}
        self.diary: list[Callable[[], Awaitable[object]]] = []

    def look(self) -> dict[str, Any]:
        return self.world.do(tables(self.world.database, list(self.made), [one.message_id for one in self.spoken]))

    def pick(self, which: int) -> Spoken:
        return self.spoken[which % len(self.spoken)]

    def twice(self, act: Callable[[], Awaitable[T]], keeps: bool = True) -> T:
        """The verb is done, and done again at once: nothing is another. What `keeps` is replayed later too."""
        result = self.world.do(awaited(act()))
        if isinstance(result, Practice):
            self.made[result.id] = None
        before = self.look()
        again = self.world.do(awaited(act()))
        assert again == result or again in (False, None)
        assert self.look() == before
        if keeps:
            self.diary.append(act)
        self.world.do(check_alone(self.world.database, list(self.made)))
        return result

    def refused(self, act: Callable[[], Awaitable[object]], expected: type[Exception]) -> None:
        before = self.look()
        for _ in range(2):
            with pytest.raises(expected):
                self.world.do(awaited(act()))
            assert self.look() == before

    def state_of(self, one: Spoken) -> MessageState:
        message = self.world.do(self.practices.message(one.message_id))
        assert message is not None
        return message.state

    @rule(call=st.integers(0, 1), adds=st.none() | WHICH)
    def open_message(self, call: int, adds: int | None) -> None:
        adds_to = list(self.made)[adds % len(self.made)] if self.made and adds is not None else None
        one = Spoken(uuid4(), self.calls[call], adds_to)
        self.refused(lambda: self.practices.file_message(one.message_id, AUDIO), UnknownMessage)
        self.spoken.append(one)
        self.twice(lambda: self.practices.open_message(one.message_id, one.call_id, "it", None, "take-1", one.adds_to))

    @precondition(lambda self: self.spoken)
    @rule(which=WHICH, take=st.integers(2, 4))
    def note_take(self, which: int, take: int) -> None:
        one = self.pick(which)
        self.twice(lambda: self.practices.note_take(one.message_id, f"take-{take}"))

    @precondition(lambda self: self.spoken)
    @rule(which=WHICH, told=st.sampled_from([None, 0, 1]))
    def file_message(self, which: int, told: int | None) -> None:
        one = self.pick(which)
        code = None if told is None else self.codes[one.call_id][told]

        def act() -> Awaitable[Practice]:
            return self.practices.file_message(one.message_id, AUDIO, code)

        if self.state_of(one) is MessageState.ABANDONED:
            self.refused(act, IllegalStep)
            return
        first = self.state_of(one) is MessageState.RECORDING
        practice = self.twice(act)
        assert practice.state not in (REOPENABLE if first else ())
        assert (practice.erased_at, practice.merged_into) == (None, None) or not first
        if code is not None and first and one.adds_to is None and code not in self.gone:
            assert practice.code == code

    @precondition(lambda self: self.spoken)
    @rule(which=WHICH)
    def abandon_message(self, which: int) -> None:
        one = self.pick(which)

        def act() -> Awaitable[None]:
            return self.practices.abandon_message(one.message_id, "too short")

        if self.state_of(one) in (MessageState.RECORDING, MessageState.ABANDONED):
            self.twice(act)
        else:
            self.refused(act, IllegalStep)

    @precondition(lambda self: self.spoken)
    @rule(which=WHICH, speech=st.sampled_from(["transcribed", "no_speech", "unreadable", "failed", "wait_for_model"]))
    def hear(self, which: int, speech: str) -> None:
        one = self.pick(which)
        waits = self.state_of(one) is MessageState.TO_TRANSCRIBE
        claimed = self.twice(lambda: self.practices.claim(one.message_id, "worker", 3600), keeps=False)
        assert (claimed is not None) == waits
        transcript = Transcript("buongiorno", (), "vosk", "small-it", "it")
        verb = getattr(self.practices, speech)
        words = {"transcribed": (transcript, ("aiuto",)), "unreadable": ("noise",), "failed": ("noise",)}.get(
            speech, ()
        )
        assert self.twice(lambda: verb(one.message_id, "worker", *words), keeps=False) is waits

    @precondition(lambda self: self.made)
    @rule(which=WHICH)
    def close(self, which: int) -> None:
        practice_id = list(self.made)[which % len(self.made)]
        practice = self.world.do(self.practices.practice(practice_id))
        if practice is not None and practice.state is not PracticeState.CLOSED:
            self.world.do(self.casework.close(practice_id, Closure.WITHDRAWN, "by phone", "anna"))

    @precondition(lambda self: self.made)
    @rule(which=WHICH, other=WHICH)
    def merge(self, which: int, other: int) -> None:
        one, into = (list(self.made)[number % len(self.made)] for number in (which, other))
        with suppress(IllegalStep, ValueError):
            self.gone |= {practice.code for practice in self.practices_of(one, into)}
            self.world.do(self.casework.merge(one, into, "carla", "the same"))

    @precondition(lambda self: self.made)
    @rule(which=WHICH)
    def erase(self, which: int) -> None:
        practice_id = list(self.made)[which % len(self.made)]
        self.gone |= {practice.code for practice in self.practices_of(practice_id)}
        self.world.do(self.casework.erase(practice_id, "carla", "asked for"))

    def practices_of(self, *ids: UUID) -> list[Practice]:
        return [found for one in ids if (found := self.world.do(self.practices.practice(one)))]

    @rule(hours=st.integers(0, 48))
    def time_passes(self, hours: int) -> None:
        self.clock.move(hours=hours)

    @rule()
    def everything_again(self) -> None:
        """As an outbox that does not know what arrived does it."""
        before = self.look()
        for act in self.diary:
            self.world.do(awaited(act()))
        assert self.look() == before


@pytest.mark.promise("What is written again after a crash is written once")
def test_each_verb_of_the_mailbox_can_be_repeated_at_once_and_all_of_them_in_their_order(world: World) -> None:
    class Machine(MailboxMachine):
        pass

    Machine.world = world
    run_state_machine_as_test(Machine, settings=BOUNDED)
    assert world.do(Histories(world.database, HeldClock()).verify()).faults == ()
