"""A menu: a question with a few keys, its unhappy paths named where it is called."""

from __future__ import annotations

from collections.abc import Sequence

from phone.call import Call

REPEAT = "*"


async def menu(
    call: Call,
    *prompts: str,
    keys: str,
    tries: int = 3,
    intro: Sequence[str] = (),
    stay: str | None = None,
    wait_s: float = 5.0,
) -> str | None:
    """The key chosen, or None after `tries` wrong or missing answers.

    `*` repeats the question and is no wrong answer. `intro` is played before the first question, in one sound with it,
    so that keys typed ahead skip both. `stay` is the key for which staying on the line stands.
    """
    before = tuple(intro)
    failures = 0
    while failures < tries:
        key = await call.ask(*before, *prompts, wait_s=wait_s) or stay
        if key is not None and key in keys:
            return key
        before = () if key in (None, REPEAT) else ("choice-not-valid",)
        failures += key != REPEAT
    return None
