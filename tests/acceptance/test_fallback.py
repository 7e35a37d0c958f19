"""With none of our processes to answer: Asterisk alone rings the operators on duty, and takes a message where none answers."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing, suppress
from datetime import timedelta
from time import monotonic

import numpy as np
import pytest_asyncio
from numpy.typing import NDArray

from centralino.robot_call import Told
from dialplan.dated import dated_hours
from foundation.clock import SystemClock
from ledger.model import Call, Outcome, StepKind
from pbx.ami.client import Ami, AmiError
from queue_manager.asterisk import AsteriskCopies
from queue_manager.model import Duty, interface_of
from tests.acceptance.line import ServiceLine, a_line
from tests.acceptance.test_privacy import with_any
from tests.polling import until

ANSWERS, RINGS = "201", "202"
OPERATOR_SAYS = "it/other-channels"
"""What no caller of the fallback hears but from an operator's phone (`asterisk_conf/robot/extensions.conf`)."""
RING_HZ = 425


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def _line() -> AsyncIterator[ServiceLine]:
    async with a_line(1, (ANSWERS, RINGS), operator_wait_s=8) as line:
        yield line


@pytest_asyncio.fixture(loop_scope="session")
async def line(_line: ServiceLine) -> AsyncIterator[ServiceLine]:
    """Open, with nobody on duty and no `ivr`."""
    ivr = _line.platform.supervisor.running["ivr"]
    ivr.hold()
    with suppress(ProcessLookupError):
        os.killpg(ivr.pid, signal.SIGKILL)

    async def is_away() -> bool:
        return not await _line.platform.ivr_is_up()

    await until(is_away, 30, "the PBX's notice of ivr's death")
    await _line.opened()
    await on_duty(_line)
    yield _line


async def phones(line: ServiceLine) -> dict[str, str] | None:
    """The phones that Asterisk would ring; None while it is away."""
    with suppress(AmiError):
        async with Ami.connected(line.platform.services.ami("queue")) as ami:
            return await AsteriskCopies(ami).phones()
    return None


async def on_duty(line: ServiceLine, *numbers: str) -> None:
    """These operators are on duty and no others, and their phones have registered."""
    for number in (ANSWERS, RINGS):
        await line.records.duties.set(number, Duty.ON if number in numbers else Duty.OFF)
    wanted = {interface_of(number): "its phone is free" for number in numbers}

    async def are_known() -> bool:
        return await phones(line) == wanted

    await until(are_known, 30, f"Asterisk's knowledge of {wanted}")


async def until_known(line: ServiceLine) -> None:
    """Asterisk's dated hours are those of the calendar in force."""

    async def are_known() -> bool:
        calendar = await line.records.calendar.load()
        today = SystemClock().now().astimezone(calendar.zone).date()
        async with Ami.connected(line.platform.services.ami("queue")) as ami:
            return await AsteriskCopies(ami).dated() == dated_hours(calendar, today)

    await until(are_known, 10, "the hours in the AstDB")


async def page_of(line: ServiceLine, told: Told) -> Call:
    return await line.page_of_number(told.caller)


def loudness(audio: NDArray[np.int16], hertz: float) -> NDArray[np.float64]:
    """How strong a tone is in each half second."""
    halves = audio[: len(audio) // 4000 * 4000].reshape(-1, 4000).astype(float)
    wave = np.exp(-2j * np.pi * hertz * np.arange(4000) / 8000)
    return np.asarray(np.abs(halves @ wave) / 4000)


async def test_the_operator_on_duty_is_rung_answers_and_the_ledger_says_so(line: ServiceLine) -> None:
    await on_duty(line, ANSWERS)
    told = await line.call("hear en/not-a-rescue-number", "hear en/fallback-hold", f"hear {OPERATOR_SAYS}", "hang up")
    assert told.names()[:6] == [
        "it/welcome", "it/not-a-rescue-number", "en/welcome", "en/not-a-rescue-number", "it/fallback-hold", "en/fallback-hold",
    ]  # fmt: skip
    assert "beep" not in told.names()
    page = await page_of(line, told)
    assert page.outcome is Outcome.ANSWERED
    [answered] = [step for step in page.steps if step.kind is StepKind.ANSWERED]
    assert answered.detail == {"operator": interface_of(ANSWERS)}
    assert page.ended_at is not None
    assert page.started_at < answered.at < page.ended_at
    assert page.ended_at - answered.at > timedelta(seconds=3), "the talk counts, not only the answer"
    number = told.caller.removeprefix("+39")
    assert with_any(line.platform.folders.asterisk / "log", [number]) == {}, "app_queue keeps no log of numbers"
    assert with_any(line.platform.folders.logs, [number]) == {}


async def test_the_emergency_bulletin_is_said_first_also_by_the_fallback(line: ServiceLine) -> None:
    for language in ("it", "en"):
        folder = line.platform.folders.sounds / language
        shutil.copyfile(folder / "goodbye.wav", folder / "bulletin.wav")  # any text will do
    try:
        told = await line.call("hear it/welcome", "hang up")
    finally:
        for bulletin in line.platform.folders.sounds.glob("*/bulletin.wav"):
            bulletin.unlink()
    assert told.names() == ["it/goodbye", "en/goodbye", "it/welcome"]


async def test_with_nobody_on_duty_the_caller_is_told_so_and_leaves_a_message_at_once(line: ServiceLine) -> None:
    told = await line.call("hear en/no-operator", "hear beep", "speak {it}", "press #", "hear it/fallback-thanks", "hang up")  # fmt: skip
    assert "it/fallback-hold" not in told.names()
    page = await page_of(line, told)
    assert page.outcome is Outcome.MESSAGE_LEFT
    assert StepKind.QUEUED not in [step.kind for step in page.steps]
    assert page.call_id in [call.call_id for call in await line.records.ledger.callback_list()]


async def test_a_line_closed_from_this_moment_on_rings_nobody_and_takes_a_message_at_once(line: ServiceLine) -> None:
    await on_duty(line, ANSWERS)
    await line.closed()
    await until_known(line)
    told = await line.call("hear en/not-a-rescue-number", "hear it/mailbox", "hear beep", "hang up")
    assert not {"it/fallback-hold", "it/no-operator"} & set(told.names())
    page = await page_of(line, told)
    assert StepKind.QUEUED not in [step.kind for step in page.steps]


async def test_an_operator_who_does_not_answer_is_rung_audibly_and_then_the_message_is_taken(line: ServiceLine) -> None:
    await on_duty(line, RINGS)
    told = await line.call("hear en/fallback-hold", "hear en/operators-busy", "hear beep", "hang up")
    begins, ends = (
        next(hit.end_s if name == "en/fallback-hold" else hit.start_s for hit in told.heard if hit.name == name)
        for name in ("en/fallback-hold", "it/operators-busy")
    )
    assert 5 < ends - begins < 20, "the longest wait is eight seconds"
    assert loudness(told.audio, RING_HZ).max() > 100, "nobody waits in silence"
    assert (await page_of(line, told)).outcome is Outcome.MISSED


async def test_operators_are_remembered_when_asterisk_and_the_queues_process_are_killed(line: ServiceLine) -> None:
    await on_duty(line, ANSWERS, RINGS)
    wanted = {interface_of(ANSWERS), interface_of(RINGS)}
    database = line.platform.folders.asterisk / "db" / "astdb.sqlite3"

    def on_the_disk() -> bool:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            kept = dict(connection.execute("SELECT key, value FROM astdb").fetchall())
        members = kept.get("/Queue/PersistentMembers/fallback", "")
        phones = [key for key in kept if key.startswith("/registrar/contact/")]
        return all(member in members for member in wanted) and len(phones) == len(wanted)

    await until(on_the_disk, 10, "the members and their phones on the disk")
    running = line.platform.supervisor.running
    running["queue"].hold()
    before = running["asterisk"].restarts
    for service in ("queue", "asterisk"):
        os.killpg(running[service].pid, signal.SIGKILL)
    await until(lambda: running["asterisk"].restarts > before, 30, "Asterisk started again")

    async def are_known() -> bool:
        return set(await phones(line) or {}) == wanted

    try:
        await until(are_known, 30, "the members in a new Asterisk that nobody told of them")
    finally:
        running["queue"].release()
    await on_duty(line, ANSWERS)


async def test_a_change_of_hours_reaches_the_fallback_within_two_seconds(line: ServiceLine) -> None:
    for change in (line.closed, line.opened):
        await change()
        began = monotonic()
        await until_known(line)
        assert monotonic() - began < 2.0
