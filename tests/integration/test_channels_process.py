"""`python -m channels` on real rows: killed in mid-letter, told to stop, asked how it is; and what its log says of people."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP

from foundation.clock import SystemClock
from foundation.database import Database
from foundation.monitor import fetch
from foundation.process import EXIT_SETTINGS
from tests.letters import ANSWER, a_practice
from tests.mailbox import OK, PASSWORD, Mailbox, answering, make_certificate, serving
from tests.places import first_port
from tests.polling import until
from tests.processes import Run, Running
from ticket_core.replies.model import Language, Letter, LetterState
from ticket_core.replies.service import Replies

ADDRESS = "anna.verdi@example.org"
LETTER_S = 4.0
Start = Callable[..., Running]


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    return make_certificate(tmp_path)


@pytest.fixture
def monitor() -> str:
    return f"127.0.0.1:{first_port(2) + 14}"


@pytest.fixture
def start(run: Run, database_url: str, certificate: Path, monitor: str, tmp_path: Path) -> Start:
    (tmp_path / "password").write_text(PASSWORD, "utf-8")
    common = {
        "CENTRALINO_DATABASE__URL": database_url,
        "CENTRALINO_MONITOR__ADDRESS": monitor,
        "CENTRALINO_SMTP__HOST": "127.0.0.1",
        "CENTRALINO_SMTP__AUTHORITY": str(certificate),
        "CENTRALINO_SMTP__SENDER": "contactcenter@example.it",
        "CENTRALINO_SMTP__LETTER_S": str(LETTER_S),
        "CENTRALINO_SMTP__LOOK_S": "0.1",
        "CENTRALINO_SMTP__AWAY_S": "0.2",
    }

    def channels(**settings: str) -> Running:
        return run("channels", common | {f"CENTRALINO_SMTP__{name.upper()}": value for name, value in settings.items()})

    return channels


@pytest.fixture
def replies(database: Database) -> Replies:
    return Replies(database, SystemClock())


async def composed(replies: Replies, database: Database, key: str = "1") -> Letter:
    practice_id = await a_practice(database, SystemClock())
    return await replies.compose(practice_id, ANSWER, Language.IT, ADDRESS, "maria", key)


async def comes_to(replies: Replies, letter: Letter, state: LetterState) -> Letter:
    found = letter

    async def is_so() -> bool:
        nonlocal found
        found = await replies.letter(letter.id) or letter
        return found.state is state

    await until(is_so, 40, f"the letter {state}")
    return found


async def report(monitor: str) -> dict[str, Any]:
    return dict(json.loads((await fetch(monitor, "/health", 2.0)).text))


async def test_a_sender_killed_in_mid_letter_leaves_it_to_the_next_which_sends_it_with_the_same_message_id(
    start: Start, replies: Replies, database: Database, certificate: Path
) -> None:
    taken = asyncio.Event()

    async def never(_: SMTP) -> str:
        taken.set()
        await asyncio.Event().wait()
        return OK

    letter = await composed(replies, database)
    async with serving(Mailbox(to_letter=never), certificate) as mailbox:
        with start(port=str(mailbox.port)) as process:
            await asyncio.wait_for(taken.wait(), 30)
            process.kill()
        assert (await replies.letter(letter.id)).state is LetterState.SENDING  # type: ignore[union-attr]
        mailbox.to_letter = None
        with start(port=str(mailbox.port)):
            sent = await comes_to(replies, letter, LetterState.SENT)
    assert sent.attempts == 2
    assert [str(one["Message-ID"]) for one in mailbox.letters()] == [f"<{letter.id}@example.it>"] * 2


async def test_told_to_stop_it_ends_well_and_at_once(
    start: Start, replies: Replies, database: Database, certificate: Path
) -> None:
    letter = await composed(replies, database)
    async with serving(Mailbox(), certificate) as mailbox:
        with start(port=str(mailbox.port)) as process:
            await comes_to(replies, letter, LetterState.SENT)
            process.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(process.wait, 5) == 0
    assert len(mailbox.raw) == 1


async def test_its_pages_say_how_letters_stand(
    start: Start, replies: Replies, database: Database, certificate: Path, monitor: str
) -> None:
    letter = await composed(replies, database)
    async with serving(Mailbox(to_recipient=answering("550 5.1.1 unknown")), certificate) as mailbox:
        with start(port=str(mailbox.port)):
            await comes_to(replies, letter, LetterState.DEAD)

            async def is_told() -> bool:
                page = (await fetch(monitor, "/metrics", 2.0)).text
                return "centralino_channels_letters_dead 1.0\n" in page

            await until(is_told, what="the dead letter on the page")
            page = (await fetch(monitor, "/metrics", 2.0)).text
            assert 'centralino_channels_letters_total{outcome="dead"} 1.0\n' in page
            assert "centralino_channels_letters_waiting 0.0\n" in page
            assert (await report(monitor))["checks"]["letters"]["says"] == "letters are sent in turn"
            assert (await fetch(monitor, "/ready", 2.0)).status == 200


async def test_without_a_server_it_is_ready_and_says_that_letters_wait(
    start: Start, replies: Replies, database: Database, monitor: str
) -> None:
    await composed(replies, database)
    with start(host=""):

        async def says_so() -> bool:
            try:
                seen = (await report(monitor))["checks"]["letters"]
            except OSError:
                return False
            return (seen["standing"], seen["says"][:13]) == ("degraded", "letters wait:")

        await until(says_so, what="the sentence")
        assert (await fetch(monitor, "/ready", 2.0)).status == 200


async def test_its_log_names_no_person_no_address_and_no_code_whatever_the_server_says(
    start: Start, replies: Replies, database: Database, certificate: Path, tmp_path: Path
) -> None:
    mailbox = Mailbox(to_recipient=answering(f"450 <{ADDRESS}> later", f"550 <{ADDRESS}> unknown", OK))
    letters = [await composed(replies, database, key) for key in "abc"]
    async with serving(mailbox, certificate, login=True) as mailbox:
        with start(port=str(mailbox.port), user="centralino", password_file=str(tmp_path / "password")) as process:
            await comes_to(replies, letters[1], LetterState.DEAD)
            await comes_to(replies, letters[2], LetterState.SENT)
            process.terminate()
            assert await asyncio.to_thread(process.wait, 5) == 0
    again = await replies.letter(letters[0].id)
    assert again is not None
    assert again.error == f"450 at the recipient: <{ADDRESS}> later"
    log = (tmp_path / "log").read_text("utf-8")
    assert log.count('"event": "letter_tried"') == 3
    assert str(letters[0].id) in log
    for secret in ("anna", "verdi", "example.org", "123 456", "12345678903", "muro", PASSWORD):
        assert secret not in log.lower()


def test_a_wrong_setting_stops_the_start_with_its_name(start: Start, tmp_path: Path) -> None:
    with start(port="1", sender="") as process:
        assert process.wait(30) == EXIT_SETTINGS
    assert "setting smtp.sender is wrong" in (tmp_path / "log").read_text("utf-8")


def test_certificates_that_are_none_stop_the_start_with_the_file(start: Start, tmp_path: Path) -> None:
    (tmp_path / "none.pem").write_text("nothing", "utf-8")
    with start(port="1", authority=str(tmp_path / "none.pem")) as process:
        assert process.wait(30) == EXIT_SETTINGS
    assert "mend CENTRALINO_SMTP__AUTHORITY" in (tmp_path / "log").read_text("utf-8")
