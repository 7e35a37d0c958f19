"""Row 7: who comes back from the queue is told why, and goes on where they are sent."""

from __future__ import annotations

from contextlib import suppress

import pytest

from ivr.flows.operator import come_back
from ivr.flows.table import FLOWS
from ivr.model import Place, Visit, Why
from ledger.model import Outcome
from phone.call import CallerHungUp
from phone.catalogue import LANGUAGES
from phone.fake_call import FakeCall, HangUp, Speak
from tests.unit.desk import MemoryDesk

CLOSED = (
    "closed",
    "service-is-open",
    "from-0900",
    "to-1800",
    "from-day-0",
    "to-day-4",
    "reopens",
    "tomorrow",
    "at-0900",
)
TOLD = {
    Why.CHOSEN: (),
    Why.NO_OPERATOR: ("no-operator",),
    Why.ALL_BUSY: ("operators-busy",),
    Why.FULL: ("operators-busy",),
    Why.WAITED_LONG: ("operators-busy",),
    Why.CLOSED: CLOSED,
}


async def give_back(call: FakeCall, desk: MemoryDesk, why: Why, visit: Visit | None = None) -> Visit:
    """One call that comes back to the mailbox, to its end."""
    visit = visit or Visit()
    with suppress(CallerHungUp):
        await come_back(call, desk, visit, Place("mailbox", call.language), why)
        await FLOWS["mailbox"](call, desk, visit)
        await call.hang_up()
    assert call.gone
    return visit


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("why", Why)
async def test_a_caller_who_is_given_back_hears_why_and_not_the_greeting_again(why: Why, language: str) -> None:
    call = FakeCall([("mailbox", HangUp())], language=language)
    await give_back(call, MemoryDesk(), why)
    assert [name for name in call.said if not name.startswith("pause-")] == [*TOLD[why], "mailbox"]
    assert {heard.language for heard in call.heard} == {language}


async def test_their_place_is_written_before_anything_is_said_so_that_a_restart_does_not_send_them_to_the_menu() -> (
    None
):
    call, desk = FakeCall([("operators-busy", HangUp())], language="en"), MemoryDesk(is_open=True)
    await give_back(call, desk, Why.FULL)
    assert desk.entered == [("mailbox", "en")]
    assert desk.notes == [("flow", {"flow": "mailbox", "why": "full"})]


@pytest.mark.parametrize("before", [Outcome.ABANDONED, Outcome.STATUS_HEARD])
async def test_who_asked_for_a_person_and_leaves_without_a_word_is_missed(before: Outcome) -> None:
    desk = MemoryDesk(is_open=True)
    visit = await give_back(FakeCall([("mailbox", HangUp())]), desk, Why.NO_OPERATOR, Visit(outcome=before))
    assert visit.outcome is Outcome.MISSED
    assert desk.remembered[0].outcome is Outcome.MISSED, "also when the process dies and nobody comes back"


async def test_who_leaves_a_message_instead_has_left_a_message() -> None:
    desk = MemoryDesk(is_open=True)
    visit = await give_back(FakeCall(takes=[Speak(8)]), desk, Why.CHOSEN)
    assert (len(desk.filed), visit.outcome) == (1, Outcome.MESSAGE_LEFT)
