"""Processes killed without warning: the practice, its audio and its transcript are there, once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path

import pytest
import pytest_asyncio
import soundfile

from centralino.robot_call import load
from ledger.model import Outcome, StepKind
from pbx.robot.phone import RobotCall
from tests.acceptance.line import NUMBER, ServiceLine, a_line
from tests.acceptance.test_mailbox import likeness, to_mailbox
from tests.polling import until
from ticket_core.model import Message, MessageState


@pytest_asyncio.fixture(loop_scope="session")
async def line() -> AsyncIterator[ServiceLine]:
    """A line of its own for each test: what is killed here must not be missed elsewhere."""
    async with a_line(place=1) as line:
        await line.closed()
        yield line


def kill(line: ServiceLine, service: str) -> None:
    """kill -9, on the process and on what it started."""
    line.platform.supervisor.running[service].kill()


async def restarted(line: ServiceLine, service: str, times: int = 1) -> None:
    """The supervisor has started it again, and the new one is ready.

    The PBX would not do to ask: for five seconds it takes the dead one's last heartbeat for a sign of life.
    """
    running = line.platform.supervisor.running[service]
    await until(lambda: running.restarts >= times, 60, f"{service} started again")
    async with asyncio.timeout(60):
        await running.service.ready()


async def begin_to_speak(line: ServiceLine, call: RobotCall) -> asyncio.Task[None]:
    """Take a call to the mailbox's beep, then speak on in the background."""
    await call.hear_start("it/welcome")
    await call.press("3")
    await call.hear_start("it/mailbox")
    await call.press("5")
    await call.hear("beep")
    speaking = asyncio.create_task(call.speak(load(line.said("it"))))
    await asyncio.sleep(1.5)
    return speaking


async def speaks_until(line: ServiceLine, call: RobotCall, done: Awaitable[None], speaking: asyncio.Task[None]) -> None:
    """Say the sentence again and again until `done`: whoever falls silent has ended the message."""
    waiting = asyncio.ensure_future(done)
    while not waiting.done():
        await speaking
        speaking = asyncio.create_task(call.speak(load(line.said("it"))))
    await waiting
    await speaking


async def the_message(line: ServiceLine, number: str) -> Message:
    """The only message of a number's call, transcribed; and the only practice there is."""
    page = await line.page_of_number(number)
    assert page.outcome is Outcome.MESSAGE_LEFT
    [message] = await line.records.practices.messages_of_call(page.call_id)
    message = await line.transcribed(message)
    assert len(await line.records.practices.recent(10)) == 1
    assert message.audio_path is not None
    return message


def kept_audio(line: ServiceLine) -> list[Path]:
    return sorted(line.platform.folders.audio.rglob("*.wav"))


@pytest.mark.promise("`ivr` is killed while a caller speaks: nothing is lost and nothing is asked twice")
async def test_ivr_killed_while_a_caller_speaks_loses_nothing_and_asks_nothing_twice(line: ServiceLine) -> None:
    number = line.a_number()
    async with line.phone.call(NUMBER, number) as call:
        speaking = await begin_to_speak(line, call)
        kill(line, "ivr")
        await speaks_until(line, call, restarted(line, "ivr"), speaking)
        await asyncio.sleep(1.0)
        await call.press("#")
        await call.hear_start("it/after-message", 20)
        await call.press("1")
        await call.hear("it/code-again", 30)
        heard = [hit.name for hit in await asyncio.to_thread(call.heard)]
        await call.hang_up()
    message = await the_message(line, number)
    assert heard.count("it/mailbox") == 0, "the caller was asked again"
    assert heard.count("it/welcome") == 0
    practice = (await line.records.practices.recent(1))[0]
    digits = "".join(name.removeprefix("it/digit-") for name in heard if name.startswith("it/digit-"))
    assert digits.startswith(practice.code)
    assert message.transcript is not None
    assert "albero" in message.transcript.text.lower()
    assert len(kept_audio(line)) == 1
    page = await line.page_of_number(number)
    assert StepKind.RESUMED in [step.kind for step in page.steps]


@pytest.mark.promise("A caller who hangs up while `ivr` is down still gets a practice")
async def test_ivr_killed_and_the_caller_hangs_up_before_it_is_back(line: ServiceLine) -> None:
    number = line.a_number()
    async with line.phone.call(NUMBER, number) as call:
        speaking = await begin_to_speak(line, call)
        line.platform.supervisor.running["ivr"].hold()
        kill(line, "ivr")
        await speaking
        await call.hang_up()
    line.platform.supervisor.running["ivr"].release()
    message = await the_message(line, number)
    assert message.transcript is not None
    assert "albero" in message.transcript.text.lower()
    assert len(kept_audio(line)) == 1


@pytest.mark.promise("A worker dies in the middle of a message: it is claimed by another and transcribed exactly once")
async def test_the_worker_killed_in_the_middle_of_decoding_ends_with_one_transcript(line: ServiceLine) -> None:
    number = line.a_number()
    async with line.phone.call(NUMBER, number) as call:
        speaking = await begin_to_speak(line, call)
        await speaking
        await call.hang_up()
    page = await line.page_of_number(number)
    [message] = await line.records.practices.messages_of_call(page.call_id)

    async def decodes() -> bool:
        found = await line.records.practices.message(message.id)
        assert found is not None
        assert found.state is not MessageState.TRANSCRIBED, "the worker was done before it could be killed"
        return found.state is MessageState.TRANSCRIBING

    await until(decodes, 60, "the worker at work")
    kill(line, "voicemail")
    await restarted(line, "voicemail")
    done = await the_message(line, number)
    assert done.attempts == 2
    assert done.transcript is not None
    assert "albero" in done.transcript.text.lower()
    practice = (await line.records.practices.recent(1))[0]
    assert [entry.what for entry in practice.history].count("transcribed") == 1


@pytest.mark.promise("With nobody of ours to answer, the fallback takes the message, and it becomes a practice")
async def test_with_nobody_to_answer_the_fallback_takes_the_message_and_it_becomes_a_practice(
    line: ServiceLine,
) -> None:
    number = line.a_number()
    running = line.platform.supervisor.running["ivr"]

    async def ivr_is_away() -> bool:
        return not await line.platform.ivr_is_up()

    running.hold()
    kill(line, "ivr")
    await until(ivr_is_away, what="the PBX's notice of its death")
    told = await line.call(
        "hear it/not-a-rescue-number", "hear en/not-a-rescue-number", "hear beep", "speak {it}", "press #",
        "hear it/fallback-thanks", "stay", caller=number,
    )  # fmt: skip
    assert told.names()[:2] == ["it/welcome", "it/not-a-rescue-number"]
    running.release()

    async def is_imported() -> bool:
        return bool([call for call in await line.records.ledger.recent(5) if call.caller == number])

    await until(is_imported, 60, "the fallback's call in the ledger")
    message = await the_message(line, number)
    assert message.transcript is not None
    assert "albero" in message.transcript.text.lower()
    [kept] = kept_audio(line)
    audio, _ = soundfile.read(kept, dtype="int16")
    assert likeness(audio, line, "it") > 0.9
    assert not list((line.platform.folders.spool / "fallback").iterdir()), "the spool is cleared once it is imported"


async def test_every_process_of_ours_stops_and_starts_again_over_the_same_data(line: ServiceLine) -> None:
    told = await line.call(*to_mailbox(), "speak {it}", "press #", "hear-start it/after-message", "hang up")
    practice = await line.practice_of(told)
    assert practice is not None
    for service in ("ivr", "voicemail", "redis"):
        kill(line, service)
    for service in ("ivr", "voicemail", "redis"):
        await restarted(line, service)
    await line.call(
        "hear-start it/welcome", "press 2", "hear-start it/status-ask", f"press {practice.code}#",
        "hear it/status-received", "hang up",
    )  # fmt: skip
