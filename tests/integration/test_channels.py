"""Letters go out over real SMTP, whatever the server, the line or the process does: none is lost, none is sent twice without need."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from aiosmtpd.smtp import SMTP
from pydantic import SecretStr
from sqlalchemy import text

from channels.sender import Sender
from channels.settings import SmtpSettings, TlsMode
from channels.smtp import Mailer
from foundation.database import Database
from foundation.health import Health, Standing
from tests.clocks import HeldClock
from tests.letters import ANSWER, a_practice
from tests.mailbox import OK, PASSWORD, Mailbox, answering, hang_up, make_certificate, serving
from tests.polling import until
from ticket_core.replies.facts import Facts, OtherLanguage
from ticket_core.replies.model import Language, Letter, LetterState
from ticket_core.replies.service import Replies

ADDRESS = "anna.verdi@example.org"


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
async def mailbox(certificate: Path) -> AsyncIterator[Mailbox]:
    async with serving(Mailbox(), certificate) as mailbox:
        yield mailbox


@pytest.fixture
def settings(mailbox: Mailbox, certificate: Path) -> SmtpSettings:
    return SmtpSettings(
        host="127.0.0.1", port=mailbox.port, authority=certificate, sender="contactcenter@example.it",
        reply_to="richieste@example.it", answer_s=5, letter_s=10, away_s=0.1,
    )  # fmt: skip


@pytest.fixture
def replies(database: Database, clock: HeldClock) -> Replies:
    return Replies(database, clock)


@pytest.fixture
def health() -> Health:
    return Health("channels")


class Desk:
    """A practice whose letters are composed and sent."""

    def __init__(self, replies: Replies, practice_id: UUID, clock: HeldClock, health: Health) -> None:
        self.replies, self.practice_id, self.clock, self.health = replies, practice_id, clock, health
        self.composed = 0

    async def compose(self, facts: Facts = ANSWER) -> Letter:
        self.composed += 1
        return await self.replies.compose(
            self.practice_id, facts, Language.IT, ADDRESS, "maria", f"{self.practice_id} {self.composed}"
        )

    def sender(self, settings: SmtpSettings) -> Sender:
        mailer = Mailer(settings) if settings.host else None
        return Sender(self.replies, mailer, settings, self.clock, self.health.check("letters", "starting"))

    async def turn(self, settings: SmtpSettings) -> None:
        await self.sender(settings).turn(asyncio.Event())

    async def now(self, letter: Letter) -> Letter:
        found = await self.replies.letter(letter.id)
        assert found is not None
        return found

    def says(self) -> tuple[Standing, str]:
        seen = self.health.seen()["letters"]
        return seen.standing, seen.says


@pytest.fixture
async def desk(replies: Replies, database: Database, clock: HeldClock, health: Health) -> Desk:
    return Desk(replies, await a_practice(database, clock), clock, health)


async def test_a_letter_is_sent_once_over_tls_and_arrives_as_it_was_written(
    desk: Desk, mailbox: Mailbox, settings: SmtpSettings
) -> None:
    words = "Sì: perché l'università è già lì, «così».\n.un punto all'inizio\n" + "parola " * 300 + "€ ñ 日本\nFrom qui"
    letter = await desk.compose(replace(ANSWER, name="Zoë D’Àngelo", text=words))
    for _ in range(3):
        await desk.turn(settings)
    [arrived] = mailbox.letters()
    assert arrived.get_content().replace("\r\n", "\n") == letter.body
    assert letter.body.startswith("Buongiorno Zoë D’Àngelo,")
    assert words in letter.body
    assert mailbox.recipients == [ADDRESS]
    assert mailbox.over_tls == [True]
    sent = await desk.now(letter)
    assert (sent.state, sent.attempts) == (LetterState.SENT, 1)
    assert desk.says() == (Standing.WELL, "letters are sent in turn")


async def test_the_headers_say_who_writes_where_to_answer_and_which_letter_it_is(
    desk: Desk, mailbox: Mailbox, settings: SmtpSettings
) -> None:
    answer, notice = await desk.compose(), await desk.compose(OtherLanguage(code="12345678903"))
    await desk.turn(settings)
    by_hand, automatic = mailbox.letters()
    assert str(by_hand["From"]) == "Contact Center <contactcenter@example.it>"
    assert (str(by_hand["To"]), str(by_hand["Reply-To"])) == (ADDRESS, "richieste@example.it")
    assert str(by_hand["Subject"]) == answer.subject
    assert str(by_hand["Message-ID"]) == f"<{answer.id}@example.it>"
    assert by_hand["Date"].datetime == desk.clock.now()
    assert by_hand.get_content_type() == "text/plain"
    assert by_hand.get_content_charset() == "utf-8"
    assert "Auto-Submitted" not in by_hand
    assert str(automatic["Auto-Submitted"]) == "auto-generated"
    assert str(automatic["Message-ID"]) == f"<{notice.id}@example.it>"
    names = {"From", "To", "Reply-To", "Subject", "Date", "Message-ID", "Content-Language", "Auto-Submitted"}
    assert set(automatic) - {"X-Peer", "X-MailFrom", "X-RcptTo"} - names == {
        "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
    }  # fmt: skip
    assert all(max(raw) < 128 and max(map(len, raw.split(b"\r\n"))) <= 78 for raw in mailbox.raw)


async def test_a_letter_that_the_server_puts_off_is_tried_again_after_its_wait(
    desk: Desk, mailbox: Mailbox, settings: SmtpSettings
) -> None:
    mailbox.to_recipient = answering("450 4.2.0 greylisted, come back", OK)
    letter = await desk.compose()
    await desk.turn(settings)
    waiting = await desk.now(letter)
    assert (waiting.state, waiting.error) == (LetterState.TO_SEND, "450 at the recipient: 4.2.0 greylisted, come back")
    desk.clock.move(seconds=59)
    await desk.turn(settings)
    assert mailbox.raw == []
    desk.clock.move(seconds=1)
    await desk.turn(settings)
    assert len(mailbox.raw) == 1
    assert (await desk.now(letter)).attempts == 2


@pytest.mark.parametrize("stage", ["to_recipient", "to_letter"])
async def test_a_letter_that_is_refused_for_good_is_dead_and_not_tried_again(
    desk: Desk, mailbox: Mailbox, settings: SmtpSettings, stage: str
) -> None:
    setattr(mailbox, stage, answering("550 5.1.1 no such user here"))
    letter = await desk.compose()
    await desk.turn(settings)
    dead = await desk.now(letter)
    assert dead.state is LetterState.DEAD
    assert dead.error in ("550 at the recipient: 5.1.1 no such user here", "550 at the letter: 5.1.1 no such user here")
    setattr(mailbox, stage, None)
    mailbox.raw.clear()
    desk.clock.move(days=6)
    await desk.turn(settings)
    assert mailbox.raw == []
    await desk.replies.revive(letter.id)
    await desk.turn(settings)
    assert len(mailbox.raw) == 1


async def test_while_the_server_is_away_no_letter_loses_a_try_and_all_go_out_within_a_minute_of_its_return(
    desk: Desk, certificate: Path, settings: SmtpSettings, unused_port: int
) -> None:
    here = settings.model_copy(update={"port": unused_port})
    letters = [await desk.compose() for _ in range(3)]
    sender = desk.sender(here)
    for _ in range(5):
        await sender.turn(asyncio.Event())
    standing, says = desk.says()
    assert standing is Standing.DEGRADED
    assert "the mail server takes none (SMTPConnectError at the start" in says
    assert {(await desk.now(letter)).attempts for letter in letters} == {0}
    desk.clock.move(minutes=1)
    async with serving(Mailbox(), certificate, unused_port) as mailbox:
        await sender.turn(asyncio.Event())
    assert len(mailbox.raw) == 3
    assert desk.says()[0] is Standing.WELL


@pytest.fixture
def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


async def test_a_server_that_dies_after_it_took_the_letter_gets_it_again_with_the_same_message_id(
    desk: Desk, mailbox: Mailbox, settings: SmtpSettings
) -> None:
    mailbox.to_letter = hang_up
    letter = await desk.compose()
    await desk.turn(settings)
    assert (await desk.now(letter)).state is LetterState.TO_SEND
    mailbox.to_letter = None
    desk.clock.move(minutes=1)
    await desk.turn(settings)
    first, second = mailbox.letters()
    assert str(first["Message-ID"]) == str(second["Message-ID"]) == f"<{letter.id}@example.it>"
    assert (await desk.now(letter)).state is LetterState.SENT


async def test_a_letter_that_was_taken_while_the_database_could_not_write_it_is_not_sent_again(
    desk: Desk, mailbox: Mailbox, settings: SmtpSettings, database: Database
) -> None:
    async def rename(before: str, after: str) -> None:
        async with database.session() as session:
            await session.execute(text(f"ALTER TABLE {before} RENAME TO {after}"))

    async def take_and_lose_the_table(_: SMTP) -> str:
        await rename("outgoing", "away")
        return OK

    mailbox.to_letter = take_and_lose_the_table
    letter, sender, stop = await desk.compose(), desk.sender(settings), asyncio.Event()
    running = asyncio.create_task(sender.run(stop))
    await until(lambda: desk.says()[0] is Standing.FAILING, what="the failed write")
    await rename("away", "outgoing")
    desk.clock.move(seconds=2 * settings.letter_s)

    async def is_written() -> bool:
        return (await desk.now(letter)).state is LetterState.SENT

    await until(is_written, what="the letter written as sent")
    stop.set()
    await running
    assert len(mailbox.raw) == 1


@pytest.mark.parametrize(
    "fault", [{"password": SecretStr("wrong")}, {"user": ""}, {"tls": TlsMode.NONE}, {"authority": None}], ids=str
)
async def test_settings_that_do_not_fit_the_server_kill_no_letter(
    desk: Desk, settings: SmtpSettings, certificate: Path, fault: dict[str, object]
) -> None:
    async with serving(Mailbox(), certificate, login=True) as mailbox:
        right = settings.model_copy(
            update={"port": mailbox.port, "user": "centralino", "password": SecretStr(PASSWORD)}
        )
        letter = await desk.compose()
        await desk.turn(right.model_copy(update=fault))
        waiting = await desk.now(letter)
        assert waiting.state is LetterState.TO_SEND
        assert mailbox.raw == []
        desk.clock.move(minutes=5)
        await desk.turn(right)
    assert mailbox.logins == ["centralino"]
    assert len(mailbox.raw) == 1
    assert PASSWORD not in (waiting.error or "")


async def test_a_server_without_starttls_gets_no_letter_in_plain_text(desk: Desk, settings: SmtpSettings) -> None:
    async with serving(Mailbox()) as plain:
        letter = await desk.compose()
        await desk.turn(settings.model_copy(update={"port": plain.port}))
        assert plain.raw == []
        assert "STARTTLS" in ((await desk.now(letter)).error or "")
        desk.clock.move(minutes=1)
        await desk.turn(settings.model_copy(update={"port": plain.port, "tls": TlsMode.NONE}))
        assert len(plain.raw) == 1


async def test_a_server_that_speaks_tls_from_the_first_byte_is_served(
    desk: Desk, settings: SmtpSettings, certificate: Path
) -> None:
    async with serving(Mailbox(), certificate, at_once=True) as mailbox:
        await desk.compose()
        await desk.turn(settings.model_copy(update={"port": mailbox.port, "tls": TlsMode.TLS}))
    assert len(mailbox.raw) == 1


@pytest.mark.parametrize("when", ["to_recipient", "to_letter"])
async def test_a_server_that_never_answers_is_left_in_time(
    desk: Desk, mailbox: Mailbox, settings: SmtpSettings, when: str
) -> None:
    async def never(server: SMTP) -> str:
        await asyncio.Event().wait()
        return OK

    setattr(mailbox, when, never)
    letter = await desk.compose()
    for patience in ({"answer_s": 0.3}, {"letter_s": 0.3}):
        await asyncio.wait_for(desk.turn(settings.model_copy(update=patience)), 5)
        assert (await desk.now(letter)).state is LetterState.TO_SEND
        desk.clock.move(minutes=5)


@pytest.mark.parametrize(
    ("column", "forged"),
    [
        ("address", "anna@example.org\r\nRCPT TO:<mallory@example.org>"),
        ("address", "anna@example.org, mallory@example.org"),
        ("subject", "Ciao\nBcc: mallory@example.org"),
        ("subject", "Ciao\r\n\r\nun altro testo"),
    ],
)
async def test_a_row_that_would_forge_a_header_is_dead_and_reaches_no_server(
    desk: Desk, mailbox: Mailbox, settings: SmtpSettings, database: Database, column: str, forged: str
) -> None:
    letter = await desk.compose()
    async with database.session() as session:
        await session.execute(text(f"UPDATE outgoing SET {column} = :forged"), {"forged": forged})
    await desk.turn(settings)
    assert (await desk.now(letter)).state is LetterState.DEAD
    assert mailbox.raw == []


@pytest.mark.parametrize(("compose", "standing"), [(0, Standing.WELL), (2, Standing.DEGRADED)])
async def test_without_a_server_letters_wait_and_the_check_says_what_to_set(
    desk: Desk, compose: int, standing: Standing
) -> None:
    letters = [await desk.compose() for _ in range(compose)]
    await desk.turn(SmtpSettings())
    assert desk.says()[0] is standing
    assert "CENTRALINO_SMTP__HOST=" in desk.says()[1]
    assert [(await desk.now(letter)).attempts for letter in letters] == [0] * compose


async def test_told_to_stop_it_lets_a_conversation_end(desk: Desk, mailbox: Mailbox, settings: SmtpSettings) -> None:
    begun, may_end, stop = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slowly(_: SMTP) -> str:
        begun.set()
        await may_end.wait()
        return OK

    mailbox.to_letter = slowly
    letter, later = await desk.compose(), await desk.compose()
    running = asyncio.create_task(desk.sender(settings).run(stop))
    await asyncio.wait_for(begun.wait(), 10)
    stop.set()
    may_end.set()
    await asyncio.wait_for(running, 5)
    assert (await desk.now(letter)).state is LetterState.SENT
    assert (await desk.now(later)).attempts == 0


async def test_told_to_stop_it_leaves_a_conversation_that_does_not_end_and_gives_the_letter_back(
    desk: Desk, mailbox: Mailbox, settings: SmtpSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("channels.sender.GRACE_S", 0.2)
    begun, stop = asyncio.Event(), asyncio.Event()

    async def never(_: SMTP) -> str:
        begun.set()
        await asyncio.Event().wait()
        return OK

    mailbox.to_letter = never
    letter = await desk.compose()
    running = asyncio.create_task(desk.sender(settings).run(stop))
    await asyncio.wait_for(begun.wait(), 10)
    stop.set()
    await asyncio.wait_for(running, 5)
    back = await desk.now(letter)
    assert (back.state, back.attempts, back.error) == (LetterState.TO_SEND, 0, "the process was stopped")
