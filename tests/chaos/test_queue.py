"""A process dies or freezes while callers are in line, talk, and have an operator's phone ringing for them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic

import pytest
import pytest_asyncio

from ledger.model import Call, OperatorState, StepKind
from tests.chaos import faults, plan
from tests.chaos.callers import Manner, Moment, Wish
from tests.chaos.faults import Fault
from tests.chaos.phones import PhoneCall
from tests.chaos.scene import ANSWER, RING_LONG, Scene, told
from tests.chaos.turns import out_of_turn, overtaken, steps
from tests.polling import until
from tests.promises.plugin import Measured

pytestmark = [pytest.mark.xdist_group("chaos"), pytest.mark.timeout(400)]

SILENCE_S, SILENCE_IN_A_TALK_S = 10.0, 2.0
AGAIN_WITHIN_S = 3.0
NOT_YET = datetime.max.replace(tzinfo=UTC)
SHORT = ("queue", Fault.KILL)
LONG = [case for case in plan.matrix() if case != SHORT]
HEARD = (
    "welcome", "menu-open", "queue-menu-message", "no-operator", "operators-busy", "fallback-hold", "mailbox", "apology",
    "other-channels", "not-a-rescue-number",
)  # fmt: skip


@dataclass
class Round:
    """So many callers wait, talk, and have a phone ringing for them when one process fails; afterwards what came of it."""

    scene: Scene
    waiting: int
    talking: int
    ringing: int
    struck: datetime = NOT_YET
    again: datetime = NOT_YET
    seen_again: datetime = NOT_YET
    calls: list[PhoneCall] = field(default_factory=list)
    pages: dict[str, Call] = field(default_factory=dict)

    @property
    def on_duty(self) -> tuple[str, ...]:
        """The operators' phones."""
        return (*ANSWER[: self.talking], *RING_LONG[: self.ringing])

    async def play(self, target: str, fault: Fault) -> None:
        """Line them up, let it strike, and live on until everybody has talked."""
        await self.scene.line.opened()
        await self.scene.on_duty(*ANSWER[: self.talking])
        # The first of them hangs up while what has failed is away.
        talk = [Manner(Wish.OPERATOR, Moment.TALKING, talks_s=0.5 + 1.5 * n) for n in range(self.talking)]
        wait = [Manner(Wish.OPERATOR, Moment.IN_LINE, talks_s=2.0 + n % 3) for n in range(self.waiting + self.ringing)]
        self.calls = await self.scene.strike_among([*talk, *wait], lambda: self._strike(target, fault), self._ring)

    async def _ring(self) -> None:
        """The first in line have a phone ringing for them."""
        await self.scene.on_duty(*self.on_duty)

        async def as_planned() -> bool:
            seats = await self.scene.seats()
            states = [seats.get(number) for number in self.on_duty]
            return states == [OperatorState.TALKING] * self.talking + [OperatorState.RINGING] * self.ringing

        await until(as_planned, 8, f"{self.talking} operators who talk and {self.ringing} whose phones ring")

    async def _strike(self, target: str, fault: Fault) -> None:
        running = self.scene.platform.supervisor.running[target]
        before, self.struck = running.restarts, datetime.now(UTC)
        await faults.strike(self.scene.platform, fault, target)
        if fault is not Fault.FREEZE:
            await until(lambda: running.restarts > before, 30, f"{target} started again")
        self.again = datetime.now(UTC)
        await faults.all_up(self.scene.platform)
        self.seen_again = datetime.now(UTC)

    async def reckon(self, within_s: float = 60.0) -> list[str]:
        """The differences that are left when everything had time to be written."""
        deadline = monotonic() + within_s
        while True:
            agreement = await self.scene.reckon(within_s=0.0)
            self.pages = await self._pages()
            wrong = [*agreement.differences, *out_of_turn(self.calls, self.pages, (self.struck, self.seen_again))]
            wrong += overtaken(self.calls, self.pages, self.struck, RING_LONG)
            if not wrong or monotonic() > deadline:
                return wrong
            await asyncio.sleep(1.0)

    async def _pages(self) -> dict[str, Call]:
        ledger, pages = self.scene.line.records.ledger, {}
        for page in (await self.scene.books.read()).calls:
            whole = await ledger.call(page.call_id)
            if whole is not None:
                pages[whole.caller or ""] = whole
        return pages

    def offered_after_s(self) -> float:
        """From the restart to the first offer."""
        offers = [step.at for page in self.pages.values() for step in steps(page, StepKind.OFFERED)]
        return min(((at - self.again).total_seconds() for at in offers if at >= self.again), default=float("inf"))

    async def nobody_is_lost(self) -> None:
        """Every operator can be rung again, and the PBX holds nothing any more."""

        async def are_idle() -> bool:
            seats = await self.scene.seats()
            return all(seats.get(number) is OperatorState.IDLE for number in self.on_duty)

        await until(are_idle, 30, "operators who can be rung again")
        await until(self.scene.nothing_up, 30, "a PBX without channels and bridges")


@pytest_asyncio.fixture(loop_scope="session")
async def scene(scene: Scene) -> AsyncIterator[Scene]:
    """As everywhere, with phones that know only what may be heard here: many that know all would cost more than the calls."""
    everything = scene.cues
    scene.cues = everything.only(["beep", *(f"{language}/{name}" for language in ("it", "en") for name in HEARD)])
    yield scene
    scene.cues = everything


async def everybody_has_their_turn(a_round: Round, target: str, fault: Fault, figure: Measured) -> None:
    """Play the round and reckon."""
    await a_round.play(target, fault)
    wrong = await a_round.reckon()
    talks = [call for call in a_round.calls if call.at_the_fault == Moment.TALKING]
    waits = [call for call in a_round.calls if call.at_the_fault == Moment.IN_LINE]
    in_a_talk = max(talks, key=lambda call: call.silent_since_fault_s)
    in_line = max(waits, key=lambda call: call.silent_since_fault_s)
    figure("longest silence in a talk", round(in_a_talk.silent_since_fault_s, 1), "s")
    figure("longest silence in line", round(in_line.silent_since_fault_s, 1), "s")
    figure("differences", len(wrong))
    assert not wrong, "\n".join(wrong)
    assert (len(talks), len(waits)) == (a_round.talking, a_round.waiting + a_round.ringing), told(a_round.calls)
    assert in_a_talk.silent_since_fault_s <= SILENCE_IN_A_TALK_S, in_a_talk.story()
    assert in_line.silent_since_fault_s <= SILENCE_S, in_line.story()
    await a_round.nobody_is_lost()


@pytest.mark.promise(
    "`queue` dies with callers in line, in talks and being offered: talks go on, order is kept, 3 s after its restart phones ring again"
)
@pytest.mark.parametrize("size", [(6, 3, 1), pytest.param((20, 10, 5), marks=pytest.mark.long)], ids=["few", "many"])
async def test_with_the_queue_killed_everybody_in_line_has_their_turn(
    scene: Scene, size: tuple[int, int, int], figure: Measured
) -> None:
    a_round = Round(scene, *size)
    await everybody_has_their_turn(a_round, *SHORT, figure)
    offered_after_s = a_round.offered_after_s()
    figure("phones ring again after", round(offered_after_s, 1), "s")
    assert offered_after_s <= AGAIN_WITHIN_S


@pytest.mark.promise(
    "Any process of ours dies, freezes or restarts with callers in line, in talks and being offered: everybody has their turn, once"
)
@pytest.mark.parametrize(("target", "fault"), LONG, ids=["-".join(case) for case in LONG])
@pytest.mark.long
async def test_with_any_process_away_everybody_in_line_has_their_turn(
    scene: Scene, target: str, fault: Fault, figure: Measured
) -> None:
    await everybody_has_their_turn(Round(scene, 8, 4, 2), target, fault, figure)
