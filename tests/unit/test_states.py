"""The tables of steps are whole, and an illegal step is a clear error."""

from __future__ import annotations

import pytest

from foundation.steps import IllegalStep, State, Steps
from ticket_core.model import MessageState, PracticeState
from ticket_core.replies.states import LETTER_STEPS
from ticket_core.states import CLOCK, MESSAGE_STEPS, PRACTICE_STEPS

TABLES = [PRACTICE_STEPS, MESSAGE_STEPS, LETTER_STEPS]


@pytest.mark.parametrize("steps", TABLES, ids=lambda steps: steps.of)
def test_every_state_has_its_row_and_can_be_reached(steps: Steps[State]) -> None:
    states = set(type(steps.first))
    assert set(steps.table) == states
    reached, new = {steps.first}, {steps.first}
    while new:
        new = {to for state in new for to in steps.allowed(state)} - reached
        reached |= new
    assert reached == states


def test_every_practice_state_says_what_the_clock_does() -> None:
    assert set(CLOCK) == set(PracticeState)


def test_an_illegal_step_says_from_to_and_what_is_allowed() -> None:
    with pytest.raises(IllegalStep, match=r"from received to awaiting_documents.*in_progress, answered, closed"):
        PRACTICE_STEPS.check(PracticeState.RECEIVED, PracticeState.AWAITING_DOCUMENTS)


def test_a_step_out_of_a_final_state_says_that_it_is_final() -> None:
    with pytest.raises(IllegalStep, match="nothing, it is final"):
        MESSAGE_STEPS.check(MessageState.TRANSCRIBED, MessageState.TO_TRANSCRIBE)


def test_an_answered_or_closed_practice_can_be_reopened() -> None:
    for state in (PracticeState.ANSWERED, PracticeState.CLOSED):
        PRACTICE_STEPS.check(state, PracticeState.IN_PROGRESS)


@pytest.mark.parametrize("steps", TABLES, ids=lambda steps: steps.of)
def test_a_table_draws_each_of_its_steps(steps: Steps[State]) -> None:
    drawing = steps.diagram()
    assert drawing.startswith("stateDiagram-v2\n")
    for state, followers in steps.table.items():
        for to, why in followers.items():
            assert f"    {state} --> {to}: {why}\n" in drawing


@pytest.mark.parametrize("steps", TABLES, ids=lambda steps: steps.of)
def test_a_table_fits_on_one_screen(steps: Steps[State]) -> None:
    assert len(steps.diagram().splitlines()) <= 24
