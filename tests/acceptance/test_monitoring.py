"""`status` and `trace` on a real platform: with everything well, with parts dead and frozen."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from time import monotonic

import pytest
import pytest_asyncio

from centralino.looks import LIMIT_S, look
from centralino.picture import Picture
from centralino.records import NotFound
from centralino.services import OURS
from centralino.trace import trace
from foundation.health import Standing
from tests.acceptance.line import ServiceLine, a_line
from tests.places import a_platform
from tests.polling import until


@pytest_asyncio.fixture(loop_scope="session")
async def line() -> AsyncIterator[ServiceLine]:
    async with a_line(place=1) as line:
        await line.closed()
        yield line


def text(line: ServiceLine, picture: Picture) -> str:
    return "\n".join(picture.lines(line.platform.tree.hours.zone))


def says(picture: Picture, name: str) -> tuple[Standing, str]:
    [part] = [part for part in picture.parts if part.name == name]
    return part.standing, part.says


async def story(line: ServiceLine, wanted: str) -> str:
    platform = line.platform
    return "\n".join(await trace(platform.tree, platform.database_url, platform.folders.logs, wanted))


async def test_the_status_of_a_platform_with_a_call_and_the_story_of_that_call(line: ServiceLine) -> None:
    number = line.a_number()
    async with line.phone.call("800840840", number) as call:
        await call.hear_start("it/welcome")
        await call.press("3")
        await call.hear_start("it/mailbox")
        picture = await look(line.platform)
        shown = text(line, picture)
        await call.press("5")
        await call.hear("beep")
        await call.hang_up()
    assert picture.well, shown
    assert {part.name for part in picture.parts} == {"up", "asterisk", "redis", "postgres", *OURS}
    assert all(part.started for part in picture.parts)
    assert picture.headline().startswith("CALLS ARE ANSWERED")
    assert "1 in progress: mailbox 1" in shown
    assert "0 writes in the outbox" in shown
    page = await line.page_of_number(number)
    told = await story(line, str(page.call_id)[:8])
    assert told.startswith(f"call {page.call_id}\n  it, missed\n")
    for moment in ("ledger     arrived", "ivr        flow entered (flow mailbox)", "ledger     ended outcome=missed"):
        assert moment in told
    assert number.removeprefix("+") not in told + shown
    with pytest.raises(NotFound, match="no call's id begins with 'ffffffff-0000'"):
        await story(line, "ffffffff-0000")


async def test_a_frozen_ivr_is_named_in_time_with_its_pid_and_what_to_do(line: ServiceLine) -> None:
    pid = line.platform.supervisor.running["ivr"].pid
    os.kill(pid, signal.SIGSTOP)

    async def is_stale() -> bool:
        return says(await look(line.platform, 0.5), "asterisk")[0] is Standing.DEGRADED

    await until(is_stale, 20, "the PBX's notice of a stale heartbeat")
    begun = monotonic()
    picture = await look(line.platform)
    took = monotonic() - begun
    os.kill(pid, signal.SIGCONT)
    assert took < LIMIT_S + 1.5
    assert says(picture, "ivr") == (
        Standing.FAILING,
        f"takes connections and does not answer within 2 s: frozen, or overloaded (pid {pid}, stopped by a signal)",
    )
    assert f"do: kill -9 {pid}" in text(line, picture)
    assert picture.headline().startswith("CALLS GO TO THE FALLBACK")


async def test_with_any_part_dead_the_rest_is_told_and_the_dead_is_named(line: ServiceLine) -> None:
    told = await line.call("hear-start it/welcome", "hang up")
    call_id = str((await line.page_of(told)).call_id)
    running = line.platform.supervisor.running
    for name in ("voicemail", "redis", "postgres", "ivr", "asterisk"):
        running[name].hold()
        os.killpg(running[name].pid, signal.SIGKILL)

        async def is_seen(name: str = name) -> bool:
            return says(await look(line.platform), name)[0] is Standing.FAILING

        await until(is_seen, 20, f"{name} seen dead")
        assert says(await look(line.platform), "up")[0] is Standing.WELL
    picture = await look(line.platform)
    shown = text(line, picture)
    assert picture.headline() == "NO CALL IS ANSWERED: the PBX does not serve"
    assert "unknown: ivr does not answer" in shown
    assert shown.count("it is started again within 5 s") == 5
    alone = await story(line, call_id)
    assert "the database does not answer: told by the logs alone" in alone
    assert "ivr        call arrived" in alone
    for name in ("asterisk", "postgres", "redis", "voicemail", "ivr"):
        running[name].release()

    async def is_well() -> bool:
        return (await look(line.platform)).well

    await until(is_well, 60, "everything well again")


async def test_without_a_platform_everything_is_named_dead_and_how_to_start_it() -> None:
    async with a_platform(place=2) as platform:
        picture = await asyncio.wait_for(look(platform), 5)
    assert {part.standing for part in picture.parts} == {Standing.FAILING}
    assert {part.mend for part in picture.parts if part.name != "up"} == {"start the platform: `make run`"}
