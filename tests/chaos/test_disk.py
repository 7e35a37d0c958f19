"""The disk is full: an apology, the other channels' addresses, a call on the call-back list, and nothing that says "saved"."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import pytest

from ledger.model import Outcome
from tests.chaos import faults
from tests.chaos.agree import Circumstances
from tests.chaos.callers import Manner, Wish
from tests.chaos.phones import PhoneCall
from tests.chaos.scene import Scene, told

pytestmark = [pytest.mark.xdist_group("chaos"), pytest.mark.timeout(300)]

ROOM = 8_000  # bytes left on it: half a second of speech
PROMISES_A_MESSAGE = ("code-is", "code-later", "fallback-thanks", "message-added")


@contextmanager
def reserve_mb(megabytes: int) -> Iterator[None]:
    """For processes started within the block."""
    os.environ["CENTRALINO_IVR__DISK_RESERVE_MB"] = str(megabytes)
    try:
        yield
    finally:
        del os.environ["CENTRALINO_IVR__DISK_RESERVE_MB"]


@asynccontextmanager
async def a_full_spool(scene: Scene) -> AsyncIterator[None]:
    """The PBX and `ivr` start again over a spool of one megabyte that has next to no room left."""
    folder = scene.platform.folders.spool
    with faults.small_disk(folder):
        for name in ("recording", "fallback"):
            (folder / name).mkdir()
        for name in ("asterisk", "ivr"):
            async with faults.away(scene.platform, name):
                pass
        await faults.all_up(scene.platform)
        free = os.statvfs(folder)
        (folder / "ballast").write_bytes(bytes(free.f_bavail * free.f_bsize - ROOM))
        yield
    for name in ("asterisk", "ivr"):
        async with faults.away(scene.platform, name):
            pass


async def say_something(scene: Scene, reserve: int) -> list[PhoneCall]:
    """Two callers on a full disk; nothing is promised to them, and both sides agree on that."""
    with reserve_mb(reserve):
        async with a_full_spool(scene):
            calls = await scene.calls(Manner(Wish.MESSAGE, speech_s=9.0), Manner(Wish.MESSAGE, speech_s=6.0))
    agreement = await scene.reckon(Circumstances(disk_full=True))
    books = await scene.books.read()
    assert not any(call.has_heard(*PROMISES_A_MESSAGE) for call in calls), told(calls)
    assert {page.outcome for page in books.calls} <= {Outcome.ERROR, Outcome.MISSED}
    assert not books.practices
    assert not agreement.differences, "\n".join(agreement.differences)
    return calls


@pytest.mark.promise(
    "The disk is full: the caller hears an apology and is called back, and nothing says that a message was kept"
)
async def test_with_no_room_for_a_message_callers_hear_an_apology_and_are_called_back(scene: Scene) -> None:
    calls = await say_something(scene, reserve=200)
    assert all(call.has_heard("apology") for call in calls), told(calls)


@pytest.mark.promise("The disk fills up while a caller speaks: they hear an apology, and are called back")
@pytest.mark.long
async def test_with_a_disk_that_fills_while_they_speak_callers_are_told_so_and_called_back(scene: Scene) -> None:
    calls = await say_something(scene, reserve=0)
    assert all(call.has_heard("apology") for call in calls), told(calls)
    assert not any(call.has_heard("not-recorded") for call in calls), told(calls)
