"""Rows 12 to 15 of the call script: a practice's state by its code."""

from __future__ import annotations

import pytest

from ledger.model import Outcome
from tests.acceptance.line import ServiceLine
from ticket_core.codes import new_code
from ticket_core.model import PracticeState

CHARTER_STATES = [
    ([], "status-received"),
    ([PracticeState.IN_PROGRESS], "status-in-progress"),
    ([PracticeState.IN_PROGRESS, PracticeState.AWAITING_ADMINISTRATION], "status-awaiting-administration"),
    ([PracticeState.IN_PROGRESS, PracticeState.AWAITING_DOCUMENTS], "status-awaiting-documents"),
    ([PracticeState.IN_PROGRESS, PracticeState.ANSWERED], "status-answered"),
    ([PracticeState.IN_PROGRESS, PracticeState.CLOSED], "status-closed"),
]


def asking(code: str, language: str = "it") -> list[str]:
    """Key 2 and the code, as soon as the line is up."""
    change = ["hear-start it/language-offer", "press 9"] if language == "en" else []
    return [*change, f"hear-start {language}/welcome", "press 2", f"hear-start {language}/status-ask", f"press {code}"]


def wrong(code: str) -> str:
    """The code with its last digit mistyped."""
    return code[:-1] + str((int(code[-1]) + 1) % 10)


@pytest.mark.parametrize("language", ["it", "en"])
@pytest.mark.parametrize(("states", "prompt"), CHARTER_STATES, ids=[prompt for _, prompt in CHARTER_STATES])
async def test_every_state_of_the_charter_is_told_with_the_code_it_belongs_to(
    at_night: ServiceLine, states: list[PracticeState], prompt: str, language: str
) -> None:
    practice = await at_night.a_practice(*states)
    told = await at_night.call(*asking(f"{practice.code}#", language), f"hear-start {language}/status-menu", "hang up")
    assert told.digits_after(f"{language}/status-practice") == practice.code
    assert f"{language}/{prompt}" in told.names()
    assert (await at_night.page_of(told)).outcome is Outcome.STATUS_HEARD


async def test_the_term_is_told_while_the_clock_runs_and_not_after_the_answer(at_night: ServiceLine) -> None:
    running = await at_night.a_practice()
    told = await at_night.call(*asking(f"{running.code}#"), "hear it/status-menu", "hang up")
    assert running.due_on is not None
    names = told.names()
    assert names[names.index("it/status-term") :][1:3] == [
        f"it/date-{running.due_on.day}",
        f"it/month-{running.due_on.month}",
    ]
    answered = await at_night.a_practice(PracticeState.IN_PROGRESS, PracticeState.ANSWERED)
    told = await at_night.call(*asking(f"{answered.code}#"), "hear it/status-menu", "hang up")
    assert "it/status-term" not in told.names()


async def test_a_mistyped_code_is_told_so_and_the_right_one_then_answered(at_night: ServiceLine) -> None:
    practice = await at_night.a_practice()
    told = await at_night.call(
        *asking(f"{wrong(practice.code)}#"), "hear it/code-not-correct",
        "hear-start it/status-ask", f"press {practice.code}#", "hear it/status-received", "hang up",
    )  # fmt: skip
    assert told.digits_after("it/status-practice") == practice.code


async def test_a_well_formed_code_of_no_practice_is_told_unknown(at_night: ServiceLine) -> None:
    told = await at_night.call(*asking(f"{new_code()}#"), "hear it/code-unknown", "hang up")
    assert "it/status-practice" not in told.names()


THREE_WRONG = (
    *asking("1#"), "hear-start it/code-not-correct", "press 2#",
    "hear-start it/code-not-correct", "press 3#", "hear it/no-more-tries",
)  # fmt: skip


async def test_three_wrong_codes_at_night_lead_to_the_mailbox_not_to_a_hang_up(at_night: ServiceLine) -> None:
    await at_night.call(*THREE_WRONG, "hear-start it/mailbox", "hang up")


async def test_three_wrong_codes_in_hours_lead_to_a_person_not_to_a_hang_up(in_hours: ServiceLine) -> None:
    await in_hours.call(*THREE_WRONG, "hear-start it/no-operator", "hang up")


async def test_a_star_starts_the_code_again(at_night: ServiceLine) -> None:
    practice = await at_night.a_practice()
    told = await at_night.call(*asking(f"99*{practice.code}#"), "hear it/status-received", "hang up")
    assert told.digits_after("it/status-practice") == practice.code


async def test_a_code_without_hash_is_taken_when_the_caller_stops(at_night: ServiceLine) -> None:
    practice = await at_night.a_practice()
    told = await at_night.call(*asking(practice.code), "hear it/status-received", "hang up")
    assert told.digits_after("it/status-practice") == practice.code


async def test_keys_typed_ahead_reach_the_answer_without_a_single_question(at_night: ServiceLine) -> None:
    practice = await at_night.a_practice()
    told = await at_night.call(
        "hear-start it/welcome", f"press 2{practice.code}#", "hear it/status-received", "hang up"
    )
    assert told.digits_after("it/status-practice") == practice.code
    assert not {"it/menu-closed", "it/privacy"} & set(told.names())


async def test_three_adds_a_message_to_the_practice_that_was_asked_for(at_night: ServiceLine) -> None:
    practice = await at_night.a_practice()
    told = await at_night.call(
        *asking(f"{practice.code}#"), "hear-start it/status-received", "press 3",
        "hear-start it/mailbox", "press 5", "hear beep", "speak {it}", "press #",
        "hear-start it/after-message", "press 1", "hear it/code-again", "hang up",
    )  # fmt: skip
    assert told.digits_after("it/message-added") == practice.code
    added = await at_night.practice_of(told)
    assert added is not None
    assert added.code == practice.code
    assert len(await at_night.records.practices.messages_of(practice.id)) == 2


@pytest.mark.parametrize("key", ["1", "0"])
async def test_a_person_can_be_asked_for_after_the_answer(in_hours: ServiceLine, key: str) -> None:
    practice = await in_hours.a_practice()
    told = await in_hours.call(
        *asking(f"{practice.code}#"), "hear-start it/status-received", f"press {key}", "hear it/no-operator",
        "hear-start it/mailbox", "hang up",
    )  # fmt: skip
    assert (await in_hours.page_of(told)).outcome in (Outcome.STATUS_HEARD, Outcome.MISSED)


async def test_a_star_tells_the_answer_again(at_night: ServiceLine) -> None:
    practice = await at_night.a_practice()
    told = await at_night.call(
        *asking(f"{practice.code}#"), "hear-start it/status-received", "press *", "hear it/status-received", "hang up"
    )
    assert told.names().count("it/status-practice") == 2
