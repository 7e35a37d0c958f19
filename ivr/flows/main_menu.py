"""Rows 1 to 5: answer, greet, and take the caller where they ask."""

from __future__ import annotations

from ivr.flows.hours import hours_and_channels
from ivr.flows.mailbox import leave_message
from ivr.flows.operator import ask_for_operator
from ivr.flows.status import practice_status
from ivr.model import Visit
from ivr.ports import Desk
from ivr.rules import OTHER_LANGUAGE, RESUMED, greeting, menu_prompts
from phone.call import Call
from phone.menu import menu

KEYS_OPEN = "123490"
KEYS_CLOSED = "23490"


async def main_menu(call: Call, desk: Desk, visit: Visit) -> None:
    """Greet the caller and take them where they ask."""
    desk.enter("main_menu", call.language)
    await call.answer()
    intro = RESUMED if visit.resumed else greeting(desk.bulletin())
    while True:
        hours = await desk.hours()
        keys = KEYS_OPEN if hours.is_open else KEYS_CLOSED
        stay = None if hours.is_open else "3"  # "o resti in linea"
        key = await menu(
            call, *menu_prompts(hours), keys=keys, intro=intro, stay=stay,
            tries=desk.settings.tries, wait_s=desk.settings.menu_wait_s,
        )  # fmt: skip
        desk.note("menu", menu="open" if hours.is_open else "closed", key=key)
        match key:
            case "1" | "0":
                return await ask_for_operator(call, desk, visit)
            case "2":
                return await practice_status(call, desk, visit)
            case "4":
                await hours_and_channels(call, desk, visit)
                intro = ()
            case "9":
                change_language(call, desk)
                intro = greeting(desk.bulletin())
            case None if hours.is_open:
                return await ask_for_operator(call, desk, visit)
            case _:
                return await leave_message(call, desk, visit)


def change_language(call: Call, desk: Desk) -> None:
    """From here on in the other language; the greeting is said again, because of its warning."""
    call.language = OTHER_LANGUAGE[call.language]
    desk.speaks(call.language)
    desk.enter("main_menu", call.language)
