"""What there is on the simulated PBX: channels, recordings, bridges, operators' phones. Times are in its own seconds."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from enum import Enum, auto

SECOND = 0.05
"""How many real seconds one of its seconds takes."""


class Refused(Exception):
    """A request the simulated PBX answers with an error status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class HeldUp(Exception):
    """A request that is not answered, because the channel is busy with a sound: the real one answers when that has ended."""


@dataclass
class FakeRecording:
    """A recording under way."""

    name: str
    limit_s: float
    silence_s: float
    end: str
    spoken_s: float = 0.0
    finished: bool = False


@dataclass
class FakeChannel:
    """A caller's or an operator's channel. `app` holds it, or nobody ("") while it rings or is in the dialplan.

    `made_by` is the application that had it rung: that one is told of it until it is destroyed, whoever holds it.
    """

    id: str
    args: list[str]
    app: str = "ivr"
    made_by: str = ""
    endpoint: str = "PJSIP/trunk"
    state: str = "Ring"
    number: str = ""
    variables: dict[str, str] = field(default_factory=dict)
    playback: str | None = None
    heard: list[list[str]] = field(default_factory=list)
    recording: FakeRecording | None = None
    timer: asyncio.Task[None] | None = None
    sent_to: str | None = None
    music: bool = False
    held: bool = False
    ringing: bool = False
    muted: bool = False
    bridge: str | None = None
    snoops: list[FakeChannel] = field(default_factory=list)

    @property
    def answered(self) -> bool:
        """Whether it is up."""
        return self.state == "Up"


@dataclass
class FakeBridge:
    """Who hears whom."""

    id: str
    channels: list[str] = field(default_factory=list)


class Does(Enum):
    """What an operator's phone does when it is rung."""

    RINGS = auto()
    ANSWERS = auto()
    REFUSES = auto()
    IS_BUSY = auto()
    HANGS_UP = auto()


@dataclass
class FakePhone:
    """An operator's phone that has registered; `rung` are the calls it got.

    It answers or refuses after `after_s`; one that hangs up answers at once, and does so after `after_s`.
    """

    does: Does = Does.RINGS
    after_s: float = 1.0
    rung: list[FakeChannel] = field(default_factory=list)
