"""Operators' duty on a real PostgreSQL."""

from __future__ import annotations

import pytest

from dialplan.settings import HoursSettings
from dialplan.store import CalendarStore
from foundation.database import Database
from queue_manager.keeper import Rows
from queue_manager.model import Duty, Operator, Wanted
from queue_manager.store import Duties
from tests.clocks import HeldClock


@pytest.fixture
def duties(database: Database, clock: HeldClock) -> Duties:
    return Duties(database, clock)


async def test_who_is_on_duty_is_kept_with_since_when(duties: Duties, clock: HeldClock) -> None:
    began = clock.now()
    assert await duties.set("201", Duty.ON)
    clock.move(minutes=5)
    assert not await duties.set("201", Duty.ON), "saying it again changes nothing"
    assert await duties.set("202", Duty.ON)
    assert await duties.set("202", Duty.OFF)
    assert await duties.on_duty() == [Operator("201", "PJSIP/201", Duty.ON, began)]
    assert [(one.number, one.duty, one.since) for one in await duties.all()] == [
        ("201", Duty.ON, began),
        ("202", Duty.OFF, clock.now()),
    ]


async def test_what_asterisk_must_hold_follows_duty_override_and_midnight(
    duties: Duties, database: Database, clock: HeldClock
) -> None:
    calendar = CalendarStore(database, HoursSettings(), clock)
    rows = Rows(duties, calendar, clock)
    quiet = await rows.wanted()
    assert quiet.members == frozenset()
    assert quiet.dated["20261225"] == "closed"
    assert "20261005" not in quiet.dated
    await duties.set("201", Duty.ON)
    await calendar.add_override("closed", clock.now().replace(hour=15), "drill", "supervisor")
    changed = await rows.wanted()
    assert changed.members == {"PJSIP/201"}
    assert changed.dated["20261005"].count("-") == 2, "open before the override and after it"
    clock.move(days=1)
    tomorrow = await rows.wanted()
    assert "20261005" not in tomorrow.dated
    assert tomorrow != Wanted(changed.members, changed.dated)
