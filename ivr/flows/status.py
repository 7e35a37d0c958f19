"""Rows 12 to 15: a practice's state by its code."""

from __future__ import annotations

from ivr.flows.mailbox import leave_message
from ivr.flows.operator import ask_for_operator
from ivr.model import RecordsAway, Visit
from ivr.ports import Desk
from ivr.rules import told_status
from ledger.model import Outcome
from phone.call import Call
from phone.menu import menu
from ticket_core.codes import is_well_formed
from ticket_core.model import PracticeStatus

MOST_KEYS = 40  # a code keyed three times over, with stars between


async def practice_status(call: Call, desk: Desk, visit: Visit) -> None:
    """Ask for a code and tell the practice's state; three failures lead on to a person or the mailbox."""
    desk.enter("status", call.language)
    try:
        status = await look_up(call, desk, visit)
    except RecordsAway:
        await call.say("status-not-available")
    else:
        if status:
            return await tell(call, desk, visit, status)
        await call.say("no-more-tries")
    if (await desk.hours()).is_open:
        return await ask_for_operator(call, desk, visit)
    return await leave_message(call, desk, visit)


async def look_up(call: Call, desk: Desk, visit: Visit) -> PracticeStatus | None:
    """The practice whose code the caller keys, or has keyed before a restart; None after too many failures."""
    while visit.failed_codes < desk.settings.tries:
        code = visit.code or await ask_code(call, desk)
        desk.note("status_asked")
        status = await desk.status(code) if is_well_formed(code) else None
        visit.code = code if status else None
        visit.failed_codes += status is None
        await desk.remember(visit)
        if status:
            return status
        if code:
            desk.code_failed()
            await call.say("code-unknown" if is_well_formed(code) else "code-not-correct")
    return None


async def ask_code(call: Call, desk: Desk) -> str:
    """What was keyed up to the hash; a star starts again, so only what follows the last one counts."""
    typed = await call.ask("status-ask", keys=MOST_KEYS, end="#", wait_s=desk.settings.menu_wait_s)
    return (typed or "").rpartition("*")[2]


async def tell(call: Call, desk: Desk, visit: Visit, status: PracticeStatus) -> None:
    """State and dates, never content; then an operator, a message to this practice, or once more."""
    visit.reached(Outcome.STATUS_HEARD)
    await desk.remember(visit)
    key = await menu(
        call,
        *told_status(status),
        "status-menu",
        keys="130",
        tries=desk.settings.tries,
        wait_s=desk.settings.menu_wait_s,
    )
    if key == "3":
        return await leave_message(call, desk, visit, adds_to=status)
    if key in ("1", "0") or (await desk.hours()).is_open:
        return await ask_for_operator(call, desk, visit)
    return await leave_message(call, desk, visit)
