"""Key 1 or 0: a person. Until the queue exists nobody is on duty, and that is what is said."""

from __future__ import annotations

from ivr.flows.mailbox import leave_message
from ivr.model import Visit
from ivr.ports import Desk
from phone.call import Call


async def ask_for_operator(call: Call, desk: Desk, visit: Visit) -> None:
    """Row 7: nobody on duty, so the mailbox."""
    await call.say("no-operator")
    await leave_message(call, desk, visit)
