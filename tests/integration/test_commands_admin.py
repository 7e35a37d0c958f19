"""Offices, users and tokens from the keyboard, on the database of a platform of which nothing else runs."""

from __future__ import annotations

import asyncio
import os
import pty
import select
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner, Result

from centralino import commands_admin, records, who
from foundation.database import Database, DatabaseSettings
from tests.postgres import Throwaway
from ticket_core.model import Channel, Request
from ticket_core.people.changes import LastAdministrator, NotAccepted, Taken

PROGRAM = Path(sys.executable).parent / "centralino"
PASSWORD = "cavallo batteria graffetta"


def run(*words: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(commands_admin.app, words, input=stdin)


def types(*words: str, stdin: str | None = None) -> str:
    """What a command that does its work prints."""
    done = run(*words, stdin=stdin)
    assert done.exit_code == 0, done.output + repr(done.exception)
    return done.stdout


def refused(*words: str, stdin: str | None = None) -> BaseException:
    """Why a command does nothing; `main` prints it as one sentence."""
    done = run(*words, stdin=stdin)
    assert done.exception is not None, done.output
    return done.exception


@pytest.mark.usefixtures("platform")
def test_an_office_is_opened_changed_and_listed() -> None:
    own = "Contact Center: answers citizens, whoever no other office is competent for; e-mail -\n"
    assert types("office", "list") == own
    for _ in range(2):
        added = types("office", "add", "Relazioni", "--competent-for", "institution", "--competent-for", "company")
        assert added == "Relazioni: answers company, institution; e-mail -\n"
    changed = types("office", "change", "Relazioni", "--email", "r@example.org")
    assert changed == "Relazioni: answers company, institution; e-mail r@example.org\n"
    refusal = refused("office", "change", "Contact Center", "--competent-for", "company")
    assert isinstance(refusal, Taken)
    assert types("office", "change", "Relazioni", "--competent-for-nobody").startswith("Relazioni: answers nobody yet")
    assert "no office is called 'X'" in str(refused("office", "change", "X"))
    assert types("office", "list").startswith(own + "Relazioni")


@pytest.mark.usefixtures("platform")
def test_a_user_is_let_in_given_a_role_and_a_password_and_sent_away() -> None:
    assert types("user", "list").startswith("no users yet")
    added = types("user", "add", "Anna", "--name", "Anna Bianchi", "--role", "administrator")
    assert added == "anna is administrator. A password: `centralino admin user password anna`\n"
    types("user", "add", "maria", "--name", "Maria Rossi")
    assert types("user", "role", "maria", "supervisor") == "maria is supervisor\n"
    types("office", "add", "Relazioni")
    assert types("user", "office", "maria", "Relazioni") == "maria works in 'Relazioni'\n"
    assert types("user", "password", "maria", stdin=PASSWORD + "\n") == "maria has a new password\n"
    anna, maria = types("user", "list").splitlines()
    assert anna.split()[:4] == ["anna", "administrator", "without", "a"]
    assert "with a password    Maria Rossi, Relazioni" in maria
    assert types("user", "deactivate", "maria") == "maria is gone, and every token with them\n"
    assert "gone" in types("user", "list").splitlines()[1]
    assert types("user", "activate", "maria").startswith("maria is back. A password:")
    assert isinstance(refused("user", "deactivate", "anna"), LastAdministrator)
    assert isinstance(refused("user", "role", "anna", "operator"), LastAdministrator)
    assert "no user has the login bruno" in str(refused("user", "deactivate", "bruno"))
    assert "no office is called 'X'" in str(refused("user", "add", "bruno", "--name", "Bruno", "--office", "X"))


@pytest.mark.usefixtures("platform")
def test_a_password_comes_from_standard_input_and_is_never_a_word_of_the_command() -> None:
    types("user", "add", "maria", "--name", "Maria Rossi")
    assert run("user", "password", "maria", PASSWORD).exit_code == 2
    for password in ("", "short\n", "\n"):
        assert isinstance(refused("user", "password", "maria", stdin=password), NotAccepted)
    assert "without a password" in types("user", "list")


@pytest.mark.usefixtures("platform")
def test_a_token_is_shown_once_and_revoked_by_its_id() -> None:
    types("user", "add", "maria", "--name", "Maria Rossi")
    assert types("token", "list").startswith("no tokens")
    issued = run("token", "issue", "maria", "--name", "export", "--days", "30")
    plain = issued.stdout.strip()
    assert plain.startswith("ctk_")
    assert len(plain.split()) == 1, "a script takes standard output as it is"
    assert plain not in issued.stderr
    token_id = issued.stderr.split()[1]
    listed = types("token", "list", "maria")
    assert listed.split()[:3] == [token_id, "maria", "until"]
    assert plain not in listed
    assert types("token", "revoke", token_id) == f"token {token_id} for 'export' speaks for nobody any more\n"
    assert "revoked" in types("token", "list")
    wrong = refused("token", "revoke", plain)
    assert isinstance(wrong, records.NotFound)
    assert plain not in str(wrong), "whoever pastes the secret does not see it printed again"
    assert "at most 366 days" in str(refused("token", "issue", "maria", "--name", "x", "--days", "400"))


def test_what_cannot_be_done_is_one_sentence_at_the_keyboard(platform: Path) -> None:
    def program(*words: str, stdin: bytes = b"", **more: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [PROGRAM, "admin", *words], input=stdin, capture_output=True, cwd=platform, env={**os.environ, **more}, timeout=60
        )  # fmt: skip

    types("user", "add", "maria", "--name", "Maria Rossi")
    short = program("user", "password", "maria", stdin=b"perch\xe9\n")
    assert (short.returncode, short.stdout) == (1, b"")
    assert short.stderr.startswith(b"centralino: a password has at least 12 characters")
    assert program("user", "password", "maria", stdin=b"perch\xe9 no, non oggi\n").returncode == 0
    away = program("user", "list", CENTRALINO_UP__DATA=str(platform / "elsewhere"))
    assert b"no platform is running on" in away.stderr
    assert b"Traceback" not in short.stderr + away.stderr


def test_a_password_typed_at_a_terminal_is_asked_for_twice_and_not_shown(platform: Path) -> None:
    types("user", "add", "maria", "--name", "Maria Rossi")
    keys, terminal = pty.openpty()
    words = [PROGRAM, "admin", "user", "password", "maria"]
    # In a session of its own, so that it is this terminal that is asked and not the tester's.
    asked = subprocess.Popen(
        words, stdin=terminal, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=platform, start_new_session=True
    )
    with asked:
        assert asked.stdout is not None
        shown = b""
        for _ in range(2):
            while not shown.endswith(b": ") and asked.poll() is None:
                shown += asked.stdout.read(1)
            os.write(keys, PASSWORD.encode() + b"\n")
            shown += asked.stdout.read(1)
        shown += asked.stdout.read()
    echoed = os.read(keys, 4096) if select.select([keys], [], [], 0)[0] else b""
    os.close(terminal)
    os.close(keys)
    assert asked.returncode == 0, shown
    assert shown.endswith(b"maria has a new password\n")
    assert PASSWORD.encode() not in shown + echoed


@pytest.mark.promise("The history verifies, and one flipped byte in it is found")
def test_whoever_keeps_the_machine_can_prove_that_no_history_was_changed(platform: Path, postgres: Throwaway) -> None:
    async def two_practices_sealed() -> None:
        async with records.opened(who.tree(), postgres.cluster.url()) as opened:
            for _ in range(2):
                await opened.casework.open(Request(channel=Channel.LETTER), "anna")
            await opened.histories.seal()

    async def tamper() -> None:
        database = Database(DatabaseSettings(url=postgres.cluster.url()))
        async with database.session() as session:
            await session.execute(text("ALTER TABLE practice_history DISABLE TRIGGER ALL"))
            await session.execute(text("DELETE FROM practice_history WHERE id = 2"))
        await database.close()

    asyncio.run(two_practices_sealed())
    assert types("verify-history") == "read 2 practices, 2 entries, 1 seals\nevery entry is as it was written\n"
    asyncio.run(tamper())
    found = run("verify-history")
    assert found.exit_code == 1
    read, of_practice, of_seal = found.stdout.splitlines()
    assert read == "read 2 practices, 1 entries, 1 seals"
    assert of_practice.startswith("FAULT practice ")
    assert of_seal.startswith("FAULT seal 1 of ")
