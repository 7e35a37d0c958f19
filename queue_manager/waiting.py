"""Row 6 of the phone script: what a caller in line hears, and which key leads where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from phone.spoken import spoken_position, spoken_wait
from queue_manager.callback import Callbacks, Keypad, ask_number
from queue_manager.model import Why


class Waiter(Keypad, Protocol):
    """A caller in line."""

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


async def wait_in_line(waiter: Waiter, told: Told, pace: Pace, callbacks: Callbacks | None = None) -> Why:
    """Tell position and wait every so often, with music between; ends with the exit that the caller chose.

    Without `callbacks` none is offered. While a caller says at which number, they stay in line.
    """
    menu = "queue-menu" if callbacks else "queue-menu-message"
    key = await waiter.music(pace.first_s) if pace.first_s else None
    while True:
        match key:
            case "1":
                return Why.MESSAGE
            case "2" if callbacks:
                if await _keep_place(waiter, callbacks):
                    return Why.CALLBACK
                await tell(waiter, told, menu)
            case _:
                await tell(waiter, told, menu)  # the star, and every key that means nothing here: once more
        key = await waiter.music(pace.every_s)


async def _keep_place(waiter: Waiter, callbacks: Callbacks) -> bool:
    """Whether the caller has confirmed a number, and been told that their place is kept."""
    number = await ask_number(waiter, callbacks)
    if number is None or not await callbacks.ask(number):
        return False
    await waiter.say("callback-confirmed")
    return True


async def tell(waiter: Waiter, told: Told, menu: str) -> None:
    """Where the caller stands, and what they may press."""
    position = told.position()
    if position is None:
        return
    number, minutes = position
    wait = spoken_wait(*minutes) if minutes else ()
    await waiter.say(*spoken_position(number), *wait, menu)
