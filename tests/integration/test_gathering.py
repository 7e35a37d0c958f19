"""An event's practices and calls are gathered, and one answer goes to all that can be answered."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import pytest

from foundation.database import Database
from tests.clocks import HeldClock
from tests.practices import CODES, COUNTING
from ticket_core import gathering
from ticket_core.casework import Casework
from ticket_core.changes import UnknownPractice
from ticket_core.edits import Edit
from ticket_core.events.belonging import UnknownEvent
from ticket_core.events.model import Event, EventKind
from ticket_core.events.rules import IllegalEvent
from ticket_core.events.service import Events
from ticket_core.gathering import Answered, Gathering
from ticket_core.model import Audio, Channel, PracticeState, Request, Requester
from ticket_core.replies.model import LetterKind
from ticket_core.replies.service import Replies
from ticket_core.service import Practices

ANNA = Requester(name="Anna Verdi", email="anna.verdi@example.org")


class Office:
    """What the tests use."""

    def __init__(self, database: Database, clock: HeldClock) -> None:
        self.clock = clock
        self.replies = Replies(database, clock)
        self.practices = Practices(database, clock, COUNTING, CODES)
        self.casework = Casework(database, clock, COUNTING, CODES, self.replies)
        self.events = Events(database, clock)
        self.gathering = Gathering(self.practices, self.casework, self.events)

    async def event(self) -> Event:
        starts = self.clock.now() - timedelta(hours=2)
        return await self.events.declare("Terremoto", EventKind.EARTHQUAKE, starts, "felt widely", "rossi", ())

    async def written(self) -> UUID:
        return (await self.casework.open(Request(channel=Channel.WEB_FORM, requester=ANNA), "form")).id

    async def spoken(self, call_id: UUID) -> UUID:
        message_id = uuid4()
        await self.practices.open_message(message_id, call_id, "it", "+390612345678", "take")
        return (await self.practices.file_message(message_id, Audio("a.wav", 9.0, 7.0))).id


@pytest.fixture
def office(database: Database, clock: HeldClock) -> Office:
    return Office(database, clock)


async def test_a_spoken_practice_brings_its_call_into_the_event_and_both_are_counted(office: Office) -> None:
    event, call_id = await office.event(), uuid4()
    practice_id = await office.spoken(call_id)
    for _ in range(2):
        practice = await office.gathering.put(practice_id, event.id, "anna", "about the earthquake")
    assert practice.event_id == event.id
    assert [entry.what for entry in practice.history].count("corrected") == 1
    trend = await office.events.trend(event.id)
    assert (trend.calls, trend.practices) == (1, 1)


async def test_one_answer_goes_to_all_once_and_the_rest_is_counted_as_left(office: Office) -> None:
    event = await office.event()
    written = [await office.written() for _ in range(3)]
    spoken = await office.spoken(uuid4())
    for practice_id in (*written, spoken):
        await office.gathering.put(practice_id, event.id, "anna", "")
    assert await office.gathering.answer(event.id, "Le scuole sono aperte.", "carla") == Answered(3, 1)
    assert await office.gathering.answer(event.id, "Le scuole sono aperte.", "carla") == Answered(0, 4)
    history = [(step.author, step.what, step.reason) for step in await office.events.history(event.id)]
    assert history[1:] == [("carla", "answered to 3", "Le scuole sono aperte.")]
    for practice_id in written:
        practice = await office.practices.practice(practice_id)
        assert practice is not None
        assert practice.state is PracticeState.ANSWERED
        letters = [
            letter for letter in await office.replies.letters_of(practice_id) if letter.kind is LetterKind.EVENT_ANSWER
        ]
        assert ["Le scuole sono aperte." in letter.body for letter in letters] == [True]


async def test_an_answer_that_was_interrupted_goes_on_with_those_that_are_left(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "PAGE", 2)
    event = await office.event()
    written = [await office.written() for _ in range(5)]
    for practice_id in written:
        await office.gathering.put(practice_id, event.id, "anna", "about it")
    asked = count(1)

    async def dies_at_the_fourth(*asked_for: Any) -> bool:
        if next(asked) == 4:
            raise ConnectionError
        return await Casework.answer_event(office.casework, *asked_for)

    with monkeypatch.context() as patch:
        patch.setattr(office.casework, "answer_event", dies_at_the_fourth)
        with pytest.raises(ConnectionError):
            await office.gathering.answer(event.id, "Sì", "carla")
    assert await office.gathering.answer(event.id, "Sì", "carla") == Answered(2, 3)
    for practice_id in written:
        letters = await office.replies.letters_of(practice_id)
        assert [letter.kind for letter in letters].count(LetterKind.EVENT_ANSWER) == 1


async def test_a_practice_that_left_the_event_after_it_was_listed_does_not_get_its_answer(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = await office.event()
    stays, leaves = await office.written(), await office.written()
    for practice_id in (stays, leaves):
        await office.gathering.put(practice_id, event.id, "anna", "about it")

    async def after_one_has_left(*asked_for: Any) -> bool:
        await office.casework.correct(leaves, Edit(event_id=None), "bruno", "not about it")
        return await Casework.answer_event(office.casework, *asked_for)

    monkeypatch.setattr(office.casework, "answer_event", after_one_has_left)
    assert await office.gathering.answer(event.id, "Sì", "carla") == Answered(1, 1)
    left = await office.practices.practice(leaves)
    assert left is not None
    assert left.state is PracticeState.RECEIVED
    assert LetterKind.EVENT_ANSWER not in [letter.kind for letter in await office.replies.letters_of(leaves)]


async def test_what_waits_in_an_event_that_was_closed_can_still_be_answered(office: Office) -> None:
    event, practice_id = await office.event(), await office.written()
    await office.gathering.put(practice_id, event.id, "anna", "")
    await office.events.close(event.id, "over", "rossi")
    assert await office.gathering.answer(event.id, "Le scuole sono aperte.", "carla") == Answered(1, 0)


async def test_nothing_is_put_into_a_closed_event(office: Office) -> None:
    event, practice_id = await office.event(), await office.written()
    await office.events.close(event.id, "over", "rossi")
    with pytest.raises(IllegalEvent):
        await office.gathering.put(practice_id, event.id, "anna", "")
    practice = await office.practices.practice(practice_id)
    assert practice is not None
    assert practice.event_id is None


async def test_what_is_not_there_is_said_so(office: Office) -> None:
    event, practice_id = await office.event(), await office.written()
    with pytest.raises(UnknownPractice):
        await office.gathering.put(uuid4(), event.id, "anna", "")
    with pytest.raises(UnknownEvent):
        await office.gathering.put(practice_id, uuid4(), "anna", "")
    with pytest.raises(UnknownEvent):
        await office.gathering.answer(uuid4(), "Sì", "anna")
