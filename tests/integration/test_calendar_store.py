"""Overrides of the hours on a real PostgreSQL."""

from __future__ import annotations

from datetime import timedelta

import pytest

from dialplan.model import OverrideKind
from dialplan.settings import HoursSettings
from dialplan.store import CalendarStore
from foundation.database import Database
from tests.clocks import HeldClock


@pytest.fixture
def store(database: Database, clock: HeldClock) -> CalendarStore:
    return CalendarStore(database, HoursSettings(), clock)


async def test_without_overrides_the_settings_decide(store: CalendarStore, clock: HeldClock) -> None:
    assert (await store.load()).is_open(clock.now())


async def test_an_override_is_in_force_at_once_and_until_its_end(store: CalendarStore, clock: HeldClock) -> None:
    until = clock.now() + timedelta(hours=2)
    made = await store.add_override(OverrideKind.CLOSED, until, "evacuation drill", "supervisor")
    calendar = await store.load()
    assert calendar.overrides == (made,)
    assert not calendar.is_open(clock.now())
    assert calendar.next_opening(clock.now()) == until
    clock.move(hours=2)
    assert (await store.load()).is_open(clock.now())


async def test_of_two_overrides_made_at_one_instant_the_later_decides(store: CalendarStore, clock: HeldClock) -> None:
    until = clock.now() + timedelta(hours=2)
    await store.add_override("closed", until, "drill", "supervisor")
    await store.add_override("open", until, "drill is off", "supervisor")
    assert (await store.load()).is_open(clock.now())


async def test_clearing_ends_what_is_in_force_and_keeps_what_is_planned(store: CalendarStore, clock: HeldClock) -> None:
    now = clock.now()
    await store.add_override("closed", now + timedelta(hours=2), "drill", "supervisor")
    planned = await store.add_override(
        "open", now + timedelta(days=2), "storm expected", "supervisor", starts=now + timedelta(days=1)
    )
    clock.move(minutes=1)
    assert await store.clear_overrides("supervisor") == 1
    calendar = await store.load()
    assert calendar.overrides == (planned,)
    assert calendar.is_open(clock.now())
    assert await store.clear_overrides("supervisor") == 0


async def test_an_override_that_ends_in_the_past_is_refused(store: CalendarStore, clock: HeldClock) -> None:
    with pytest.raises(ValueError, match="must end after it starts"):
        await store.add_override("open", clock.now() - timedelta(hours=1), "too late", "supervisor")
    with pytest.raises(ValueError, match="ajar"):
        await store.add_override("ajar", clock.now() + timedelta(hours=1), "no such kind", "supervisor")
