"""The phones' own list: every call as the phone that placed it saw it. Robots and SIPp are told in one shape."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pbx.robot import g711
from pbx.robot.rtp import Sound

AUDIBLE = 60.0  # mean square root of a packet above which something is heard, in 16-bit units
THE_CALLER, THE_LINE = "the caller", "the line"
OPERATOR_SAYS = "other-channels"
"""What a robot operator says again and again (`asterisk_conf/robot/extensions.conf`)."""


@dataclass
class Spoken:
    """Something said after a beep: from `began_s` to `ended_s` of the call; `samples` is what was sent."""

    began_s: float
    ended_s: float
    samples: NDArray[np.int16]

    @property
    def seconds(self) -> float:
        """How long it was."""
        return self.ended_s - self.began_s


@dataclass
class PhoneCall:
    """One call. Instants are seconds of the wall clock (Unix), times within the call are seconds from its answer.

    `heard` holds the prompts recognised, in order; None when the phone does not listen. `codes` holds the digits of each
    reading of a practice's code, fewer where the reading was cut short. `at_the_fault` says where the call was when the
    fault struck, at `fault_at_s`. `silent_s` is the longest silence the caller bore, begun at `silent_at_s`;
    `silent_since_fault_s` the longest stretch of silence after the fault.
    """

    number: str
    dialled_at: float
    answered_at: float | None = None
    ended_at: float | None = None
    ended_by: str = ""
    heard: list[str] | None = None
    heard_at: list[float] = field(default_factory=list)
    keys: str = ""
    spoken: list[Spoken] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    at_the_fault: str = ""
    fault_at_s: float | None = None
    silent_s: float = 0.0
    silent_at_s: float = 0.0
    silent_since_fault_s: float = 0.0

    def has_heard(self, *prompts: str) -> bool:
        """Whether any of the prompts was heard, in any language."""
        return any(name.rpartition("/")[2] in prompts for name in self.heard or ())

    @property
    def talked(self) -> bool:
        """Whether an operator was heard; of a caller who asked for one."""
        return "1" in self.keys and self.has_heard(OPERATOR_SAYS)

    def story(self) -> str:
        """The call in a line, for whoever looks for the cause of a difference."""
        steps = [f"{at:.0f}:{name}" for at, name in zip(self.heard_at, self.heard or (), strict=True)]
        said = [f"said {one.seconds:.1f} s at {one.began_s:.0f}" for one in self.spoken]
        end = f"ended by {self.ended_by or 'nobody'}"
        fault = f"fault in {self.at_the_fault}" if self.at_the_fault else ""
        return f"{self.number} [{', '.join(filter(None, [*steps, *said, f'keys {self.keys}', fault, end]))}]"


def audible_moments(sound: Sound) -> list[float]:
    """When (monotonic seconds) a packet came in which something can be heard."""
    packets = sound.packets()
    samples = sound.heard().astype(np.float64)  # after the packets: more may come meanwhile
    ends = [begin for _, begin in packets[1:]] + [len(samples)]
    return [
        arrived
        for (arrived, begin), end in zip(packets, ends, strict=True)
        if end > begin and np.sqrt(np.mean(samples[begin:end] ** 2)) > AUDIBLE
    ]


def longest_silence(
    begins: float, ends: float, audible: Iterable[float], speaking: Iterable[tuple[float, float]]
) -> tuple[float, float]:
    """The longest time in which the phone heard nothing and said nothing: how long, and when it began.

    Every argument is in seconds of one clock; `speaking` are stretches in which the phone itself spoke.
    """
    stretches = [(begins, begins), (ends, ends), *((at, at) for at in audible), *speaking]
    inside = sorted((max(begins, start), min(ends, end)) for start, end in stretches if end >= begins and start <= ends)
    longest, at, covered = 0.0, begins, begins
    for (start, end), _ in pairwise([*inside, (ends, ends)]):
        if start - covered > longest:
            longest, at = start - covered, covered
        covered = max(covered, end)
    if ends - covered > longest:
        longest, at = ends - covered, covered
    return longest, at


def spoken_samples(samples: NDArray[np.int16], seconds: float) -> NDArray[np.int16]:
    """What went over the line of `samples` in so many seconds, as A-law makes it."""
    return g711.decode(g711.encode(samples[: int(seconds * 8000)]))
