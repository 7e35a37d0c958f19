"""What an operator dials on their own phone: *11 on duty, *12 off duty, *13 a pause, *14 the end of the wrap-up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from queue_manager.model import Duty

DUTIES = {
    "*11": (Duty.ON, "", "duty-on"),
    "*12": (Duty.OFF, "", "duty-off"),
    "*13": (Duty.PAUSED, "by_phone", "paused"),
}
END_OF_WRAP_UP = "*14"


class OwnPhone(Protocol):
    """The operator who has dialled."""

    async def answer(self) -> None:
        """Pick up."""
        ...

    async def say(self, *prompts: str) -> None:
        """Play prompts by name."""
        ...

    async def hang_up(self) -> None:
        """End the call."""
        ...


async def serve_keys(
    phone: OwnPhone,
    number: str,
    dialled: str,
    set_duty: Callable[[str, Duty, str], Awaitable[None]],
    end_wrap_up: Callable[[str], bool],
) -> None:
    """Do what the operator with this number has dialled, and say what holds from now on."""
    await phone.answer()
    if dialled in DUTIES:
        duty, reason, prompt = DUTIES[dialled]
        await set_duty(number, duty, reason)
        await phone.say(prompt)
    else:
        ended = dialled == END_OF_WRAP_UP and end_wrap_up(number)
        await phone.say("wrap-up-ended" if ended else "not-understood")
    await phone.hang_up()
