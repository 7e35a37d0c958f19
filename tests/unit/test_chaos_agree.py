"""The reckoning itself: a difference between what phones lived through and what is written is found, and none is invented."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

import numpy as np
import pytest
from numpy.typing import NDArray

from ledger.model import Call, Outcome
from tests.chaos.agree import Books, Circumstances, agree
from tests.chaos.phones import THE_CALLER, THE_LINE, PhoneCall, Spoken, longest_silence
from tests.chaos.voices import a_voice
from ticket_core.model import Channel, Message, MessageState, Practice, PracticeState, Requester

NOW = datetime(2026, 10, 5, 10, 0, tzinfo=UTC)
NUMBER = "+393331000001"
CODE = "40658166029"
MATERIAL = np.random.default_rng(1).normal(0, 3000, 8000 * 8).astype(np.int16)
SAID = a_voice(MATERIAL, NUMBER, 6.0)


def a_page(outcome: Outcome | None, number: str = NUMBER) -> Call:
    return Call(uuid4(), number, "800", "it", NOW, NOW if outcome else None, outcome, False)


def a_practice(code: str = CODE) -> Practice:
    return Practice(
        id=uuid4(), code=code, channel=Channel.VOICE_MESSAGE, kind=None, language="it", requester=Requester(phone=NUMBER),
        subject="", text="", practice_class=None, state=PracticeState.RECEIVED, closure=None, opened_at=NOW, counts_from=NOW,
        state_since=NOW, answered_at=None, due_on=None, no_reply_address=True,
    )  # fmt: skip


def a_message(call_id: UUID, practice: Practice | None) -> Message:
    state = MessageState.TO_TRANSCRIBE if practice else MessageState.ABANDONED
    return Message(
        id=uuid4(), call_id=call_id, practice_id=practice.id if practice else None, language="it", recording="r",
        audio_path="a/b.wav" if practice else None, state=state, made_at=NOW,
    )  # fmt: skip


def a_call(*heard: str, spoken: bool = False, codes: Sequence[str] = (), ended_by: str = THE_CALLER) -> PhoneCall:
    said = [Spoken(3.0, 9.0, SAID)] if spoken else []
    return PhoneCall(
        NUMBER, 0.0, 1.0, 20.0, ended_by, list(heard), [0.0] * len(heard), spoken=said, codes=list(codes)
    )  # fmt: skip


def books(
    *pages: Call,
    practices: Sequence[Practice] = (),
    messages: Sequence[Message] = (),
    spool: Sequence[str] = (),
    audio: NDArray[np.int16] = SAID,
) -> Books:
    callbacks = frozenset(page.caller or "" for page in pages if page.outcome in (Outcome.MISSED, Outcome.ERROR))
    kept = frozenset(message.audio_path for message in messages if message.audio_path)
    return Books(pages, practices, messages, callbacks, kept, spool, lambda message: audio)


def a_message_left(audio: NDArray[np.int16] = SAID) -> Books:
    page, practice = a_page(Outcome.MESSAGE_LEFT), a_practice()
    return books(page, practices=[practice], messages=[a_message(page.call_id, practice)], audio=audio)


LEFT = a_call("it/welcome", "it/mailbox", "beep", "it/code-is", spoken=True, codes=[CODE])


def test_a_message_left_and_its_code_heard_is_no_difference() -> None:
    assert agree([LEFT], a_message_left()).differences == []


def test_a_caller_who_hung_up_in_the_greeting_is_abandoned() -> None:
    assert agree([a_call("it/welcome")], books(a_page(Outcome.ABANDONED))).differences == []


def kept_but_wrong(at_s: float) -> NDArray[np.int16]:
    """The recording without a second of it."""
    audio = SAID.copy()
    audio[int(at_s * 8000) : int((at_s + 1) * 8000)] = 0
    return audio


DIFFERENCES = {
    "no page": ([LEFT], books(), "0 pages in the ledger"),
    "an open page": ([a_call("it/welcome")], books(a_page(None)), "still open"),
    "another outcome": ([a_call("it/welcome")], books(a_page(Outcome.MISSED)), "the ledger says missed"),
    "a message lost": ([LEFT], books(a_page(Outcome.MESSAGE_LEFT)), "what was said is no practice"),
    "a second lost": ([LEFT], a_message_left(kept_but_wrong(2.0)), "lacks the seconds from 2"),
    "another voice": ([LEFT], a_message_left(a_voice(MATERIAL, "somebody", 6.0)), "lacks the seconds from"),
    "another code": ([replace(LEFT, codes=["12345678903"])], a_message_left(), "it heard the code 12345678903"),
    "dropped": ([a_call("it/welcome", ended_by=THE_LINE)], books(a_page(Outcome.ABANDONED)), "the line dropped it"),
    "a stranger": ([], books(a_page(Outcome.ABANDONED)), "from which no phone called"),
    "a recording left": ([], books(spool=["recording/x.wav"]), "left in the spool: recording/x.wav"),
}


@pytest.mark.parametrize("case", DIFFERENCES)
def test_each_kind_of_difference_is_told(case: str) -> None:
    phones, written, sentence = DIFFERENCES[case]
    differences = agree(phones, written).differences
    assert any(sentence in difference for difference in differences), differences


def test_two_practices_for_one_call_are_a_difference() -> None:
    page, one, other = a_page(Outcome.MESSAGE_LEFT), a_practice(), a_practice("12345678903")
    messages = [a_message(page.call_id, one), a_message(page.call_id, other)]
    told = agree([LEFT], books(page, practices=[one, other], messages=messages)).differences
    assert any("2 practices for one call" in difference for difference in told)


def without(at_s: float, seconds: float) -> NDArray[np.int16]:
    """The recording with a hole closed up, as after packets that the phone did not send."""
    return np.delete(SAID, slice(int(at_s * 8000), int((at_s + seconds) * 8000)))


def test_a_packet_that_the_phone_did_not_send_is_no_lost_second_and_half_a_second_is() -> None:
    assert agree([LEFT], a_message_left(without(2.45, 0.02))).differences == []
    assert agree([LEFT], a_message_left(without(2.45, 0.5))).differences


def test_a_crash_of_the_pbx_may_take_the_last_two_seconds_and_no_more() -> None:
    crashed = replace(LEFT, at_the_fault="recording", fault_at_s=9.0, codes=[], ended_by=THE_LINE)
    happened = Circumstances(pbx_crashed=True)
    assert agree([crashed], a_message_left(SAID[: int(4.1 * 8000)]), happened).differences == []
    assert agree([crashed], a_message_left(SAID[: int(2.5 * 8000)]), happened).differences


def test_silence_is_what_the_phone_neither_hears_nor_fills() -> None:
    assert longest_silence(0.0, 30.0, [1.0, 2.0, 20.0], [(3.0, 12.0)]) == (10.0, 20.0)
    assert longest_silence(0.0, 30.0, [1.0, 2.0, 29.0], [(3.0, 12.0)]) == (17.0, 12.0)
