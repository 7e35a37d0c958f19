"""The sign of life that the dialplan looks at before it hands over a caller."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from centralino.settings import CHECKOUT
from foundation.health import Check, Standing
from pbx.ari.client import Ari
from pbx.ari.fake import FakePbx
from pbx.ari.heartbeat import FRESH_S, IVR, Heartbeat, is_fresh
from tests.clocks import HeldClock
from tests.polling import until


@asynccontextmanager
async def beating(pbx: FakePbx, clock: HeldClock, every_s: float) -> AsyncIterator[Check]:
    """A process with a heartbeat, connected to a simulated PBX."""

    async def on_connected() -> None:
        heartbeat.connected()

    ari = Ari("ivr", pbx.connect, lambda event: None, on_connected, most_back_off_s=0.01)
    check = Check("pbx", "connecting", clock)
    heartbeat = Heartbeat(ari, IVR, clock, check, every_s)
    tasks = [asyncio.create_task(ari.run()), asyncio.create_task(heartbeat.run())]
    try:
        yield check
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def shown(clock: HeldClock) -> str:
    return str(int(clock.now().timestamp()))


async def test_the_time_is_shown_at_once_and_kept_fresh(tmp_path: Path) -> None:
    pbx, clock = FakePbx(tmp_path), HeldClock()
    async with beating(pbx, clock, every_s=0.02):
        await until(lambda: pbx.globals.get(IVR) == shown(clock), what="the first beat")
        clock.move(seconds=3.7)
        await until(lambda: pbx.globals[IVR] == shown(clock), what="the next beat")


async def test_a_new_connection_has_a_beat_at_once(tmp_path: Path) -> None:
    pbx, clock = FakePbx(tmp_path), HeldClock()
    async with beating(pbx, clock, every_s=3600):
        await until(lambda: pbx.globals.get(IVR) == shown(clock), what="the first beat")
        clock.move(seconds=60)
        await pbx.drop()
        await until(lambda: pbx.globals[IVR] == shown(clock), what="the beat of the second connection")


async def test_a_pbx_that_is_away_or_refuses_ends_no_heartbeat(tmp_path: Path) -> None:
    pbx, clock = FakePbx(tmp_path), HeldClock()
    pbx.reachable = False
    async with beating(pbx, clock, every_s=0.01) as check:
        await asyncio.sleep(0.05)
        assert check.seen.standing is Standing.WAITING
        pbx.reachable = True
        await until(lambda: pbx.globals.get(IVR) == shown(clock), what="the beat once the PBX is there")


async def test_ivr_is_in_service_while_its_heartbeat_is_heard(tmp_path: Path) -> None:
    pbx, clock = FakePbx(tmp_path), HeldClock()
    async with beating(pbx, clock, every_s=0.01) as check:
        await until(lambda: check.seen.standing is Standing.WELL, what="in service")
        pbx.reachable = False
        await pbx.drop()
        await until(lambda: check.seen.standing is Standing.FAILING, what="out of service")
        pbx.reachable = True
        await until(lambda: check.seen.standing is Standing.WELL, what="in service again")


@pytest.mark.parametrize(
    ("value", "fresh"),
    [("1000", True), ("995", True), ("1005", True), ("994", False), ("1006", False), ("", False), ("soon", False)],
)
def test_a_heartbeat_is_fresh_within_five_seconds_both_ways(value: str, fresh: bool) -> None:
    assert is_fresh(value, 1000.9) is fresh


def test_the_dialplan_takes_the_same_age_for_fresh() -> None:
    inbound = (CHECKOUT / "dialplan" / "inbound.conf").read_text(encoding="utf-8")
    assert inbound.count(f"> {FRESH_S:g}") == 2
    assert f"GLOBAL({IVR})" in inbound
