"""Scripted calls of robot phones: what a person writes (`hear it/welcome`, `press 3`), done on a real call, told as a timeline."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from pbx.robot.ear import Ear, Heard
from pbx.robot.phone import NotHeard, RobotCall, RobotPhone
from phone.catalogue import SOUNDS

RATE_HZ = 8000
EXAMPLE = 'for example: centralino call "hear it/menu-closed" "press 3" "hear beep" "speak message.wav" "press #"'


class ScriptError(Exception):
    """A line of a script that cannot be understood: the text quotes it and shows one that can."""


@dataclass(frozen=True)
class Step:
    """One line of a script."""

    verb: str
    value: str = ""

    def __str__(self) -> str:
        return f"{self.verb} {Path(self.value).name if self.verb == 'speak' else self.value}".strip()


@dataclass
class Told:
    """One finished call: what the robot did and heard, with seconds from the answer."""

    number: str
    caller: str
    did: list[tuple[float, str]] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    audio: NDArray[np.int16] = field(default_factory=lambda: np.zeros(0, dtype=np.int16))
    complaint: str = ""

    def names(self) -> list[str]:
        """The prompts heard, in order."""
        return [hit.name for hit in self.heard]

    def digits_after(self, prompt: str) -> str:
        """The digits that were read out after a prompt was heard, up to the next thing that is no digit; "" when none."""
        digits = ""
        names = self.names()
        for name in names[names.index(prompt) + 1 :] if prompt in names else []:
            _, _, piece = name.partition("/")
            if not piece.startswith("digit-"):
                break
            digits += piece.removeprefix("digit-")
        return digits

    def timeline(self) -> list[str]:
        """Did and heard, in order of time, one line each."""
        rows = [(at, f"      does   {text}") for at, text in self.did]
        rows += [(hit.start_s, f"      hears  {hit.name}  ({hit.score:.2f})") for hit in _grouped(self.heard)]
        return [f"{at:6.1f} s{text}" for at, text in sorted(rows, key=lambda row: row[0])]


def _grouped(heard: Sequence[Heard]) -> list[Heard]:
    """Digits in a row told as one line."""
    rows: list[Heard] = []
    for hit in heard:
        language, _, piece = hit.name.partition("/")
        digit = piece.removeprefix("digit-") if piece.startswith("digit-") else None
        last = rows[-1].name if rows else ""
        if digit is not None and last.startswith(f"{language}/digits "):
            rows[-1] = Heard(last + digit, rows[-1].start_s, hit.end_s, min(rows[-1].score, hit.score))
        elif digit is not None:
            rows.append(Heard(f"{language}/digits {digit}", hit.start_s, hit.end_s, hit.score))
        else:
            rows.append(hit)
    return rows


def parse(lines: Sequence[str]) -> list[Step]:
    """Read a script. Raises `ScriptError`."""
    steps = []
    for line in lines:
        verb, _, value = line.strip().partition(" ")
        verb = "hang up" if line.strip() == "hang up" else verb
        if verb not in VERBS or (VERBS[verb][0] and not value.strip()):
            known = ", ".join(f"'{verb}{' ' + wants if wants else ''}'" for verb, (wants, _) in VERBS.items())
            raise ScriptError(f"cannot understand the step '{line}': known are {known}; {EXAMPLE}")
        steps.append(Step(verb, value.strip() if VERBS[verb][0] else ""))
    return steps


def check(steps: Sequence[Step], ear: Ear) -> None:
    """See that a script can be done, before anybody is called. Raises `ScriptError`."""
    for step in steps:
        if step.verb.startswith("hear") and not ear.knows(step.value):
            raise ScriptError(
                f"no prompt is called '{step.value}': names are LANGUAGE/PROMPT, as in data/sounds; {EXAMPLE}"
            )
        if step.verb == "speak":
            load(Path(step.value))
        if step.verb == "wait" and not re.fullmatch(r"\d+(\.\d+)?", step.value):
            raise ScriptError(f"'{step.value}' is no number of seconds to wait; for example: 'wait 2.5'")
        if step.verb == "press" and not re.fullmatch(r"[0-9*#]+", step.value):
            raise ScriptError(f"'{step.value}' are no keys of a phone: 0 to 9, * and #; for example: 'press 3'")


async def _speak(call: RobotCall, value: str) -> None:
    await call.speak(load(Path(value)))


async def _hang_up(call: RobotCall, value: str) -> None:
    await call.hang_up()


VERBS: dict[str, tuple[str, Callable[[RobotCall, str], Awaitable[object]]]] = {
    "hear": ("LANGUAGE/PROMPT", lambda call, value: call.hear(value)),
    "hear-start": ("LANGUAGE/PROMPT", lambda call, value: call.hear_start(value)),
    "press": ("KEYS", lambda call, value: call.press(value)),
    "speak": ("FILE", _speak),
    "wait": ("SECONDS", lambda call, value: call.wait(float(value))),
    "stay": ("", lambda call, value: call.until_ended(60)),
    "hang up": ("", _hang_up),
}


def load(path: Path) -> NDArray[np.int16]:
    """A sound file as a phone speaks it: 8 kHz 16-bit mono. Raises `ScriptError`."""
    try:
        samples, rate = soundfile.read(path, dtype="int16", always_2d=True)
    except (soundfile.SoundFileError, OSError) as error:
        raise ScriptError(f"cannot speak {path}: {error}") from None
    mono = samples[:, 0]
    return mono if rate == RATE_HZ else np.asarray(soxr.resample(mono, rate, RATE_HZ), dtype=np.int16)


def load_ear(sounds: Path) -> Ear:
    """An ear that knows every prompt of every language, as LANGUAGE/PROMPT; what is no speech has its bare name."""
    files = sorted(sounds.glob("*/*.wav"))
    return Ear({_name(path): soundfile.read(path, dtype="int16")[0] for path in files})


def _name(path: Path) -> str:
    return path.stem if path.stem in SOUNDS else f"{path.parent.name}/{path.stem}"


async def place(phone: RobotPhone, number: str, caller: str, steps: Sequence[Step]) -> Told:
    """Place one call and do the steps. What was heard is kept also when a step fails: `Told.complaint` says which."""
    told = Told(number, caller)
    async with phone.call(number, caller) as call:
        try:
            for step in steps:
                if not step.verb.startswith("hear"):
                    told.did.append((call.seconds, str(step)))
                await VERBS[step.verb][1](call, step.value)
        except (NotHeard, TimeoutError) as error:
            told.complaint = str(error) or f"the step '{step.verb} {step.value}' took too long"
        told.audio = call.audio()
    told.heard = await asyncio.to_thread(call.heard)
    return told
