"""`Call`: the few verbs a phone script is written in. Wiring chooses what stands behind them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NoReturn, Protocol
from uuid import UUID


class CallerHungUp(Exception):
    """The caller is gone. Raised by every verb but `record`; caught in one place, where the call is closed."""


class HandedOn(Exception):
    """The script is over: the caller is for an operator now. Raised by `hand_on` alone, caught where `CallerHungUp` is."""


class RecordingFailed(Exception):
    """Nothing usable was written: the audio that was said cannot be promised to anyone."""


class Ended(StrEnum):
    """Why a recording ended."""

    KEY = "key"
    SILENCE = "silence"
    LIMIT = "limit"
    HANG_UP = "hang_up"


@dataclass(frozen=True)
class Recorded:
    """One finished recording, verified on disk: `seconds` from the file, `talk_seconds` as the PBX heard talk."""

    name: str
    seconds: float
    talk_seconds: float
    ended: Ended


class Call(Protocol):
    """One caller on the line.

    The first key stops a prompt. Keys typed ahead are kept and answer the next question, whose prompt is then not played.
    """

    language: str

    @property
    def id(self) -> UUID:
        """The call's id in ledger, logs and messages."""
        ...

    @property
    def caller(self) -> str | None:
        """The caller's number in E.164, or None when withheld or malformed."""
        ...

    async def answer(self) -> None:
        """Pick up, then half a second of silence so that a trunk does not clip the first word."""
        ...

    async def say(self, *prompts: str) -> None:
        """Play prompts by name, in order; returns when the sound ends or a key stops it (the key is kept)."""
        ...

    async def ask(self, *prompts: str, keys: int = 1, end: str | None = None, wait_s: float = 5.0) -> str | None:
        """Play prompts and collect up to `keys` keys, or fewer closed by the key `end` (not returned).

        None when no key came within `wait_s` seconds of the prompt's end; what was keyed when the gap between
        two keys grows longer than that.
        """
        ...

    async def record(self, name: str, limit_s: float, silence_s: float, end: str) -> Recorded:
        """Record until the key `end`, `silence_s` of silence, `limit_s`, or hang-up, which is a normal end here.

        Keys pressed before or while speaking answer nothing; those after `end` are typed ahead. Under a name that is
        being recorded already the recording goes on; under one that has ended, what it holds is returned.
        Raises `RecordingFailed` when the file on disk is not what was recorded.
        """
        ...

    async def replay(self, recording: str) -> None:
        """Play a finished recording back to the caller; a key stops it."""
        ...

    async def hand_on(self) -> NoReturn:
        """Hand the caller on to the operators, which ends the script. Raises `HandedOn`."""
        ...

    async def hang_up(self) -> None:
        """End the call from our side."""
        ...
