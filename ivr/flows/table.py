"""Flows by name: the name is kept on the channel, and a restart enters it again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from ivr.flows.mailbox import leave_message
from ivr.flows.main_menu import main_menu
from ivr.flows.operator import ASKS_FOR_OPERATOR, ask_for_operator
from ivr.flows.status import practice_status
from ivr.model import Visit
from ivr.ports import Desk
from phone.call import Call

FIRST_FLOW = "main_menu"
FLOWS: dict[str, Callable[[Call, Desk, Visit], Awaitable[None]]] = {
    FIRST_FLOW: main_menu,
    "mailbox": leave_message,
    "status": practice_status,
    ASKS_FOR_OPERATOR: ask_for_operator,
}
