"""Rows 9 to 11 and 16 of the call script: what is said is kept, and its code is true."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from centralino.robot_call import Told, load
from ledger.model import Outcome
from pbx.robot.ear import Ear
from tests.acceptance.line import ServiceLine
from ticket_core.model import MessageState, PracticeState

CODE = 11


def to_mailbox(language: str = "it") -> list[str]:
    """The shortest way to the beep: keys typed while prompts still play."""
    change = ["hear-start it/language-offer", "press 9"] if language == "en" else []
    return [
        *change, f"hear-start {language}/welcome", "press 3",
        f"hear-start {language}/mailbox", "press 5", "hear beep",
    ]  # fmt: skip


def code_heard(told: Told, language: str = "it", after: str = "code-is") -> str:
    """The code as it was read out the first time."""
    return told.digits_after(f"{language}/{after}")


def likeness(audio: NDArray[np.int16], line: ServiceLine, language: str) -> float:
    """How like what the robot said `audio` is (1: the same).

    Its first second is left out, which may fall on the beep, and its last half, of which `Record()` takes a part away.
    """
    said = load(line.said(language))
    return Ear({"said": said}).score_in(audio, "said", 1.0, len(said) / 8000 - 0.5)[0]


@pytest.mark.parametrize("language", ["it", "en"])
async def test_a_message_becomes_a_practice_whose_code_is_heard_twice(at_night: ServiceLine, language: str) -> None:
    told = await at_night.call(
        *to_mailbox(language), f"speak {{{language}}}", "press #",
        f"hear {language}/after-message", "press 1", "stay",
    )  # fmt: skip
    practice = await at_night.practice_of(told)
    assert practice is not None
    assert (practice.state, practice.language) == (PracticeState.RECEIVED, language)
    assert code_heard(told, language) == practice.code
    assert code_heard(told, language, "code-again") == practice.code
    assert told.names()[-2:] == [f"{language}/code-use", f"{language}/goodbye"]
    assert (await at_night.page_of(told)).outcome is Outcome.MESSAGE_LEFT
    [message] = await at_night.messages_of(told)
    done = await at_night.transcribed(message)
    assert done.state is MessageState.TRANSCRIBED
    assert done.transcript is not None
    assert done.transcript.words
    words = {"it": ("albero", "strada", "scuola"), "en": ("tree", "road", "school")}[language]
    assert [word for word in words if word in done.transcript.text.lower()] == list(words)


async def test_the_kept_audio_is_what_the_caller_said(at_night: ServiceLine) -> None:
    told = await at_night.call(*to_mailbox(), "speak {it}", "press #", "hear-start it/after-message", "hang up")
    [message] = await at_night.messages_of(told)
    assert message.audio_path is not None
    kept, rate = soundfile.read(at_night.platform.folders.audio / message.audio_path, dtype="int16")
    assert rate == 8000
    assert likeness(kept, at_night, "it") > 0.9


async def test_silence_ends_a_message_and_no_answer_sends_it(at_night: ServiceLine) -> None:
    told = await at_night.call(*to_mailbox(), "speak {it}", "hear it/code-is", "hang up")
    assert told.names().count("it/after-message") == 3
    assert await at_night.practice_of(told) is not None


async def test_two_plays_the_callers_own_message_back(at_night: ServiceLine) -> None:
    told = await at_night.call(
        *to_mailbox(), "speak {it}", "press #", "hear it/after-message", "press 2", "hear it/after-message", "hang up"
    )
    assert likeness(told.audio, at_night, "it") > 0.9
    assert await at_night.practice_of(told) is not None


async def test_three_records_again_and_the_new_message_alone_is_kept(at_night: ServiceLine) -> None:
    told = await at_night.call(
        *to_mailbox(), "speak {it}", "press #", "hear it/after-message", "press 3",
        "hear beep", "speak {en}", "press #", "hear it/after-message", "press 1", "hear-start it/code-is", "hang up",
    )  # fmt: skip
    assert "it/record-again" in told.names()
    [message] = await at_night.messages_of(told)
    assert message.audio_path is not None
    kept, _ = soundfile.read(at_night.platform.folders.audio / message.audio_path, dtype="int16")
    assert likeness(kept, at_night, "en") > 0.9 > likeness(kept, at_night, "it")


async def test_who_says_nothing_twice_is_missed_and_no_practice_is_made(at_night: ServiceLine) -> None:
    told = await at_night.call(*to_mailbox(), "press #", "hear it/too-short", "hear beep", "press #", "stay")
    assert told.names()[-2:] == ["it/not-recorded", "it/goodbye"]
    page = await at_night.page_of(told)
    assert page.outcome is Outcome.MISSED
    assert await at_night.records.practices.practice_of_call(page.call_id) is None
    assert told.caller in [call.caller for call in await at_night.records.ledger.callback_list()]


async def test_a_message_too_short_is_asked_for_once_more_and_then_kept(at_night: ServiceLine) -> None:
    told = await at_night.call(
        *to_mailbox(), "press #", "hear it/too-short", "hear beep", "speak {it}", "press #",
        "hear it/after-message", "press 1", "hear-start it/code-is", "hang up",
    )  # fmt: skip
    assert len(await at_night.messages_of(told)) == 1


async def test_a_key_reads_the_code_again(at_night: ServiceLine) -> None:
    told = await at_night.call(
        *to_mailbox(), "speak {it}", "press #", "hear it/after-message", "press 1",
        "hear-start it/code-again", "press *", "hear it/code-again", "wait 8", "hang up",
    )  # fmt: skip
    practice = await at_night.practice_of(told)
    assert practice is not None
    names = told.names()
    assert names.count("it/code-is") == 2
    last = Told(told.number, told.caller, heard=told.heard[len(names) - 1 - names[::-1].index("it/code-is") :])
    assert code_heard(last) == practice.code


@pytest.mark.promise("Hanging up inside the mailbox keeps what was said")
async def test_hanging_up_while_speaking_sends_what_was_said(at_night: ServiceLine) -> None:
    told = await at_night.call(*to_mailbox(), "speak {it}", "hang up")
    [message] = await at_night.messages_of(told)
    assert message.practice_id is not None
    assert (await at_night.transcribed(message)).state is MessageState.TRANSCRIBED


async def test_keys_pressed_while_speaking_neither_end_nor_answer_anything(at_night: ServiceLine) -> None:
    told = await at_night.call(
        *to_mailbox(), "speak {it}", "press 3", "speak {it}", "press #", "hear it/after-message", "press 1",
        "hear-start it/code-is", "hang up",
    )  # fmt: skip
    [message] = await at_night.messages_of(told)
    assert message.seconds is not None
    assert message.seconds > 1.8 * len(load(at_night.said("it"))) / 8000


STEPS = {
    "in the greeting": (["hear-start it/welcome"], Outcome.ABANDONED, 0),
    "in the menu": (["hear-start it/menu-closed"], Outcome.ABANDONED, 0),
    "keying a code": (["hear-start it/welcome", "press 2", "hear-start it/status-ask", "press 123"], Outcome.ABANDONED, 0),
    "in the mailbox's prompt": (["hear-start it/welcome", "press 3", "hear-start it/mailbox"], Outcome.MISSED, 0),
    "at the beep": (to_mailbox(), Outcome.MISSED, 0),
    "speaking": ([*to_mailbox(), "speak {it}"], Outcome.MESSAGE_LEFT, 1),
    "after the message": ([*to_mailbox(), "speak {it}", "press #", "hear-start it/after-message"], Outcome.MESSAGE_LEFT, 1),
    "hearing the message again": (
        [*to_mailbox(), "speak {it}", "press #", "hear-start it/after-message", "press 2", "wait 1"],
        Outcome.MESSAGE_LEFT, 1,
    ),
    "recording again": (
        [*to_mailbox(), "speak {it}", "press #", "hear-start it/after-message", "press 3", "hear beep", "wait 0.5"],
        Outcome.MESSAGE_LEFT, 1,
    ),
    "hearing the code": (
        [*to_mailbox(), "speak {it}", "press #", "hear-start it/after-message", "press 1", "hear-start it/code-is"],
        Outcome.MESSAGE_LEFT, 1,
    ),
    "in the goodbye": (
        [*to_mailbox(), "press #", "hear-start it/too-short", "press 5", "hear beep", "press #", "hear-start it/goodbye"],
        Outcome.MISSED, 0,
    ),
}  # fmt: skip


@pytest.mark.promise("A hang-up at any step leaves one practice or none, and always an outcome")
async def test_a_hang_up_at_any_step_leaves_one_practice_or_none_and_always_an_outcome(at_night: ServiceLine) -> None:
    told = await asyncio.gather(*(at_night.call(*script, "hang up") for script, _, _ in STEPS.values()))
    pages = await asyncio.gather(*(at_night.page_of(one) for one in told))
    practices = [await at_night.records.practices.practice_of_call(page.call_id) for page in pages]
    seen = {
        step: (page.outcome, int(practice is not None))
        for step, page, practice in zip(STEPS, pages, practices, strict=True)
    }
    assert seen == {step: (outcome, made) for step, (_, outcome, made) in STEPS.items()}
    recordings = [path for path in (at_night.platform.folders.spool / "recording").glob("*") if path.stat().st_size]
    assert recordings == [], "takes are left in the spool"


async def test_an_audio_level_reaches_the_store_unchanged(at_night: ServiceLine) -> None:
    told = await at_night.call(*to_mailbox(), "speak {it}", "press #", "hear-start it/after-message", "hang up")
    [message] = await at_night.messages_of(told)
    kept, _ = soundfile.read(at_night.platform.folders.audio / str(message.audio_path), dtype="float64")
    said = load(at_night.said("it")).astype(np.float64) / 32768
    assert np.abs(kept).max() == pytest.approx(np.abs(said).max(), rel=0.1)
