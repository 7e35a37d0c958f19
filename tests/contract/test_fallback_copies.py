"""What a real Asterisk holds for the fallback follows the rows, whichever of the two was away."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from centralino.platform import Platform
from foundation.clock import SystemClock
from foundation.health import Health, Standing
from pbx.ami.client import Ami, AmiError
from pbx.ami.settings import AmiSettings
from queue_manager.asterisk import AsteriskCopies
from queue_manager.keeper import Keeper
from queue_manager.model import Wanted
from queue_manager.settings import QueueSettings
from tests.places import a_platform
from tests.polling import until

ONE = Wanted(frozenset({"PJSIP/201"}), {"20261225": "closed"})
OTHER = Wanted(frozenset({"PJSIP/202"}), {"20261225": "1798200000-1798210000,1798220000-1798230000", "20261226": "closed"})  # fmt: skip


class ScriptedRows:
    """Stands for PostgreSQL: says what a test lets it say, is away, or is frozen and says nothing."""

    def __init__(self) -> None:
        self.says: Wanted | None = ONE
        self.turns = asyncio.Event()
        self.turns.set()

    async def wanted(self) -> Wanted:
        await self.turns.wait()
        if self.says is None:
            raise OSError("PostgreSQL is away")
        return self.says


@asynccontextmanager
async def keeping(ami: AmiSettings, rows: ScriptedRows) -> AsyncIterator[Health]:
    """The keeper at work; it ends when it is told to, and not before."""
    health, stop = Health("queue"), asyncio.Event()
    settings = QueueSettings(look_s=0.05, sweep_s=0.5, retry_s=0.1, rows_within_s=0.5)
    keeper = Keeper(rows.wanted, ami, settings, SystemClock(), health.check("fallback", "comparing"))
    running = asyncio.create_task(keeper.run(stop))
    try:
        yield health
        assert not running.done(), "it must outlive whatever is away"
    finally:
        stop.set()
        await asyncio.wait_for(running, 10)


async def holds(ami: AmiSettings, wanted: Wanted) -> None:
    """Asterisk holds this and nothing else, soon."""

    async def is_so() -> bool:
        with suppress(AmiError):
            async with Ami.connected(ami) as connection:
                copies = AsteriskCopies(connection)
                return (await copies.members(), await copies.dated()) == (wanted.members, wanted.dated)
        return False

    await until(is_so, 20, f"Asterisk's knowledge of {wanted}")


@asynccontextmanager
async def a_pbx() -> AsyncIterator[Platform]:
    async with a_platform(place=1, operators=("201", "202")) as platform:
        platform.folders.sounds.mkdir()
        yield platform


async def test_it_waits_for_asterisk_and_catches_up_after_each_change_and_each_loss() -> None:
    rows = ScriptedRows()
    async with a_pbx() as platform:
        ami = platform.services.ami("queue")
        async with keeping(ami, rows) as health:
            await until(lambda: "AMI is away" in health.seen()["fallback"].says, 10, "its word that Asterisk is away")
            asterisk = await platform.start_pbx()
            await holds(ami, ONE)
            assert health.seen()["fallback"].standing is Standing.WELL
            rows.says = OTHER
            await holds(ami, OTHER)
            restarts = asterisk.restarts
            os.killpg(asterisk.pid, signal.SIGKILL)
            rows.says = ONE
            await until(lambda: asterisk.restarts > restarts, 20, "Asterisk started again")
            await holds(ami, ONE)


async def test_what_somebody_else_changes_is_put_right_and_rows_that_are_away_change_nothing() -> None:
    rows = ScriptedRows()
    async with a_pbx() as platform:
        ami = platform.services.ami("queue")
        await platform.start_pbx()
        async with keeping(ami, rows) as health:
            await holds(ami, ONE)
            async with Ami.connected(ami) as connection:
                await AsteriskCopies(connection).bring_to(OTHER)
            await holds(ami, ONE)
            rows.says = None
            await until(lambda: "PostgreSQL is away" in health.seen()["fallback"].says, 10, "its word on PostgreSQL")
            await holds(ami, ONE)
            rows.says = Wanted()
            await holds(ami, Wanted())


async def test_rows_that_are_frozen_are_told_and_what_they_last_said_is_put_back_into_an_asterisk_that_lost_it() -> (
    None
):
    rows = ScriptedRows()
    async with a_pbx() as platform:
        ami = platform.services.ami("queue")
        asterisk = await platform.start_pbx()
        async with keeping(ami, rows) as health:
            await holds(ami, ONE)
            rows.turns.clear()
            await until(lambda: "PostgreSQL is away" in health.seen()["fallback"].says, 10, "its word on PostgreSQL")
            async with Ami.connected(ami) as connection:
                await AsteriskCopies(connection).bring_to(OTHER)
            await holds(ami, ONE)
            restarts = asterisk.restarts
            os.killpg(asterisk.pid, signal.SIGKILL)
            (platform.folders.asterisk / "db" / "astdb.sqlite3").unlink()
            await until(lambda: asterisk.restarts > restarts, 20, "Asterisk started again")
            await holds(ami, ONE)
            assert health.seen()["fallback"].standing is Standing.WAITING
            rows.says = OTHER
            rows.turns.set()
            await holds(ami, OTHER)
            await until(lambda: health.seen()["fallback"].standing is Standing.WELL, 10, "its word that all is well")


async def test_a_keeper_that_knows_no_rows_yet_leaves_asterisk_what_it_has() -> None:
    rows = ScriptedRows()
    rows.says = None
    async with a_pbx() as platform:
        ami = platform.services.ami("queue")
        await platform.start_pbx()
        async with Ami.connected(ami) as connection:
            copies = AsteriskCopies(connection)
            await copies.bring_to(OTHER)
            async with keeping(ami, rows) as health:
                await until(
                    lambda: "PostgreSQL is away" in health.seen()["fallback"].says, 10, "its word on PostgreSQL"
                )
                assert (await copies.members(), await copies.dated()) == (OTHER.members, OTHER.dated)
                rows.says = ONE
                await holds(ami, ONE)


async def test_an_unknown_user_and_a_refused_action_are_told_in_asterisks_words() -> None:
    async with a_pbx() as platform:
        await platform.start_pbx()
        ami = platform.services.ami("queue")
        with pytest.raises(AmiError, match="does not know the user 'nobody'"):
            async with Ami.connected(ami.model_copy(update={"user": "nobody"})):
                pass
        async with Ami.connected(ami) as connection:
            with pytest.raises(AmiError, match="refused QueueRemove: Unable to remove interface"):
                await connection.ask("QueueRemove", Queue="fallback", Interface="PJSIP/209")
            with pytest.raises(AmiError, match="refused Command: Permission denied"):
                await connection.ask("Command", Command="core stop now")
