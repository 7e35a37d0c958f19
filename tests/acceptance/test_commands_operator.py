"""Operators and calls to give back, from the keyboard."""

from __future__ import annotations

import asyncio
import re
from uuid import uuid4

import pytest

from centralino import records
from centralino.platform import Platform
from centralino.settings import Tree
from foundation.clock import SystemClock
from ledger.model import Outcome
from tests.acceptance.test_commands import Keyboard, keyboard, serving

__all__ = ["keyboard", "serving"]

CALLER = "+390612345678"


@pytest.fixture
def with_operators(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two operators' phones are set up."""
    monkeypatch.setenv("CENTRALINO_UP__OPERATORS", '["201", "202"]')


@pytest.mark.usefixtures("with_operators")
def test_an_operator_goes_on_duty_and_off_and_a_missed_caller_is_called_back(serving: Keyboard) -> None:
    assert "201      off duty" in serving.types("operator", "list").stdout
    on = serving.types("operator", "login", "201")
    assert on.returncode == 0, on.stderr
    assert "201 is on duty: callers who ask for an operator are put through to this phone" in on.stdout
    assert "201 is on duty already" in serving.types("operator", "login", "201").stdout
    shown = serving.types("operator", "list").stdout
    assert "201      on duty since" in shown
    assert "its phone has not registered" in shown or "does not know of it yet" in shown
    assert (
        "201 is paused: lunch. `centralino operator login 201` ends it."
        in serving.types("operator", "pause", "201", "--reason", "lunch").stdout
    )
    assert re.search(r"201 +paused since .*: lunch", serving.types("operator", "list").stdout)
    assert "known are 201, 202" in serving.refused("operator", "login", "999")
    assert "known are 201, 202" in serving.refused("operator", "pause", "999")
    assert "known are 201, 202" in serving.refused("operator", "logout", "999")
    assert "201 is off duty:" in serving.types("operator", "logout", "201").stdout
    assert serving.types("calls", "to-call-back").stdout == "nobody is to be called back\n"
    call_id = asyncio.run(a_message_of_the_fallback(serving))
    listed = serving.types("calls", "to-call-back").stdout
    assert listed.startswith(call_id)
    assert f"{CALLER}  -  left a message while the service was down, and heard no code" in listed
    assert "no call has the id 12" in serving.refused("calls", "called-back", "12", "--author", "Anna")
    assert serving.types("calls", "called-back", call_id, "--author", "Anna").returncode == 0
    assert serving.types("calls", "to-call-back").stdout == "nobody is to be called back\n"


async def a_message_of_the_fallback(serving: Keyboard) -> str:
    """A page of the ledger, as the import writes it."""
    tree, call_id = Tree(up=serving.settings), uuid4()
    async with records.opened(tree, Platform(tree, "").database_url) as opened:
        await opened.ledger.import_call(call_id, CALLER, SystemClock().now(), "it", Outcome.MESSAGE_LEFT)
    return str(call_id)


def test_without_operators_or_a_platform_a_sentence_says_how_to_get_them(keyboard: Keyboard) -> None:
    refused = keyboard.refused("operator", "login", "201")
    assert "no operators' phones are set up. Example: CENTRALINO_UP__OPERATORS=" in refused
    more = {"CENTRALINO_UP__OPERATORS": '["201"]'}
    assert "no platform is running on" in keyboard.refused("operator", "login", "201", **more)
    assert "no platform is running on" in keyboard.refused("calls", "to-call-back")
    wrong = keyboard.types("operator", "list", CENTRALINO_UP__OPERATORS='["2", "anna"]')
    assert wrong.returncode == 1
    assert "'2' is no number of an operator's phone: two to six digits" in wrong.stderr
