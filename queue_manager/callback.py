"""Row 8 of the phone script: at which number a caller is called back."""

from __future__ import annotations

from typing import Protocol

from phone.spoken import spoken_phone

TRIES = 3
CHOICE_S, DIGIT_S = 8.0, 5.0
LONGEST = 20


class Keypad(Protocol):
    """A caller who is asked something."""

    async def say(self, *prompts: str) -> None:
        """Play prompts by name; a key stops them and is kept."""
        ...

    async def key(self, wait_s: float) -> str | None:
        """The next key, or None when none comes in `wait_s` seconds."""
        ...


class Callbacks(Protocol):
    """What the line knows of callbacks, for one caller."""

    def number_to_call(self, shown: str) -> str | None:
        """The number in E.164; None when it is withheld, is none, or is one that we do not call."""
        ...

    def own_number(self) -> str | None:
        """The number from which the caller calls, if we may call it."""
        ...

    async def ask(self, number: str) -> bool:
        """Keep the place for a callback to this number; it is on the disk when this returns. False when an operator has just answered."""
        ...


async def ask_number(keypad: Keypad, callbacks: Callbacks) -> str | None:
    """The number that the caller confirms; None after three failures, which lead back to waiting."""
    number, failures = callbacks.own_number(), 0
    while failures < TRIES:
        if number is None:
            await keypad.say("callback-type-number")
            number = callbacks.number_to_call(await _typed(keypad))
            if number is None:
                failures += 1
                await keypad.say("callback-not-possible")
                continue
        await keypad.say("callback-number", *spoken_phone(number), "pause-short", "callback-confirm")
        match await keypad.key(CHOICE_S):
            case "1":
                return number
            case "2":
                number = None
            case _:
                failures += 1
    return None


async def _typed(keypad: Keypad) -> str:
    """Digits up to the hash, or until none comes; a star begins again."""
    digits, wait_s = "", CHOICE_S
    while len(digits) < LONGEST:
        key = await keypad.key(wait_s)
        if key is None or key == "#":
            break
        digits, wait_s = "" if key == "*" else digits + key, DIGIT_S
    return digits
