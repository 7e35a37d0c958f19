"""What a person writes for a robot phone, and how its call is told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from centralino.robot_call import ScriptError, Step, Told, check, load, parse
from pbx.robot.ear import Ear, Heard


def test_a_script_is_read_step_by_step() -> None:
    steps = parse(["hear it/welcome", "press 1#", " wait 2 ", "hang up", "stay"])
    assert steps == [Step("hear", "it/welcome"), Step("press", "1#"), Step("wait", "2"), Step("hang up"), Step("stay")]


@pytest.mark.parametrize("line", ["listen it/welcome", "press", "", "hang"])
def test_a_step_nobody_knows_is_quoted_and_the_known_ones_named(line: str) -> None:
    with pytest.raises(
        ScriptError, match=r"cannot understand the step '.*known are 'hear LANGUAGE/PROMPT'.*for example"
    ):
        parse([line])


def test_a_sound_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "noise.wav").write_bytes(b"no sound at all")
    with pytest.raises(ScriptError, match=r"cannot speak .*noise\.wav"):
        load(tmp_path / "noise.wav")


def heard(*names: str) -> list[Heard]:
    return [Heard(name, float(at), at + 0.5, 1.0) for at, name in enumerate(names)]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("hear it/welcom", "no prompt is called 'it/welcom'"),
        ("hear-start welcome", "no prompt is called 'welcome'"),
        ("speak no-such.wav", r"cannot speak no-such\.wav"),
        ("wait a while", "'a while' is no number of seconds"),
        ("press one", "'one' are no keys of a phone"),
    ],
)
def test_a_script_that_cannot_be_done_is_refused_before_anybody_is_called(line: str, complaint: str) -> None:
    ear = Ear({"it/welcome": np.full(800, 900, dtype=np.int16)})
    with pytest.raises(ScriptError, match=complaint):
        check(parse(["hear it/welcome", "press 1#", "wait 0.5", line]), ear)


def test_the_digits_after_a_prompt_end_with_the_next_prompt() -> None:
    told = Told("800", "", heard=heard("it/code-is", "it/digit-1", "it/digit-2", "it/code-again", "it/digit-9"))
    assert told.digits_after("it/code-is") == "12"
    assert told.digits_after("it/code-again") == "9"
    assert told.digits_after("it/message-added") == ""


def test_a_timeline_puts_what_was_done_and_heard_in_order_and_joins_digits() -> None:
    told = Told("800", "", did=[(1.5, "press 1")], heard=heard("it/welcome", "it/digit-4", "it/digit-2"))
    assert told.timeline() == [
        "   0.0 s      hears  it/welcome  (1.00)",
        "   1.0 s      hears  it/digits 42  (1.00)",
        "   1.5 s      does   press 1",
    ]


def test_a_spoken_file_is_told_by_its_name_alone() -> None:
    assert str(Step("speak", "/home/somebody/message.wav")) == "speak message.wav"
