"""A frozen `ivr` keeps its connection and would be handed callers: the dialplan looks at its heartbeat first."""

from __future__ import annotations

import os
import signal

import pytest

from tests.acceptance.line import ServiceLine
from tests.acceptance.test_restarts import line
from tests.polling import until

__all__ = ["line"]


@pytest.mark.promise("No new caller is handed to a frozen `ivr`")
async def test_a_call_to_a_frozen_ivr_hears_the_fallback_and_once_thawed_the_menu(line: ServiceLine) -> None:
    async def no_longer_serves() -> bool:
        return not await line.platform.ivr_is_up()

    ivr = line.platform.supervisor.running["ivr"].pid
    os.killpg(ivr, signal.SIGSTOP)
    try:
        await until(no_longer_serves, 20, "the heartbeat too old to be handed a call")
        told = await line.call("hear it/not-a-rescue-number", "hear en/not-a-rescue-number", "hang up")
        assert "it/language-offer" not in told.names()
    finally:
        os.killpg(ivr, signal.SIGCONT)
    await until(line.platform.ivr_is_up, 20, "the heartbeat fresh again")
    await line.call("hear-start it/welcome", "hear-start it/language-offer", "hang up")
