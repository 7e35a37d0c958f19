"""The fallback's disk fills up while a caller speaks: Asterisk says that it recorded, and the caller must not be told so."""

from __future__ import annotations

import os
import signal
import subprocess

import pytest

from centralino.platform import Platform
from ledger.model import Outcome
from tests.acceptance.line import a_line, prepare
from tests.polling import until


async def test_a_caller_whose_message_found_no_room_hears_the_apology_and_is_called_back() -> None:
    async with a_line(1, prepared=with_little_room) as line:
        await line.closed()
        ivr = line.platform.supervisor.running["ivr"]
        ivr.hold()
        os.killpg(ivr.pid, signal.SIGKILL)

        async def is_away() -> bool:
            return not await line.platform.ivr_is_up()

        try:
            await until(is_away, 30, "the PBX's notice of ivr's death")
            told = await line.call("hear beep", "speak {it}", "press #", "hear it/apology", "hear en/apology", "stay")
            assert "it/fallback-thanks" not in told.names()
            page = await line.page_of(told)
            assert page.outcome in {Outcome.ERROR, Outcome.MESSAGE_LEFT}, "what did find room is kept"
            assert page.call_id in [call.call_id for call in await line.records.ledger.callback_list()]
        finally:
            subprocess.run(["umount", "-l", str(line.platform.folders.spool / "fallback")], check=True)


def with_little_room(platform: Platform) -> None:
    """A file system of its own for the fallback's spool: a note and two seconds of speech fit."""
    prepare(platform)
    spool = platform.folders.spool / "fallback"
    spool.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", "size=40k,mode=777", "tmpfs", str(spool)]
    if subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("only root can mount a file system to fill up")
