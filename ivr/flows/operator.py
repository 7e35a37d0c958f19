"""Key 1 or 0: a person; and whoever comes back from the queue without having spoken to one."""

from __future__ import annotations

from ivr.flows.mailbox import leave_message
from ivr.model import Place, Visit, Why
from ivr.ports import Desk
from ivr.rules import told_why
from ledger.model import Outcome, StepKind
from phone.call import Call

ASKS_FOR_OPERATOR = "operator"


async def ask_for_operator(call: Call, desk: Desk, visit: Visit) -> None:
    """Rows 6 and 7: on to the operators while the line is open, else the mailbox."""
    hours = await desk.hours()
    if hours.is_open:
        desk.enter(ASKS_FOR_OPERATOR, call.language)
        await call.hand_on()
    await call.say(*told_why(Why.CLOSED, hours))
    await leave_message(call, desk, visit)


async def come_back(call: Call, desk: Desk, visit: Visit, place: Place, why: Why) -> None:
    """Say why nobody has answered. Who asked for a person and leaves without a word is missed, whatever they heard before."""
    desk.enter(place.flow, place.language)
    desk.note(StepKind.FLOW, flow=place.flow, why=why.value)
    visit.reached(Outcome.MISSED)
    await desk.remember(visit)
    if told := told_why(why, await desk.hours()):
        await call.say(*told, "pause-short")
