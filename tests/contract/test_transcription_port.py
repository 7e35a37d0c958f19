"""`voicemail_worker.ports.Messages`: one suite for the rows in memory and the rows in PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest

from foundation.database import Database, DatabaseSettings
from tests.clocks import HeldClock
from tests.postgres import Throwaway, throwaway_cluster
from tests.practices import CODES, COUNTING
from ticket_core.model import Audio, Message, MessageState, Transcript, Word
from ticket_core.service import Practices
from voicemail_worker.memory import MemoryMessages
from voicemail_worker.ports import Messages

TEXT = Transcript("aiuto", (Word("aiuto", 0.5, 0.9, 0.8),), "vosk", "small@0123", "it")
LEASE_S = 10.0


@dataclass
class Desk:
    """The port under test, how a message that waits gets there, and how to look at one."""

    messages: Messages
    clock: HeldClock
    arrives: Callable[[str], Awaitable[UUID]]
    look: Callable[[UUID], Awaitable[Message]]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Throwaway]:
    with throwaway_cluster() as one:
        yield one


def in_memory(clock: HeldClock) -> Desk:
    rows = MemoryMessages(clock)

    async def arrives(language: str) -> UUID:
        message = Message(
            id=uuid4(),
            call_id=uuid4(),
            language=language,
            recording="take-1",
            audio_path="a.wav",
            seconds=9.0,
            state=MessageState.TO_TRANSCRIBE,
            made_at=clock.now(),
        )
        return rows.add(message).message.id

    async def look(message_id: UUID) -> Message:
        return rows.value(message_id)

    return Desk(rows, clock, arrives, look)


def in_postgres(clock: HeldClock, database: Database) -> Desk:
    practices = Practices(database, clock, COUNTING, CODES)

    async def arrives(language: str) -> UUID:
        message_id = uuid4()
        await practices.open_message(message_id, uuid4(), language, None, "take-1")
        await practices.file_message(message_id, Audio("a.wav", 9.0, 8.0))
        return message_id

    async def look(message_id: UUID) -> Message:
        message = await practices.message(message_id)
        assert message is not None
        return message

    return Desk(practices, clock, arrives, look)


@pytest.fixture(params=["memory", "postgres"])
async def desk(request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    clock = HeldClock()
    if request.param == "memory":
        yield in_memory(clock)
        return
    cluster: Throwaway = request.getfixturevalue("cluster")
    with cluster.database() as url:
        database = Database(DatabaseSettings(url=url))
        yield in_postgres(clock, database)
        await database.close()


async def test_a_waiting_message_is_announced_and_claimed_by_one_worker_only(desk: Desk) -> None:
    message_id = await desk.arrives("it")
    assert await desk.messages.to_announce(10) == [message_id]
    claimed = await desk.messages.claim(message_id, "one", LEASE_S)
    assert claimed is not None
    assert (claimed.id, claimed.language, claimed.audio_path, claimed.seconds) == (message_id, "it", "a.wav", 9.0)
    assert claimed.attempts == 1
    assert await desk.messages.claim(message_id, "two", LEASE_S) is None
    assert await desk.messages.to_announce(10) == []


async def test_an_unknown_message_cannot_be_claimed(desk: Desk) -> None:
    assert await desk.messages.claim(uuid4(), "one", LEASE_S) is None


async def test_no_more_messages_are_announced_than_asked_for(desk: Desk) -> None:
    for _ in range(3):
        await desk.arrives("it")
    assert len(await desk.messages.to_announce(2)) == 2


async def test_a_message_whose_lease_ran_out_goes_to_the_next_worker(desk: Desk) -> None:
    message_id = await desk.arrives("it")
    await desk.messages.claim(message_id, "one", LEASE_S)
    desk.clock.move(seconds=LEASE_S + 1)
    assert await desk.messages.to_announce(10) == [message_id]
    claimed = await desk.messages.claim(message_id, "two", LEASE_S)
    assert claimed is not None
    assert claimed.attempts == 2
    assert not await desk.messages.extend_lease(message_id, "one", LEASE_S)
    assert not await desk.messages.transcribed(message_id, "one", TEXT, ())
    assert await desk.messages.transcribed(message_id, "two", TEXT, ())


async def test_an_extended_lease_holds_the_message(desk: Desk) -> None:
    message_id = await desk.arrives("it")
    await desk.messages.claim(message_id, "one", LEASE_S)
    desk.clock.move(seconds=LEASE_S - 1)
    assert await desk.messages.extend_lease(message_id, "one", LEASE_S)
    desk.clock.move(seconds=LEASE_S - 1)
    assert await desk.messages.claim(message_id, "two", LEASE_S) is None


async def test_a_transcript_is_kept_once_with_its_words_and_alarm(desk: Desk) -> None:
    message_id = await desk.arrives("it")
    await desk.messages.claim(message_id, "one", LEASE_S)
    assert await desk.messages.transcribed(message_id, "one", TEXT, ("aiuto",))
    assert not await desk.messages.transcribed(message_id, "one", TEXT, ())
    kept = await desk.look(message_id)
    assert (kept.state, kept.transcript, kept.alarm_words) == (MessageState.TRANSCRIBED, TEXT, ("aiuto",))
    assert await desk.messages.to_announce(10) == []


Ending = Callable[[Messages, UUID], Awaitable[bool]]
ENDINGS: list[tuple[Ending, MessageState, str | None]] = [
    (lambda rows, one: rows.no_speech(one, "one"), MessageState.NO_SPEECH, None),
    (lambda rows, one: rows.unreadable(one, "one", "an empty file"), MessageState.UNREADABLE, "an empty file"),
    (lambda rows, one: rows.failed(one, "one", "signal 11"), MessageState.FAILED, "signal 11"),
]


@pytest.mark.parametrize(("end", "state", "reason"), ENDINGS)
async def test_what_cannot_be_transcribed_is_set_aside_for_good(
    desk: Desk, end: Ending, state: MessageState, reason: str | None
) -> None:
    message_id = await desk.arrives("it")
    assert not await end(desk.messages, message_id)
    await desk.messages.claim(message_id, "one", LEASE_S)
    assert await end(desk.messages, message_id)
    assert not await end(desk.messages, message_id)
    kept = await desk.look(message_id)
    assert (kept.state, kept.reason) == (state, reason)
    desk.clock.move(hours=1)
    assert await desk.messages.to_announce(10) == []


async def test_a_message_given_back_can_be_claimed_at_once(desk: Desk) -> None:
    message_id = await desk.arrives("it")
    await desk.messages.claim(message_id, "one", LEASE_S)
    assert not await desk.messages.give_back(message_id, "two", attempted=True)
    assert await desk.messages.give_back(message_id, "one", attempted=True)
    assert await desk.messages.claim(message_id, "two", LEASE_S) is not None


@pytest.mark.parametrize(("attempted", "next_attempt"), [(True, 2), (False, 1)], ids=["died", "told to stop"])
async def test_only_a_decoder_that_died_counts_against_a_message(
    desk: Desk, attempted: bool, next_attempt: int
) -> None:
    message_id = await desk.arrives("it")
    await desk.messages.claim(message_id, "one", LEASE_S)
    await desk.messages.give_back(message_id, "one", attempted=attempted)
    again = await desk.messages.claim(message_id, "two", LEASE_S)
    assert again is not None
    assert again.attempts == next_attempt


async def test_a_message_without_a_model_sleeps_until_its_own_language_has_one(desk: Desk) -> None:
    message_id = await desk.arrives("en")
    await desk.messages.claim(message_id, "one", LEASE_S)
    assert await desk.messages.wait_for_model(message_id, "one")
    desk.clock.move(hours=1)
    assert await desk.messages.to_announce(10) == []
    assert await desk.messages.wake_waiting("it") == 0
    assert await desk.messages.wake_waiting("en") == 1
    assert await desk.messages.wake_waiting("en") == 0
    assert await desk.messages.to_announce(10) == [message_id]
