"""Events on a real PostgreSQL: declared once, closed with a reason, and what belongs to them counted by the hour."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from foundation.database import Database
from tests.clocks import HeldClock
from tests.practices import CODES, COUNTING
from ticket_core.events.belonging import UnknownEvent
from ticket_core.events.model import Direction, Event, EventKind, Municipality
from ticket_core.events.places import Places
from ticket_core.events.rules import IllegalEvent
from ticket_core.events.service import Events, UnknownMunicipality
from ticket_core.model import Audio
from ticket_core.service import Practices

AQUILA, NORCIA = "066049", "054035"
TOWNS = (Municipality(AQUILA, "L'Aquila", "AQ", "Abruzzo"), Municipality(NORCIA, "Norcia", "PG", "Umbria"))


@pytest.fixture
async def events(database: Database, clock: HeldClock) -> Events:
    await Places(database, clock).load(TOWNS)
    return Events(database, clock)


@pytest.fixture
def practices(database: Database, clock: HeldClock) -> Practices:
    return Practices(database, clock, COUNTING, CODES)


async def declared(events: Events, clock: HeldClock, name: str = "Terremoto", area: Sequence[str] = ()) -> Event:
    return await events.declare(name, EventKind.EARTHQUAKE, clock.now(), "felt widely", "supervisor", area)


async def steps(events: Events, event_id: UUID) -> list[tuple[str, str, str]]:
    return [(step.author, step.what, step.reason) for step in await events.history(event_id)]


async def open_practice(practices: Practices, database: Database, event_id: UUID, at: datetime | None = None) -> UUID:
    message_id = uuid4()
    await practices.open_message(message_id, uuid4(), "it", None, "a-recording", at=at)
    practice = await practices.file_message(message_id, Audio("a.wav", 1.0, 1.0), at=at)
    async with database.session() as session:
        query = text("UPDATE practice SET event_id = :event WHERE id = :id")
        await session.execute(query, {"event": event_id, "id": practice.id})
    return practice.id


# -- decisions


async def test_a_declared_event_is_open_with_its_area_and_the_one_who_declared_it(
    events: Events, clock: HeldClock
) -> None:
    event = await declared(events, clock, "  Terremoto di \x00 Norcia ", [NORCIA, AQUILA, NORCIA])
    assert event.name == "Terremoto di Norcia"
    assert event.area == (NORCIA, AQUILA)
    assert (event.declared_by, event.declared_at, event.closed_at) == ("supervisor", clock.now(), None)
    assert await events.event(event.id) == event
    assert await events.all() == [event]
    assert await steps(events, event.id) == [("supervisor", "declared", "felt widely")]


async def test_declaring_again_with_one_id_makes_one_event(events: Events, clock: HeldClock) -> None:
    event_id = uuid4()
    attempts = (
        events.declare("Alluvione", EventKind.FLOOD, clock.now(), "rain", "supervisor", [AQUILA], event_id=event_id)
        for _ in range(8)
    )
    made = await asyncio.gather(*attempts)
    assert {event.id for event in made} == {event_id}
    assert await events.all() == [made[0]]
    assert len(await steps(events, event_id)) == 1


async def test_two_supervisors_do_not_open_one_event_twice(events: Events, clock: HeldClock) -> None:
    results = await asyncio.gather(*(declared(events, clock) for _ in range(4)), return_exceptions=True)
    refusals = [result for result in results if isinstance(result, IllegalEvent)]
    assert len(refusals) == 3
    assert "is open already" in str(refusals[0])
    assert len(await events.all()) == 1


async def test_an_event_with_an_unknown_municipality_is_not_declared(events: Events, clock: HeldClock) -> None:
    with pytest.raises(UnknownMunicipality, match="000000"):
        await declared(events, clock, area=[AQUILA, "000000"])
    assert await events.all(also_closed=True) == []


async def test_a_closed_event_says_who_and_why_and_takes_no_more(events: Events, clock: HeldClock) -> None:
    event = await declared(events, clock)
    clock.move(hours=2)
    ended = clock.now() - timedelta(hours=1)
    closed = await events.close(event.id, "it is over", "supervisor", ended)
    assert (closed.closed_by, closed.closed_at, closed.ends) == ("supervisor", clock.now(), ended)
    assert await events.close(event.id, "it is over", "supervisor", ended) == closed
    refused = (
        lambda: events.close(event.id, "twice", "another supervisor"),
        lambda: events.group_calls(event.id, {uuid4(): clock.now()}, "operator"),
        lambda: events.set_area(event.id, [AQUILA], "it was here", "supervisor"),
        lambda: events.tell(event.id, "acqua", "water", "supervisor"),
    )
    for attempt in refused:
        with pytest.raises(IllegalEvent, match="closed by supervisor"):
            await attempt()
    assert await events.event(event.id) == closed
    assert await events.all() == []
    assert await events.all(also_closed=True) == [closed]
    assert len(await steps(events, event.id)) == 2


async def test_two_who_close_at_once_close_it_once(events: Events, clock: HeldClock) -> None:
    event = await declared(events, clock)
    attempts = (events.close(event.id, "over", who) for who in ("one", "another"))
    results = await asyncio.gather(*attempts, return_exceptions=True)
    assert sum(isinstance(result, IllegalEvent) for result in results) == 1
    assert [what for _, what, _ in await steps(events, event.id)] == ["declared", "closed"]


async def test_an_event_does_not_end_before_it_starts(events: Events, clock: HeldClock) -> None:
    event = await declared(events, clock)
    with pytest.raises(IllegalEvent, match="cannot have ended"):
        await events.close(event.id, "over", "supervisor", event.starts)
    assert await events.event(event.id) == event


async def test_a_closed_event_can_be_reopened_and_goes_on(events: Events, clock: HeldClock) -> None:
    event = await declared(events, clock)
    with pytest.raises(IllegalEvent, match="is open already"):
        await events.reopen(event.id, "why", "supervisor")
    clock.move(hours=1)
    await events.close(event.id, "over", "supervisor", clock.now())
    assert await events.reopen(event.id, "it shakes again", "supervisor") == event
    assert await events.reopen(event.id, "it shakes again", "supervisor") == event
    assert await steps(events, event.id) == [
        ("supervisor", "declared", "felt widely"),
        ("supervisor", "closed", "over"),
        ("supervisor", "reopened", "it shakes again"),
    ]


async def test_an_event_is_not_reopened_beside_another_with_its_name(events: Events, clock: HeldClock) -> None:
    event = await declared(events, clock)
    await events.close(event.id, "over", "supervisor")
    await declared(events, clock)
    with pytest.raises(IllegalEvent, match="opened since"):
        await events.reopen(event.id, "it shakes again", "supervisor")
    assert (await events.event(event.id) or event).closed_at is not None


async def test_the_area_is_replaced_whole_and_the_change_is_kept(events: Events, clock: HeldClock) -> None:
    event = await declared(events, clock, area=[AQUILA])
    for _ in range(2):
        changed = await events.set_area(event.id, [NORCIA], "it was there", "supervisor")
        assert changed.area == (NORCIA,)
    assert (await steps(events, event.id))[1:] == [("supervisor", "area of 1", "it was there")]
    assert (await events.set_area(event.id, [], "nowhere", "supervisor")).area == ()


async def test_the_public_is_told_and_told_no_more(events: Events, clock: HeldClock) -> None:
    event = await declared(events, clock)
    for _ in range(2):
        told = await events.tell(event.id, "Non chiamate il 112", "Do not call 112", "supervisor")
        assert (told.bulletin_it, told.bulletin_en) == ("Non chiamate il 112", "Do not call 112")
    with pytest.raises(IllegalEvent, match="in Italian and in English"):
        await events.tell(event.id, "solo italiano", None, "supervisor")
    assert await events.tell(event.id, None, None, "supervisor") == event
    whats = [what for _, what, _ in await steps(events, event.id)]
    assert whats == ["declared", "bulletin published", "bulletin taken back"]


async def test_an_event_that_is_not_there_is_a_clear_error(events: Events, clock: HeldClock) -> None:
    nobody = uuid4()
    attempts = (
        lambda: events.close(nobody, "over", "supervisor"),
        lambda: events.reopen(nobody, "again", "supervisor"),
        lambda: events.set_area(nobody, [], "why", "supervisor"),
        lambda: events.tell(nobody, None, None, "supervisor"),
        lambda: events.group_calls(nobody, {uuid4(): clock.now()}, "operator"),
        lambda: events.trend(nobody),
    )
    for attempt in attempts:
        with pytest.raises(UnknownEvent, match=str(nobody)):
            await attempt()
    assert await events.event(nobody) is None


async def test_the_event_of_a_place_is_suggested_first(events: Events, clock: HeldClock) -> None:
    anywhere = await declared(events, clock, "anywhere")
    here = await declared(events, clock, "here", [AQUILA])
    there = await declared(events, clock, "there", [NORCIA])
    assert await events.suggest(clock.now(), AQUILA) == [here, anywhere]
    await events.close(here.id, "over", "supervisor")
    assert await events.suggest(clock.now(), AQUILA) == [anywhere]
    assert there in await events.suggest(clock.now())
    assert await events.suggest(clock.now() - timedelta(seconds=1)) == []


# -- calls


async def test_a_call_belongs_to_one_event_and_a_move_is_kept_in_the_history(events: Events, clock: HeldClock) -> None:
    one, other = await declared(events, clock, "one"), await declared(events, clock, "other")
    calls = {uuid4(): clock.now() for _ in range(3)}
    call_id = next(iter(calls))
    assert await events.group_calls(one.id, calls, "operator") == 3
    assert await events.group_calls(one.id, calls, "operator") == 0
    assert await events.event_of_call(call_id) == one
    assert await events.group_calls(other.id, {call_id: clock.now()}, "operator") == 1
    assert await events.event_of_call(call_id) == other
    assert len(await events.calls_of(one.id, 10)) == 2
    assert (await steps(events, one.id))[-1] == ("operator", "calls_moved", "1 to 'other'")


async def test_a_call_is_taken_out_of_its_event_with_a_reason(events: Events, clock: HeldClock) -> None:
    event, call_id = await declared(events, clock), uuid4()
    await events.group_calls(event.id, {call_id: clock.now()}, "operator")
    assert await events.ungroup_call(call_id, "operator", "about something\x00 else\n")
    assert not await events.ungroup_call(call_id, "operator", "about something else")
    assert await events.event_of_call(call_id) is None
    assert (await steps(events, event.id))[1:] == [
        ("operator", "call_ungrouped", f"{call_id}: about something else"),
    ]


async def test_the_calls_that_came_last_come_first(events: Events, clock: HeldClock) -> None:
    event = await declared(events, clock)
    calls = {uuid4(): clock.now() + timedelta(minutes=minutes) for minutes in range(4)}
    await events.group_calls(event.id, calls, "operator")
    assert [call.call_id for call in await events.calls_of(event.id, 3)] == list(reversed(calls))[:3]


async def test_no_calls_are_grouped_in_no_time(events: Events, clock: HeldClock) -> None:
    assert await events.group_calls((await declared(events, clock)).id, {}, "operator") == 0


async def test_more_calls_than_one_statement_takes_are_all_grouped(events: Events, clock: HeldClock) -> None:
    event = await declared(events, clock)
    calls = {uuid4(): clock.now() for _ in range(12_001)}
    assert await events.group_calls(event.id, calls, "operator") == 12_001
    assert (await events.trend(event.id)).calls == 12_001


# -- practices and how it goes


async def test_the_practices_of_an_event_are_read_in_pages_each_once(
    events: Events, practices: Practices, database: Database, clock: HeldClock
) -> None:
    event, other = await declared(events, clock, "one"), await declared(events, clock, "other")
    made = {await open_practice(practices, database, event.id) for _ in range(7)}
    await open_practice(practices, database, other.id)
    read: list[UUID] = []
    while page := await events.practices_of(event.id, read[-1] if read else None, 3):
        read += page
    assert len(read) == 7
    assert set(read) == made


async def test_the_trend_counts_calls_and_practices_of_each_hour_up_to_now(
    events: Events, practices: Practices, database: Database, clock: HeldClock
) -> None:
    event, other = await declared(events, clock), await declared(events, clock, "other")
    await events.group_calls(event.id, {uuid4(): clock.now() for _ in range(2)}, "operator")
    await events.group_calls(other.id, {uuid4(): clock.now()}, "operator")
    clock.move(hours=2, minutes=30)
    for _ in range(9):
        await open_practice(practices, database, event.id)
    await events.group_calls(event.id, {uuid4(): clock.now()}, "operator")
    trend = await events.trend(event.id)
    assert (trend.calls, trend.practices) == (3, 9)
    shown = [(f"{hour.starts:%H:%M %Z}", hour.calls, hour.practices, hour.direction) for hour in trend.hours]
    assert shown == [
        ("10:00 CEST", 2, 0, Direction.STEADY),
        ("11:00 CEST", 0, 0, Direction.STEADY),
        ("12:00 CEST", 1, 9, Direction.RISING),
    ]


async def test_the_trend_of_a_closed_event_stops_at_its_closing(events: Events, clock: HeldClock) -> None:
    event = await declared(events, clock)
    clock.move(hours=1)
    await events.close(event.id, "over", "supervisor")
    clock.move(days=30)
    assert len((await events.trend(event.id)).hours) == 2


async def test_the_hour_that_comes_twice_is_counted_twice_by_the_database_too(
    events: Events, practices: Practices, database: Database
) -> None:
    night = HeldClock(datetime(2026, 10, 24, 23, 0, tzinfo=UTC))
    event = await declared(events, night)
    first, second = datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    await events.group_calls(event.id, {uuid4(): first, uuid4(): second, uuid4(): second}, "operator")
    await open_practice(practices, database, event.id, second)
    night.move(hours=4, minutes=59)
    hours = (await Events(database, night).trend(event.id)).hours
    assert [(f"{hour.starts:%H %Z}", hour.calls, hour.practices) for hour in hours] == [
        ("01 CEST", 0, 0),
        ("02 CEST", 1, 0),
        ("02 CET", 2, 1),
        ("03 CET", 0, 0),
        ("04 CET", 0, 0),
    ]
