"""Which prompts tell a thing, and how guessing of codes gets slow."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from ivr.guesses import Guesses
from ivr.model import Hours
from ivr.rules import greeting, is_with_the_queue, menu_prompts, slowing_s, told_code, told_status
from ledger.model import Step, StepKind
from phone.catalogue import LANGUAGES, SOUNDS, catalogue
from tests.clocks import HeldClock
from ticket_core.model import PracticeState, PracticeStatus

ROME = ZoneInfo("Europe/Rome")
NIGHT, MORNING = datetime(2026, 10, 5, 22, tzinfo=ROME), datetime(2026, 10, 6, 9, tzinfo=ROME)
CODE = "12345678903"


def status(state: PracticeState, **dates: date) -> PracticeStatus:
    given = {"due_on": None, "documents_by": None, "answered_on": None} | dates
    return PracticeStatus(CODE, uuid4(), state, None, datetime(2026, 10, 5, tzinfo=UTC), **given)  # type: ignore[arg-type]


def test_the_emergency_text_comes_before_the_welcome_and_the_warning_right_after_it() -> None:
    assert greeting(bulletin=True)[:3] == ("bulletin", "welcome", "not-a-rescue-number")
    assert greeting(bulletin=False)[:2] == ("welcome", "not-a-rescue-number")


def test_a_line_that_never_opens_again_names_no_opening() -> None:
    assert "reopens" not in menu_prompts(Hours(False, 0, 4, time(9), time(18), NIGHT, None))
    assert "reopens" in menu_prompts(Hours(False, 0, 4, time(9), time(18), NIGHT, MORNING))


@pytest.mark.parametrize("state", PracticeState)
def test_no_status_says_a_date_that_is_not_known(state: PracticeState) -> None:
    told = told_status(status(state))
    assert not [name for name in told if name.startswith(("date-", "month-"))]
    assert "status-term" not in told


@pytest.mark.parametrize("state", PracticeState)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_status_can_be_said(state: PracticeState, language: str) -> None:
    day = date(2026, 11, 16)
    told = told_status(status(state, due_on=day, documents_by=day, answered_on=day))
    assert {*catalogue(language), *SOUNDS}.issuperset(told)


def test_a_code_is_told_twice_and_a_message_added_is_called_added() -> None:
    told = told_code(CODE, added=False)
    digits = "".join(name.removeprefix("digit-") for name in told if name.startswith("digit-"))
    assert digits == CODE * 2
    assert told[0] == "code-is"
    assert told_code(CODE, added=True)[0] == "message-added"


def test_guessing_gets_slow_and_nobody_is_shut_out() -> None:
    assert slowing_s(0, 0) == slowing_s(3, 100) == 0
    assert slowing_s(4, 4) == 0.5
    assert slowing_s(0, 140) == 2.0
    assert slowing_s(10_000, 10_000) == 5.0


def test_failures_are_counted_by_caller_and_forgotten_after_an_hour() -> None:
    clock = HeldClock()
    guesses = Guesses(clock)
    for caller in ("+39061", "+39061", None, None, None):
        guesses.failed(caller)
    assert guesses.count("+39061") == (2, 5)
    assert guesses.count(None) == (3, 5), "all who withhold their number share one count"
    clock.move(minutes=59)
    guesses.failed("+39061")
    clock.move(minutes=2)
    assert guesses.count("+39061") == (1, 1)


HANDED_ON = (StepKind.FLOW, {"flow": "queue"})
BACK = (StepKind.FLOW, {"flow": "mailbox", "why": "full"})
QUEUED, FALLBACK = (StepKind.QUEUED, {}), (StepKind.FALLBACK, {})
LEFT = (StepKind.LEFT_QUEUE, {"why": "full"})


@pytest.mark.parametrize(
    ("steps", "seconds_ago", "queues"),
    [
        ([], 0, False),
        ([HANDED_ON], 5, True),
        ([HANDED_ON], 61, False),
        ([HANDED_ON, QUEUED], 7200, True),
        ([QUEUED, HANDED_ON], 7200, True),
        ([HANDED_ON, QUEUED, BACK], 0, False),
        ([HANDED_ON, QUEUED, BACK, HANDED_ON], 5, True),
        ([HANDED_ON, QUEUED, FALLBACK], 0, False),
        ([HANDED_ON, QUEUED, LEFT], 5, True),
        ([HANDED_ON, QUEUED, LEFT], 61, False),
    ],
)
def test_a_call_is_the_queues_from_the_moment_it_is_handed_on_until_somebody_else_has_it(
    steps: list[tuple[StepKind, dict[str, str]]], seconds_ago: int, queues: bool
) -> None:
    now = datetime(2026, 10, 5, 10, 0, tzinfo=UTC)
    at = now - timedelta(seconds=seconds_ago)
    written = [Step(seq, at, 0.0, kind, detail) for seq, (kind, detail) in enumerate(steps, 1)]
    assert is_with_the_queue(written, now) is queues
