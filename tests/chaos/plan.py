"""Plans drawn from a seed: who calls and behaves how, which fault strikes what and when. The same seed gives the same plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from random import Random

from tests.chaos.callers import Manner, Moment, Wish
from tests.chaos.faults import OURS, Fault

# Held until the fault comes: their order is that of how long it takes to get there.
HELD = (Moment.MENU, Moment.CODE_TOLD, Moment.AFTER_MESSAGE, Moment.STATUS_TOLD, Moment.RECORDING)
PASSING = (Moment.STATUS_ASKED, Moment.GREETING, Moment.MAILBOX_PROMPT)
AT_ONCE = (Moment.RINGING,)
# Who talks had an operator before the others came.
WAVES = {**dict.fromkeys(HELD, 0), Moment.TALKING: 0, Moment.IN_LINE: 1, **dict.fromkeys(AT_ONCE, 2)}
OTHER_WAVE = 1
IVR_MOMENTS = (*HELD, *PASSING, *AT_ONCE)
FALLBACK_MOMENTS = (Moment.FALLBACK_NOTICE, Moment.FALLBACK_RECORDING)


@dataclass(frozen=True)
class Strike:
    """One fault, `at_s` seconds after the start."""

    at_s: float
    fault: Fault
    target: str

    def __str__(self) -> str:
        return f"{self.target} {self.fault} at {self.at_s:g} s"


def matrix(targets: Sequence[str] = OURS) -> list[tuple[str, Fault]]:
    """Each process and each fault."""
    return list(product(targets, Fault))


def sample(seed: int, targets: Sequence[str], count: int) -> list[tuple[str, Fault]]:
    """Some of the matrix."""
    return Random(f"sample {seed}").sample(matrix(targets), count)


def strikes(seed: int, targets: Sequence[str], every_s: float, until_s: float, faults: Sequence[Fault]) -> list[Strike]:
    """A fault every so often."""
    chance = Random(f"strikes {seed}")
    count = int(until_s // every_s)
    return [Strike(every_s * (n + 1), chance.choice(faults), chance.choice(targets)) for n in range(count)]


def manner(seed: str, moment: Moment, code: str) -> Manner:
    """How a caller behaves who is at `moment` when the fault strikes; `code` is that of a practice there is."""
    chance = Random(seed)
    wish = Wish.MESSAGE
    if moment in (Moment.STATUS_ASKED, Moment.STATUS_TOLD):
        wish = Wish.STATUS
    elif moment in (Moment.RINGING, Moment.GREETING, Moment.MENU):
        wish = chance.choice([Wish.MESSAGE, Wish.MESSAGE, Wish.STATUS, Wish.NOTHING])
    return Manner(
        wish,
        moment,
        speech_s=round(chance.uniform(4.5, 8.0), 1),
        ends_with_key=moment in (Moment.AFTER_MESSAGE, Moment.CODE_TOLD) or chance.random() < 0.7,
        code=code,
        reacts_after_s=round(chance.uniform(1.0, 4.0), 1) if chance.random() < 0.5 else None,
    )


def crowd(seed: str, moments: Sequence[Moment], each: int, code: str) -> list[Manner]:
    """So many callers for each moment."""
    return [manner(f"{seed} {moment} {number}", moment, code) for moment in moments for number in range(each)]
