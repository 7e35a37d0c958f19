"""Rows 12 to 15: a practice's state by keypad."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import uuid4

import pytest

from ivr.guesses import Guesses
from ivr.model import Visit
from ivr.rules import slowing_s
from ledger.model import Outcome
from phone.catalogue import LANGUAGES
from phone.fake_call import FakeCall, HangUp, Press, Speak
from tests.clocks import HeldClock
from tests.unit.desk import MemoryDesk, serve
from ticket_core.codes import new_code
from ticket_core.model import Closure, PracticeState, PracticeStatus

CODE = new_code()
UNKNOWN = next(code for code in iter(new_code, CODE))
WRONG = CODE[:-1] + str((int(CODE[-1]) + 1) % 10)
RECEIVED = PracticeStatus(
    CODE, uuid4(), PracticeState.RECEIVED, None, datetime(2026, 10, 5, tzinfo=UTC), date(2026, 11, 16), None, None
)
ASK, MENU = "status-ask", "status-menu"


def told(call: FakeCall) -> str:
    """The answer as a sentence of names, without its pauses."""
    start = call.said.index("status-practice")
    return " ".join(name for name in call.said[start : call.said.index(MENU)] if not name.startswith("pause-"))


async def hear(status: PracticeStatus, language: str = "it") -> str:
    call = FakeCall([(ASK, Press(f"{CODE}#")), (MENU, HangUp())], language=language)
    visit = await serve(call, MemoryDesk(status), "status")
    assert visit.outcome is Outcome.STATUS_HEARD
    return told(call)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_practice_is_told_by_code_state_and_term(language: str) -> None:
    code = " ".join(f"digit-{digit}" for digit in CODE)
    assert await hear(RECEIVED, language) == f"status-practice {code} status-received status-term date-16 month-11"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"state": PracticeState.IN_PROGRESS}, "status-in-progress status-term date-16 month-11"),
        ({"state": PracticeState.AWAITING_ADMINISTRATION, "due_on": None}, "status-awaiting-administration"),
        (
            {"state": PracticeState.AWAITING_DOCUMENTS, "due_on": None, "documents_by": date(2026, 12, 1)},
            "status-awaiting-documents date-1 month-12",
        ),
        (
            {"state": PracticeState.ANSWERED, "due_on": None, "answered_on": date(2026, 10, 20)},
            "status-answered date-20 month-10",
        ),
        ({"state": PracticeState.CLOSED, "closure": Closure.NO_CONTENT, "due_on": None}, "status-closed"),
        (
            {
                "state": PracticeState.CLOSED,
                "closure": Closure.ANSWERED,
                "due_on": None,
                "answered_on": date(2026, 10, 20),
            },
            "status-answered date-20 month-10",
        ),
    ],
    ids=lambda value: "" if isinstance(value, str) else str(value["state"]),
)
async def test_each_state_is_told_with_its_date(changes: dict[str, object], expected: str) -> None:
    assert (await hear(replace(RECEIVED, **changes))).endswith(expected)  # type: ignore[arg-type]


@pytest.mark.parametrize("state", PracticeState)
@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_state_can_be_told_with_no_date_known(state: PracticeState, language: str) -> None:
    assert "status-" in await hear(replace(RECEIVED, state=state, due_on=None), language)


async def test_a_code_with_a_wrong_digit_is_never_looked_up() -> None:
    call, desk = FakeCall([(ASK, Press(f"{WRONG}#")), (ASK, HangUp())]), MemoryDesk(RECEIVED)
    await serve(call, desk, "status")
    assert "code-not-correct" in call.said
    assert desk.looked_up == []
    assert desk.failed_codes == 1


async def test_an_unknown_code_is_told_as_unknown() -> None:
    call, desk = FakeCall([(ASK, Press(f"{UNKNOWN}#")), (ASK, HangUp())]), MemoryDesk(RECEIVED)
    await serve(call, desk, "status")
    assert "code-unknown" in call.said
    assert desk.failed_codes == 1


async def test_after_a_wrong_code_the_right_one_is_told() -> None:
    call = FakeCall([(ASK, Press(f"{WRONG}#")), (ASK, Press(f"{CODE}#")), (MENU, HangUp())])
    visit = await serve(call, MemoryDesk(RECEIVED), "status")
    assert "status-received" in call.said
    assert visit.outcome is Outcome.STATUS_HEARD


async def test_a_star_starts_the_code_again() -> None:
    call = FakeCall([(ASK, Press(f"9988*{CODE}#")), (MENU, HangUp())])
    await serve(call, MemoryDesk(RECEIVED), "status")
    assert "status-received" in call.said


async def test_a_code_without_its_hash_is_taken_when_the_caller_stops() -> None:
    call = FakeCall([(ASK, Press(CODE)), (MENU, HangUp())])
    await serve(call, MemoryDesk(RECEIVED), "status")
    assert "status-received" in call.said


@pytest.mark.parametrize(
    "keyed", [WRONG, UNKNOWN, "", "0", "1" * 30], ids=["wrong", "unknown", "none", "short", "long"]
)
@pytest.mark.parametrize("is_open", [True, False], ids=["open", "closed"])
async def test_three_failed_codes_lead_on_to_a_person_or_the_mailbox(keyed: str, is_open: bool) -> None:
    call = FakeCall([(ASK, Press(f"{keyed}#"))] * 3, [Speak(8)])
    desk = MemoryDesk(RECEIVED, is_open=is_open)
    await serve(call, desk, "status")
    assert call.said.count(ASK) == 3
    assert call.handed_on == is_open
    assert len(desk.filed) == (not is_open)


async def test_a_star_hears_the_status_again() -> None:
    call = FakeCall([(ASK, Press(f"{CODE}#")), (MENU, Press("*")), (MENU, HangUp())])
    await serve(call, MemoryDesk(RECEIVED), "status")
    assert call.said.count("status-received") == 2


@pytest.mark.parametrize("key", ["1", "0"])
async def test_a_person_can_be_asked_for_after_the_status(key: str) -> None:
    call = FakeCall([(ASK, Press(f"{CODE}#")), (MENU, Press(key))])
    visit = await serve(call, MemoryDesk(RECEIVED, is_open=True), "status")
    assert call.handed_on
    assert visit.outcome is Outcome.STATUS_HEARD


async def test_a_message_can_be_added_to_the_practice() -> None:
    call = FakeCall([(ASK, Press(f"{CODE}#")), (MENU, Press("3"))], [Speak(8)])
    desk = MemoryDesk(RECEIVED)
    visit = await serve(call, desk, "status")
    assert desk.adds_to == RECEIVED
    assert "message-added" in call.said
    assert visit.outcome is Outcome.MESSAGE_LEFT


async def test_no_digit_of_a_code_reaches_the_ledger() -> None:
    call, desk = FakeCall([(ASK, Press(f"{CODE}#")), (MENU, HangUp())]), MemoryDesk(RECEIVED)
    await serve(call, desk, "status")
    assert ("status_asked", {}) in desk.notes


@pytest.mark.parametrize("verb", range(1, 12))
async def test_a_hang_up_at_any_moment_of_the_look_up_makes_no_practice(verb: int) -> None:
    call = FakeCall([("menu-closed", Press("2")), (ASK, Press(f"{CODE}#"))], hang_up_at=verb)
    desk = MemoryDesk(RECEIVED)
    visit = await serve(call, desk)
    assert desk.filed == []
    assert (visit.outcome is Outcome.ABANDONED) == (not desk.looked_up)


def test_guessing_gets_slower_and_nobody_is_shut_out() -> None:
    assert slowing_s(3, 100) == 0
    assert slowing_s(4, 100) < slowing_s(6, 100)
    assert slowing_s(0, 101) < slowing_s(0, 150)
    assert slowing_s(10**6, 10**6) == 5.0


def test_failures_are_counted_by_caller_and_forgotten_after_an_hour() -> None:
    clock = HeldClock()
    guesses = Guesses(clock)
    for caller in ("+39061", "+39061", None):
        guesses.failed(caller)
    assert guesses.count("+39061") == (2, 3)
    assert guesses.count(None) == (1, 3)
    clock.move(hours=1, seconds=1)
    assert guesses.count("+39061") == (0, 0)


async def test_a_code_that_was_keyed_before_a_restart_is_not_asked_again() -> None:
    call, desk = FakeCall([(MENU, HangUp())]), MemoryDesk(RECEIVED)
    visit = await serve(call, desk, "status", Visit(code=CODE, resumed=True))
    assert ASK not in call.said
    assert told(call).startswith("status-practice")
    assert visit.outcome is Outcome.STATUS_HEARD


async def test_what_is_found_and_what_fails_is_remembered_before_it_is_told() -> None:
    call = FakeCall([(ASK, Press(f"{UNKNOWN}#")), (ASK, Press(f"{CODE}#")), (MENU, HangUp())])
    desk = MemoryDesk(RECEIVED)
    await serve(call, desk, "status")
    assert [(visit.code, visit.failed_codes) for visit in desk.remembered] == [(None, 1), (CODE, 1), (CODE, 1)]


async def test_a_person_who_is_asked_for_when_the_line_is_closed_is_said_to_be_away_and_when_they_are_back() -> None:
    call = FakeCall([(ASK, Press(f"{CODE}#")), (MENU, Press("1")), ("mailbox", HangUp())])
    await serve(call, MemoryDesk(RECEIVED), "status")
    said = [name for name in call.said if not name.startswith("pause-")]
    assert said[said.index("closed") :] == [
        "closed", "service-is-open", "from-0900", "to-1800", "from-day-0", "to-day-4", "reopens", "tomorrow", "at-0900", "mailbox",
    ]  # fmt: skip


@pytest.mark.parametrize(("is_open", "then"), [(True, ()), (False, ("mailbox",))])
async def test_while_the_records_are_away_the_caller_is_told_so_and_led_on(
    is_open: bool, then: tuple[str, ...]
) -> None:
    call = FakeCall([(ASK, Press(f"{CODE}#")), *((prompt, HangUp()) for prompt in then)])
    desk = MemoryDesk(RECEIVED, is_open=is_open)
    desk.records_away = True
    await serve(call, desk, "status")
    assert call.said == [ASK, "status-not-available", *then]
    assert call.handed_on == is_open
    assert desk.failed_codes == 0, "this was no guess"
