"""Row 6 of the phone script: what a caller in line hears, and which key leads where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from phone.spoken import spoken_position, spoken_wait
from queue_manager.model import Why


class Waiter(Protocol):
    """A caller in line."""

    async def say(self, *prompts: str) -> None:
        """Play prompts by name; a key stops them and is kept."""
        ...

    async def music(self, wait_s: float) -> str | None:
        """Music until a key comes, which is returned, or until `wait_s` seconds have passed."""
        ...


class Told(Protocol):
    """What the line knows of this caller."""

    def position(self) -> tuple[int, tuple[int, int] | None] | None:
        """Their position, never a worse one than before, and the estimated wait as a range of minutes, None where data are poor.

        None when they are in line no more.
        """
        ...


@dataclass(frozen=True)
class Pace:
    """How often the caller is spoken to, in seconds; `first_s` is when for the first time, 0 at once."""

    first_s: float
    every_s: float


async def wait_in_line(waiter: Waiter, told: Told, pace: Pace) -> Why:
    """Tell position and wait every so often, with music between; ends with the exit that the caller chose."""
    key = await waiter.music(pace.first_s) if pace.first_s else None
    while True:
        match key:
            case "1":
                return Why.MESSAGE
            case _:
                await tell(waiter, told)  # the star, and every key that means nothing here: once more
        key = await waiter.music(pace.every_s)


async def tell(waiter: Waiter, told: Told) -> None:
    """Where the caller stands, and what they may press."""
    position = told.position()
    if position is None:
        return
    number, minutes = position
    wait = spoken_wait(*minutes) if minutes else ()
    await waiter.say(*spoken_position(number), *wait, "queue-menu-message")
