"""The lines between worker and decoder say the same on both ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from ticket_core.model import Transcript, Word
from voicemail_worker import wire
from voicemail_worker.model import (
    Died,
    EngineName,
    Installed,
    Job,
    ModelBroken,
    NoSpeech,
    Outcome,
    Transcribed,
    Unreadable,
)

TRANSCRIPT = Transcript("perché no", (Word("perché", 0.1, 0.4, 0.9), Word("no", 0.5, 0.6, 1.0)), "vosk", "m@1", "it")


def test_a_job_arrives_as_it_was_sent() -> None:
    model = Installed(EngineName.VOSK, "it", Path("/models/vosk/it"), "small", "1-2")
    job = Job(Path("/audio/però.wav"), "it", model, 60.0)
    assert wire.job_of(wire.job_line(job)) == job


@pytest.mark.parametrize(
    "outcome", [Transcribed(TRANSCRIPT), NoSpeech(), Unreadable("empty"), ModelBroken("broken"), Died("killed")]
)
def test_an_outcome_arrives_as_it_was_sent(outcome: Outcome) -> None:
    line = wire.outcome_line(outcome)
    assert line.count(b"\n") == 1
    assert wire.answer_of(line) == outcome


@pytest.mark.parametrize("step", list(wire.Step))
def test_a_step_arrives_as_it_was_sent(step: wire.Step) -> None:
    assert wire.answer_of(wire.step_line(step)) is step


@pytest.mark.parametrize("line", [b"{}\n", b'{"outcome": "Perhaps"}\n', b"LOG (VoskAPI)\n"])
def test_a_line_that_is_no_answer_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - json's own error is one too
        wire.answer_of(line)
