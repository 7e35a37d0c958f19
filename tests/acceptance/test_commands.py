"""What a person at the keyboard sees: the platform served, called, looked at, and refused with a sentence that helps."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from centralino.obtain import asterisk_root
from centralino.platform import Platform
from centralino.settings import Tree, UpSettings
from tests.acceptance.line import prepare
from tests.places import MAX_CALLS, first_port

PROGRAM = Path(sys.executable).parent / "centralino"


@dataclass
class Keyboard:
    """A shell with a data folder and ports of its own."""

    data: Path

    @property
    def settings(self) -> UpSettings:
        return UpSettings(data=self.data, first_port=first_port(place=1), max_calls=MAX_CALLS)

    @property
    def environ(self) -> dict[str, str]:
        own = {
            "CENTRALINO_UP__DATA": str(self.data),
            "CENTRALINO_UP__FIRST_PORT": str(self.settings.first_port),
            "CENTRALINO_UP__MAX_CALLS": str(MAX_CALLS),
        }
        return {**os.environ, **own}

    def types(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            [PROGRAM, *words], env={**self.environ, **more}, capture_output=True, text=True, timeout=240, cwd=self.data
        )

    def refused(self, *words: str, **more: str) -> str:
        """Run a command that must not start, and give its one sentence: no traceback, a code that says no."""
        done = self.types(*words, **more)
        assert done.returncode == 1, done
        assert "Traceback" not in done.stderr
        return done.stderr


@pytest.fixture
def keyboard(tmp_path_factory: pytest.TempPathFactory) -> Keyboard:
    """Prompts are there, nothing runs."""
    keyboard = Keyboard(tmp_path_factory.mktemp("k"))
    settings = keyboard.settings
    prepare(Platform(Tree(up=settings), asterisk_root(settings.cache)))
    return keyboard


@pytest.fixture
def serving(keyboard: Keyboard) -> Iterator[Keyboard]:
    """`centralino up`, as `make run` does it; Ctrl-C at the end must leave nothing behind."""
    log = keyboard.data / "up.txt"
    with log.open("w") as output:
        up = subprocess.Popen([PROGRAM, "up"], env=keyboard.environ, stdout=output, stderr=output, cwd=keyboard.data)
    try:
        for _ in range(600):
            if "Serving" in log.read_text():
                break
            assert up.poll() is None, log.read_text()
            with pytest.raises(subprocess.TimeoutExpired):
                up.wait(0.1)
        yield keyboard
    finally:
        up.send_signal(signal.SIGINT)
        assert up.wait(60) == 0
    left = subprocess.run(["pgrep", "-f", str(keyboard.data)], capture_output=True, text=True).stdout
    assert left == "", "processes are left after Ctrl-C"


def test_a_stranger_serves_calls_and_looks_at_what_came_of_it(serving: Keyboard) -> None:
    told = serving.types("call", "hear-start it/welcome", "press 4", "hear it/service-is-open", "hang up")
    assert told.returncode == 0, told.stderr
    assert "hears  it/service-is-open" in told.stdout
    calls = serving.types("calls", "list").stdout
    assert "information_heard" in calls
    call_id = next(word for word in calls.split() if word.count("-") == 4)
    assert "arrived" in serving.types("calls", "show", call_id).stdout
    assert "weekly: Mo-Fr 09:00-18:00" in serving.types("hours", "show").stdout
    opened = serving.types(
        "hours", "open", "--until", "2099-12-24T18:00", "--reason", "a storm", "--author", "Anna Bianchi"
    )
    assert opened.returncode == 0, opened.stderr
    assert "now: open" in serving.types("hours", "show").stdout
    serving.types("hours", "normal", "--author", "Anna Bianchi")
    assert "a storm" not in serving.types("hours", "show").stdout
    examined = serving.types("doctor").stdout
    assert "ok  platform" in examined
    assert "ok  guard" in examined
    status = serving.types("status", "--json")
    assert status.returncode == 0, status.stdout
    assert json.loads(status.stdout)["well"] is True
    assert "CALLS ARE ANSWERED" in serving.types("status").stdout
    story = serving.types("trace", call_id[:13])
    assert story.returncode == 0, story.stderr
    assert f"call {call_id}" in story.stdout
    assert "ledger     ended outcome=information_heard" in story.stdout


def test_a_call_that_hears_something_else_says_what(serving: Keyboard) -> None:
    told = serving.types("call", "hear-start it/welcome", "press 4", "hear it/no-operator", "hang up")
    assert told.returncode == 1
    assert "did not hear 'it/no-operator' before" in told.stderr
    assert "heard in this call: it/" in told.stderr


def test_a_second_platform_on_the_same_folder_is_refused(serving: Keyboard) -> None:
    assert "a platform is already running on" in serving.refused("up")


def test_with_nothing_running_the_status_says_so_and_how_to_start_it(keyboard: Keyboard) -> None:
    done = keyboard.types("status")
    assert done.returncode == 1
    assert "NO CALL IS ANSWERED" in done.stdout
    assert "do: start the platform: `make run`" in done.stdout
    assert done.stderr == ""
    assert "no call's id begins with 'abcdef'" in keyboard.refused("trace", "abcdef")
    assert "too short" in keyboard.refused("trace", "ab")


@pytest.mark.parametrize(("above", "what"), [(88, "ARI"), (10, "health of ivr")])
def test_a_port_in_use_is_named_with_the_way_out(keyboard: Keyboard, above: int, what: str) -> None:
    port = keyboard.settings.first_port + above
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", port))
        taken.listen()
        said = keyboard.refused("up")
    assert f"port {port} ({what}) is not free" in said
    assert "CENTRALINO_UP__FIRST_PORT" in said


def test_a_wrong_setting_is_named_with_an_example(keyboard: Keyboard) -> None:
    said = keyboard.refused("up", CENTRALINO_HOURS__WEEKLY="every day")
    assert "setting hours.weekly is wrong" in said
    assert "CENTRALINO_HOURS__WEEKLY=" in said


def test_hours_that_cannot_be_spoken_stop_the_start(keyboard: Keyboard) -> None:
    said = keyboard.refused("up", CENTRALINO_HOURS__WEEKLY="Mo-Fr 09:10-18:00")
    assert "the opening hours 09:10-18:00 cannot be spoken" in said


def test_a_missing_prompt_stops_the_start_and_is_named(keyboard: Keyboard) -> None:
    (keyboard.data / "sounds" / "en" / "not-a-rescue-number.wav").unlink()
    said = keyboard.refused("up")
    assert "en/not-a-rescue-number.wav" in said
    assert "centralino prompts" in said
    assert keyboard.types("prompts").returncode == 0
    assert (keyboard.data / "sounds" / "en" / "not-a-rescue-number.wav").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("practice", "show", "123 456 789 06"), "no platform is running on"),
        (("practice", "show", "123 456 789 60"), "is no practice's code"),
        (("calls", "list"), "no platform is running on"),
        (("call", "dance"), "cannot understand the step 'dance'"),
        (("call", "hear it/welcome"), "nobody answered 800840840"),
        (("hours", "open", "--until", "soon", "--reason", "r", "--author", "a"), "'soon' is not a time"),
        (("models", "add", "it", "/no/such/folder"), "/no/such/folder"),
    ],
)
def test_what_cannot_be_done_is_one_clear_sentence(keyboard: Keyboard, words: tuple[str, ...], sentence: str) -> None:
    assert sentence in keyboard.refused(*words)


def test_a_broken_model_folder_is_told_and_the_rest_goes_on(keyboard: Keyboard, tmp_path: Path) -> None:
    (tmp_path / "centralino" / "models" / "vosk" / "it").mkdir(parents=True)
    said = keyboard.types("models", "list", XDG_CACHE_HOME=str(tmp_path)).stdout
    assert "it" in said
    assert "good" not in said
    assert "Traceback" not in said


def test_the_doctor_says_what_is_missing_and_how_to_mend_it(keyboard: Keyboard) -> None:
    (keyboard.data / "sounds" / "it" / "welcome.wav").unlink()
    done = keyboard.types("doctor")
    assert done.returncode == 1
    assert "NO  prompts" in done.stdout
    assert "it/welcome.wav" in done.stdout
    assert "mend: run `make setup`" in done.stdout
    assert "NO  platform" in done.stdout
    assert "ok  asterisk" in done.stdout
