"""Who calls: numbers shown, withheld and malformed, and people who press keys at any time."""

from __future__ import annotations

import pytest

from ledger.model import Outcome
from pbx.robot.phone import NotAnswered
from tests.acceptance.line import NUMBER, ServiceLine
from tests.acceptance.test_mailbox import to_mailbox

MESSAGE = (*to_mailbox(), "speak {it}", "press #", "hear-start it/after-message", "hang up")


@pytest.mark.parametrize("dialled_as", ["+393331239999", "00393331239999"])
async def test_a_shown_number_is_kept_in_one_form(at_night: ServiceLine, dialled_as: str) -> None:
    known = {call.call_id for call in await at_night.records.ledger.recent(100)}
    await at_night.call("hear-start it/welcome", "hang up", caller=dialled_as)
    [page] = [call for call in await at_night.records.ledger.recent(100) if call.call_id not in known]
    assert page.caller == "+393331239999"


@pytest.mark.parametrize(
    "shown",
    ["", "anonymous", "12ab34", "+3906;drop table", "${EVIL}", "5" * 40],
    ids=["withheld", "anonymous", "letters", "hostile", "variable", "too long"],
)
async def test_a_withheld_or_malformed_number_leaves_a_message_without_a_number(
    at_night: ServiceLine, shown: str
) -> None:
    known = {call.call_id for call in await at_night.records.ledger.recent(100)}
    await at_night.call(*MESSAGE, caller=shown)
    [page] = [call for call in await at_night.records.ledger.recent(100) if call.call_id not in known]
    assert page.caller is None
    [message] = await at_night.records.practices.messages_of_call(page.call_id)
    assert (message.caller, message.practice_id is None) == (None, False)


async def test_a_key_stops_the_prompt_that_plays(at_night: ServiceLine) -> None:
    told = await at_night.call("hear-start it/not-a-rescue-number", "press 2", "hear it/status-ask", "hang up")
    pressed = {what: at for at, what in told.did}["press 2"]
    asked = {hit.name: hit.start_s for hit in told.heard}["it/status-ask"]
    assert asked - pressed < 2.0
    assert "it/not-a-rescue-number" not in told.names()


async def test_keys_typed_ahead_are_kept_through_a_change_of_language(at_night: ServiceLine) -> None:
    told = await at_night.call("hear-start it/welcome", "press 93", "hear en/mailbox", "hang up")
    assert "en/menu-closed" not in told.names()


async def test_a_caller_may_change_the_language_and_back(at_night: ServiceLine) -> None:
    told = await at_night.call(
        "hear-start it/language-offer", "press 9", "hear-start en/welcome", "press 9", "hear-start it/welcome",
        "press 3", "hear it/mailbox", "hang up",
    )  # fmt: skip
    assert (await at_night.page_of(told)).language == "it"


async def test_a_bulletin_is_heard_before_the_welcome(at_night: ServiceLine) -> None:
    sounds = at_night.platform.folders.sounds
    for language in ("it", "en"):
        (sounds / language / "bulletin.wav").write_bytes((sounds / language / "other-channels.wav").read_bytes())
    try:
        told = await at_night.call("hear it/welcome", "hang up")
    finally:
        for language in ("it", "en"):
            (sounds / language / "bulletin.wav").unlink()
    assert told.names()[:2] == ["it/other-channels", "it/welcome"]


async def test_the_line_closes_and_opens_between_two_calls_without_a_restart(at_night: ServiceLine) -> None:
    await at_night.call("hear-start it/closed", "hang up")
    await at_night.opened()
    await at_night.call("hear-start it/menu-open", "hang up")


@pytest.mark.parametrize("dialled", ["abc", "s", "fallback", "t"])
async def test_an_extension_that_is_no_number_is_not_answered(at_night: ServiceLine, dialled: str) -> None:
    with pytest.raises(NotAnswered):
        async with at_night.phone.call(dialled, at_night.a_number(), answer_within_s=3.0):
            pass


async def test_a_caller_who_says_nothing_at_all_is_counted(at_night: ServiceLine) -> None:
    async with at_night.phone.call(NUMBER, number := at_night.a_number()) as call:
        await call.hang_up()
    page = await at_night.page_of_number(number)
    assert page.outcome is Outcome.ABANDONED
