"""The guard ends the right process, and no other."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from foundation.health import Check, Standing
from pbx.guard import restart
from pbx.guard.keeper import Keeper
from pbx.guard.model import Probe
from pbx.guard.probes import NoAnswer
from pbx.guard.settings import GuardSettings
from tests.clocks import HeldClock
from tests.polling import until


@contextmanager
def process(*words: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process that sleeps, and that /proc shows with these words."""
    program = "import sys, time; print(flush=True); time.sleep(600)"
    with subprocess.Popen(
        [words[0], "-c", program, *words[1:]], executable=sys.executable, stdout=subprocess.PIPE
    ) as it:
        assert it.stdout is not None
        it.stdout.readline()
        try:
            yield it
        finally:
            it.kill()


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    return tmp_path / "asterisk.conf"


def test_asterisk_is_found_by_its_configuration_file(conf: Path) -> None:
    with process("/usr/sbin/asterisk", "-C", str(conf), "-f") as asterisk:
        assert restart.find_asterisk(conf) == asterisk.pid
        assert restart.find_asterisk(conf.with_name("other.conf")) is None


@pytest.mark.parametrize(
    "words", [("asterisk", "-rx", "core show channels", "-C"), ("bwrap", "--", "/usr/sbin/asterisk", "-C")]
)
def test_its_command_line_and_its_sandbox_are_not_it(conf: Path, words: tuple[str, ...]) -> None:
    with process(*words, str(conf)):
        assert restart.find_asterisk(conf) is None


def test_a_stopped_process_is_ended_too(conf: Path) -> None:
    with process("asterisk", "-C", str(conf)) as asterisk:
        asterisk.send_signal(signal.SIGSTOP)
        assert restart.kill(asterisk.pid, conf)
        assert asterisk.wait(10) == -signal.SIGKILL


def test_a_number_that_came_to_mean_another_process_is_left_alone(conf: Path) -> None:
    with process("postgres", "-D", str(conf)) as other:
        assert not restart.kill(other.pid, conf)
        assert other.poll() is None


def test_the_age_of_a_process_is_told_in_seconds() -> None:
    age = restart.age_s(os.getpid())
    assert age is not None
    assert 0 < age < 7200
    with process("short-lived") as gone:
        gone.kill()
        gone.wait(10)
        assert restart.age_s(gone.pid) is None


class Pbx:
    """A PBX that answers, refuses, or is silent."""

    def __init__(self) -> None:
        self.trouble: Exception | None = None

    async def ping(self) -> None:
        if self.trouble:
            raise self.trouble


def a_keeper(conf: Path, pbx: Pbx, clock: HeldClock, grace_s: float) -> Keeper:
    settings = GuardSettings(asterisk_conf=conf, sip_address="127.0.0.1:5060", recordings=conf.parent, grace_s=grace_s)
    return Keeper(settings, clock, Check("pbx", "looking"), dict.fromkeys(Probe, pbx.ping))


async def rounds(keeper: Keeper, clock: HeldClock, seconds: int) -> None:
    """The rounds of so many seconds, one every four: two of waiting, two of pause."""
    for _ in range(0, seconds, 4):
        clock.move(seconds=4)
        await keeper.look()


async def not_new(asterisk: subprocess.Popen[bytes]) -> None:
    await until(lambda: (restart.age_s(asterisk.pid) or 0) > 1, what="a process that is not new")


async def test_a_pbx_that_is_silent_for_long_enough_is_killed(conf: Path) -> None:
    pbx, clock = Pbx(), HeldClock()
    keeper = a_keeper(conf, pbx, clock, grace_s=1)
    with process("asterisk", "-C", str(conf)) as asterisk:
        await not_new(asterisk)
        await keeper.look()
        pbx.trouble = TimeoutError()
        await rounds(keeper, clock, 4)
        assert asterisk.poll() is None, "too early"
        await rounds(keeper, clock, 4)
        assert await asyncio.to_thread(asterisk.wait, 10) == -signal.SIGKILL


async def test_a_pbx_that_refuses_us_is_not_killed_for_it(conf: Path) -> None:
    pbx, clock = Pbx(), HeldClock()
    keeper = a_keeper(conf, pbx, clock, grace_s=1)
    pbx.trouble = NoAnswer("401 Unauthorized")
    with process("asterisk", "-C", str(conf)) as asterisk:
        await not_new(asterisk)
        await rounds(keeper, clock, 600)
        assert asterisk.poll() is None
        assert "401 Unauthorized" in keeper.check.seen.says


async def test_a_pbx_that_has_just_started_is_given_time(conf: Path) -> None:
    pbx, clock = Pbx(), HeldClock()
    keeper = a_keeper(conf, pbx, clock, grace_s=600)
    with process("asterisk", "-C", str(conf)) as asterisk:
        pbx.trouble = TimeoutError()
        await rounds(keeper, clock, 600)
        assert asterisk.poll() is None


async def test_a_pbx_that_does_not_run_is_told_and_left_to_whoever_keeps_it_up(conf: Path) -> None:
    pbx, clock = Pbx(), HeldClock()
    keeper = a_keeper(conf, pbx, clock, grace_s=1)
    pbx.trouble = TimeoutError()
    await rounds(keeper, clock, 60)
    assert keeper.check.seen.standing is Standing.DEGRADED
    assert "hung" in keeper.check.seen.says
    pbx.trouble = None
    await keeper.look()
    assert keeper.check.seen.standing is Standing.WELL
