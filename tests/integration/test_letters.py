"""Letters on a real PostgreSQL: one a key, sent by one sender at a time, dead ones revived by people alone."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from foundation.database import Database
from foundation.steps import IllegalStep
from tests.clocks import HeldClock
from tests.letters import ANSWER, a_practice
from ticket_core.replies.facts import Facts, Reopened
from ticket_core.replies.model import Language, Letter, LetterKind, LetterState, Outgoing
from ticket_core.replies.rules import LetterRefused
from ticket_core.replies.service import Replies
from ticket_core.replies.tending import UnknownLetter

ADDRESS = "anna.verdi@example.org"
DOMAIN = "example.it"
LEASE_S = 60


@pytest.fixture
def replies(database: Database, clock: HeldClock) -> Replies:
    return Replies(database, clock)


@pytest.fixture
async def practice_id(database: Database, clock: HeldClock) -> UUID:
    return await a_practice(database, clock)


async def composed(replies: Replies, practice_id: UUID, key: str = "", facts: Facts = ANSWER) -> Letter:
    return await replies.compose(practice_id, facts, Language.IT, ADDRESS, "maria", key or str(uuid4()))


async def claimed(replies: Replies, sender: str = "a") -> Letter:
    letter = await replies.claim(sender, LEASE_S, DOMAIN)
    assert letter is not None
    return letter


async def now_of(replies: Replies, letter: Letter) -> Letter:
    found = await replies.letter(letter.id)
    assert found is not None
    return found


# -- composing


async def test_a_composed_letter_waits_to_be_sent(replies: Replies, practice_id: UUID, clock: HeldClock) -> None:
    letter = await composed(replies, practice_id)
    assert (letter.kind, letter.language, letter.state) == (LetterKind.ANSWER, Language.IT, LetterState.TO_SEND)
    assert (letter.attempts, letter.next_try_at, letter.made_at) == (0, clock.now(), clock.now())
    assert letter.author == "maria"
    assert "123 456 789 03" in letter.subject
    assert letter.body.startswith("Buongiorno Anna Verdi,\n\n")
    assert await replies.letters_of(practice_id) == [letter]


async def test_the_same_key_again_is_the_same_letter(replies: Replies, practice_id: UUID) -> None:
    first = await composed(replies, practice_id, "answer 1")
    again = await composed(replies, practice_id, "answer 1", Reopened(code="12345678903", due_on=date(2027, 1, 5)))
    assert again == first
    assert await replies.letters_of(practice_id) == [first]


async def test_writers_that_race_with_one_key_make_one_letter(replies: Replies, practice_id: UUID) -> None:
    letters = await asyncio.gather(*(composed(replies, practice_id, "answer 1") for _ in range(8)))
    assert len({letter.id for letter in letters}) == 1
    assert len(await replies.letters_of(practice_id)) == 1


async def test_a_letter_is_there_only_when_its_callers_transaction_is_committed(
    replies: Replies, practice_id: UUID, database: Database
) -> None:
    async def compose_and_fail() -> None:
        async with database.session() as session:
            await replies.compose_in(session, practice_id, ANSWER, Language.IT, ADDRESS, "maria", "k")
            raise IllegalStep("the practice could not be answered")

    with pytest.raises(IllegalStep):
        await compose_and_fail()
    assert await replies.letters_of(practice_id) == []
    async with database.session() as session:
        letter = await replies.compose_in(session, practice_id, ANSWER, Language.IT, ADDRESS, "maria", "k")
    assert await replies.letters_of(practice_id) == [letter]


async def test_nothing_is_written_for_an_address_that_is_none(replies: Replies, practice_id: UUID) -> None:
    with pytest.raises(LetterRefused):
        await replies.compose(practice_id, ANSWER, Language.IT, "a@b.org\nBcc: c@d.org", "maria", "k")
    assert await replies.letters_of(practice_id) == []


async def test_a_letter_of_no_practice_is_refused(replies: Replies) -> None:
    with pytest.raises(IntegrityError):
        await composed(replies, uuid4())


# -- sending


async def test_a_claimed_letter_is_held_by_its_sender_alone_and_keeps_its_message_id(
    replies: Replies, practice_id: UUID, clock: HeldClock
) -> None:
    letter = await composed(replies, practice_id)
    taken = await claimed(replies)
    assert (taken.id, taken.state, taken.attempts) == (letter.id, LetterState.SENDING, 1)
    assert taken.message_id == f"<{letter.id}@example.it>"
    assert await replies.claim("b", LEASE_S, DOMAIN) is None
    clock.move(seconds=LEASE_S)
    again = await replies.claim("b", LEASE_S, "another.example")
    assert again is not None
    assert (again.message_id, again.attempts) == (taken.message_id, 2)
    assert await replies.sent(letter.id, "a") is None
    assert await replies.sent(letter.id, "b") is not None


async def test_senders_that_race_send_each_letter_once(replies: Replies, practice_id: UUID) -> None:
    made = [await composed(replies, practice_id) for _ in range(12)]

    async def work(sender: str) -> list[UUID]:
        done = []
        while (letter := await replies.claim(sender, LEASE_S, DOMAIN)) is not None:
            assert await replies.sent(letter.id, sender) is not None
            done.append(letter.id)
        return done

    each = await asyncio.gather(*(work(f"sender-{number}") for number in range(4)))
    assert sorted(letter for done in each for letter in done) == sorted(letter.id for letter in made)


async def test_a_sent_letter_is_final(replies: Replies, practice_id: UUID, clock: HeldClock) -> None:
    letter = await composed(replies, practice_id)
    await claimed(replies)
    sent = await replies.sent(letter.id, "a")
    assert sent is not None
    assert (sent.state, sent.sent_at, sent.next_try_at, sent.error) == (LetterState.SENT, clock.now(), None, None)
    clock.move(days=30)
    assert await replies.claim("a", LEASE_S, DOMAIN) is None
    with pytest.raises(IllegalStep):
        await replies.revive(letter.id)
    with pytest.raises(IllegalStep):
        await replies.cancel(letter.id)


async def test_a_letter_that_failed_is_due_again_only_after_its_wait(
    replies: Replies, practice_id: UUID, clock: HeldClock
) -> None:
    letter = await composed(replies, practice_id)
    for minutes in (1, 5, 30, 120, 480, 480):
        await claimed(replies)
        failed = await replies.failed(letter.id, "a", "450 try later")
        assert failed is not None
        assert (failed.state, failed.error) == (LetterState.TO_SEND, "450 try later")
        assert failed.next_try_at == clock.now() + timedelta(minutes=minutes)
        clock.move(minutes=minutes - 0.5)
        assert await replies.due(10) == []
        clock.move(minutes=0.5)
        assert [one.id for one in await replies.due(10)] == [letter.id]


async def test_a_letter_that_failed_for_five_days_is_dead(
    replies: Replies, practice_id: UUID, clock: HeldClock
) -> None:
    letter = await composed(replies, practice_id)
    clock.move(days=4, hours=23, minutes=30)
    await claimed(replies)
    assert (await replies.failed(letter.id, "a", "450 try later")).state is LetterState.TO_SEND  # type: ignore[union-attr]
    clock.move(minutes=30)
    await claimed(replies)
    assert (await replies.failed(letter.id, "a", "450 try later")).state is LetterState.DEAD  # type: ignore[union-attr]
    assert [one.id for one in await replies.dead(10)] == [letter.id]


async def test_a_try_that_the_server_did_not_hear_of_does_not_count(
    replies: Replies, practice_id: UUID, clock: HeldClock
) -> None:
    letter = await composed(replies, practice_id)
    for _ in range(20):
        await claimed(replies)
        back = await replies.give_back(letter.id, "a", "no connection")
        assert back is not None
        assert (back.attempts, back.next_try_at) == (0, clock.now() + timedelta(minutes=1))
        clock.move(minutes=1)


async def test_a_dead_letter_is_revived_by_a_person_to_a_better_address_with_five_days_of_its_own(
    replies: Replies, practice_id: UUID, clock: HeldClock
) -> None:
    letter = await composed(replies, practice_id)
    await claimed(replies)
    await replies.refused(letter.id, "a", "550 no such user")
    assert (await now_of(replies, letter)).state is LetterState.DEAD
    clock.move(days=20)
    assert await replies.claim("a", LEASE_S, DOMAIN) is None
    revived = await replies.revive(letter.id, "anna@Example.com")
    assert (revived.address, revived.attempts, revived.trying_since) == ("anna@example.com", 0, clock.now())
    assert (await claimed(replies)).id == letter.id
    assert (await replies.failed(letter.id, "a", "450")).state is LetterState.TO_SEND  # type: ignore[union-attr]


async def test_a_letter_that_waits_or_is_dead_can_be_given_up_and_one_that_is_being_sent_cannot(
    replies: Replies, practice_id: UUID
) -> None:
    waits, goes = await composed(replies, practice_id), await composed(replies, practice_id)
    assert (await replies.cancel(waits.id)).state is LetterState.CANCELLED
    assert (await replies.cancel(waits.id)).state is LetterState.CANCELLED
    assert (await claimed(replies)).id == goes.id
    with pytest.raises(IllegalStep):
        await replies.cancel(goes.id)
    await replies.refused(goes.id, "a", "550 no such user")
    await replies.cancel(goes.id)
    assert await replies.outgoing() == Outgoing(0, None, 0)


async def test_what_waits_and_what_is_dead_is_counted(replies: Replies, practice_id: UUID, clock: HeldClock) -> None:
    oldest = await composed(replies, practice_id)
    clock.move(minutes=10)
    dead = await composed(replies, practice_id)
    await claimed(replies)
    assert (await claimed(replies)).id == dead.id
    await replies.refused(dead.id, "a", "550 no such user")
    assert await replies.outgoing() == Outgoing(1, oldest.made_at, 1)
    assert [letter.id for letter in await replies.waiting(10)] == [oldest.id]


async def test_an_erased_practices_letters_say_nothing_and_go_nowhere(
    replies: Replies, practice_id: UUID, database: Database, clock: HeldClock
) -> None:
    another = await composed(replies, await a_practice(database, clock))
    sent, dead, goes, waits = [await composed(replies, practice_id) for _ in range(4)]
    held = [await claimed(replies) for _ in range(4)]
    assert [letter.id for letter in held] == [another.id, sent.id, dead.id, goes.id]
    await replies.sent(sent.id, "a")
    await replies.refused(dead.id, "a", f"550 <{ADDRESS}> unknown")
    for _ in range(2):
        async with database.session() as session:
            assert await replies.erase_in(session, practice_id) == 4
    left = await replies.letters_of(practice_id)
    assert {(one.address, one.subject, one.body, one.error) for one in left} == {("", "", "", None)}
    assert {one.id: one.state for one in left} == {
        sent.id: LetterState.SENT,
        **dict.fromkeys((dead.id, goes.id, waits.id), LetterState.CANCELLED),
    }
    assert await replies.sent(goes.id, "a") is None
    assert (await now_of(replies, another)).body == another.body
    clock.move(days=1)
    assert [one.id for one in await replies.due(10)] == [another.id]


@pytest.mark.parametrize("verb", ["revive", "cancel"])
async def test_a_letter_that_is_not_there_is_named(replies: Replies, verb: str) -> None:
    with pytest.raises(UnknownLetter, match="no letter has the id"):
        await getattr(replies, verb)(uuid4())


async def test_the_next_letter_is_found_without_reading_those_that_are_done(
    replies: Replies, practice_id: UUID, database: Database
) -> None:
    await composed(replies, practice_id)
    async with database.session() as session:
        await session.execute(
            text(
                "INSERT INTO outgoing SELECT gen_random_uuid(), practice_id, key || n, kind, language, address, subject, body, 'sent', 1,"
                " trying_since, NULL, NULL, NULL, NULL, made_at, made_at, author FROM outgoing, generate_series(1, 20000) n"
            )
        )
    async with database.session() as session:
        await session.execute(text("ANALYZE outgoing"))
        plan = await session.execute(
            text("EXPLAIN SELECT id FROM outgoing WHERE next_try_at <= now() ORDER BY next_try_at LIMIT 1")
        )
        assert "outgoing_by_work" in "\n".join(plan.scalars())
