"""Key 4: hours and other channels."""

from __future__ import annotations

from ivr.model import Visit
from ivr.ports import Desk
from ivr.rules import told_hours
from ledger.model import Outcome
from phone.call import Call


async def hours_and_channels(call: Call, desk: Desk, visit: Visit) -> None:
    """Say when the line is open and how else to write; then back to the menu."""
    visit.reached(Outcome.INFORMATION_HEARD)
    await desk.remember(visit)
    await call.say(*told_hours(await desk.hours()), "other-channels", "pause-long")
