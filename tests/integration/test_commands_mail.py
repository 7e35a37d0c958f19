"""`centralino mail` and the process `channels` as the platform starts it, on a data folder with a running PostgreSQL."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from centralino import commands_mail, migrate, postgres
from centralino.pbx_home import secret
from centralino.postgres import Cluster
from centralino.services import Services
from centralino.settings import Folders, Tree, UpSettings
from centralino.supervisor import Supervisor
from foundation.clock import SystemClock
from foundation.database import Database, DatabaseSettings
from tests.letters import ANSWER, a_practice
from tests.mailbox import Mailbox, answering, make_certificate, serving
from tests.places import first_port
from tests.polling import until
from ticket_core.replies.model import Language, Letter, LetterState
from ticket_core.replies.service import Replies

ADDRESS = "anna.verdi@example.org"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    return Tree(up=UpSettings(data=tmp_path_factory.mktemp("d"), first_port=first_port(2)))


@pytest.fixture(scope="module")
def cluster(tree: Tree) -> Iterator[Cluster]:
    folders = Folders(tree.up.data, tree.up.cache)
    cluster = Cluster(folders.postgres, folders.postgres_socket, durable=False)
    cluster.initialise()
    with (
        (tree.up.data / "log").open("wb") as log,
        subprocess.Popen(cluster.command(), stdout=log, stderr=log) as server,
    ):
        try:
            cluster.wait_ready(30)
            cluster.create_database()
            migrate.upgrade(cluster.url())
            yield cluster
        finally:
            postgres.stop(folders.postgres)
            server.wait(20)


@pytest.fixture
async def replies(cluster: Cluster) -> AsyncIterator[Replies]:
    database = Database(DatabaseSettings(url=cluster.url()))
    yield Replies(database, SystemClock())
    await database.close()


@pytest.fixture
async def letter(replies: Replies, cluster: Cluster) -> AsyncIterator[Letter]:
    """A letter that waits; at the end nothing waits or is dead."""
    database = Database(DatabaseSettings(url=cluster.url()))
    practice_id = await a_practice(database, SystemClock())
    yield await replies.compose(practice_id, ANSWER, Language.IT, ADDRESS, "maria", str(practice_id))
    for left in [*await replies.waiting(10), *await replies.dead(10)]:
        await replies.cancel(left.id)
    await database.close()


def environ_of(tree: Tree, **smtp: str) -> dict[str, str]:
    return {"CENTRALINO_UP__DATA": str(tree.up.data)} | {
        f"CENTRALINO_SMTP__{name.upper()}": value for name, value in smtp.items()
    }


async def mail(tree: Tree, *words: str, **smtp: str) -> Result:
    """`centralino mail ...`, in this process: a second one would load all speech engines."""
    return await asyncio.to_thread(CliRunner().invoke, commands_mail.app, words, env=environ_of(tree, **smtp))


async def killed(replies: Replies) -> Letter:
    claimed = await replies.claim("a", 60, "example.it")
    assert claimed is not None
    dead = await replies.refused(claimed.id, "a", "550 at the recipient: unknown")
    assert dead is not None
    return dead


async def test_waiting_letters_are_listed_with_what_went_wrong(tree: Tree, replies: Replies, letter: Letter) -> None:
    assert await replies.claim("a", 60, "example.it") is not None
    await replies.failed(letter.id, "a", "450 at the recipient: greylisted")
    shown = (await mail(tree, "list")).stdout
    assert shown.startswith(f"{letter.id} answer, to_send, to {ADDRESS}, made ")
    assert "1 try, next at " in shown
    assert shown.endswith("\n    450 at the recipient: greylisted\n")
    assert (await mail(tree, "dead")).stdout == "no letter is dead\n"


async def test_a_dead_letter_is_revived_by_the_beginning_of_its_id_to_a_better_address(
    tree: Tree, replies: Replies, letter: Letter
) -> None:
    await killed(replies)
    assert "550 at the recipient: unknown" in (await mail(tree, "dead")).stdout
    wrong = await mail(tree, "revive", str(letter.id), "--address", "anna@")
    assert (wrong.exit_code, wrong.output[:18]) == (1, "the e-mail address")
    done = await mail(tree, "revive", str(letter.id)[:8], "--address", "anna@example.com")
    assert done.stdout.startswith(f"{letter.id} is tried again, to anna@example.com")
    revived = await replies.letter(letter.id)
    assert revived is not None
    assert (revived.state, revived.address) == (LetterState.TO_SEND, "anna@example.com")


async def test_a_letter_that_is_given_up_is_neither_sent_nor_dead(tree: Tree, replies: Replies, letter: Letter) -> None:
    await killed(replies)
    assert (await mail(tree, "cancel", str(letter.id))).exit_code == 0
    assert (await mail(tree, "dead")).stdout == "no letter is dead\n"


async def test_an_id_that_is_not_there_is_told_with_where_to_look(tree: Tree, replies: Replies, letter: Letter) -> None:
    command = [sys.executable, "-m", "centralino.cli", "mail", "revive", str(letter.id)]
    told = await asyncio.to_thread(
        subprocess.run, command, env=os.environ | environ_of(tree), capture_output=True, text=True
    )
    assert told.returncode == 1
    assert told.stderr == (
        f"centralino: no letters that wait or are dead have an id that begins with '{letter.id}': "
        "`centralino mail list` and `centralino mail dead` show them\n"
    )


async def test_a_trial_tells_what_the_server_says(tree: Tree, tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)
    async with serving(Mailbox(), certificate) as mailbox:
        smtp = {
            "host": "127.0.0.1",
            "port": str(mailbox.port),
            "authority": str(certificate),
            "sender": "cc@example.it",
        }
        good = await mail(tree, "test", ADDRESS, **smtp)
        mailbox.to_recipient = answering("554 5.7.1 relay access denied")
        bad = await mail(tree, "test", ADDRESS, **smtp)
    unset = await mail(tree, "test", ADDRESS)
    assert (good.exit_code, good.stdout) == (0, f"127.0.0.1:{mailbox.port} (starttls) took it: 250 OK\n")
    assert "è già perfetto" in mailbox.letters()[0].get_content()
    assert bad.exit_code == 1
    assert bad.output.strip().endswith("did not take it: 554 at the recipient: 5.7.1 relay access denied")
    assert (unset.exit_code, unset.output) == (1, "no mail server is set: CENTRALINO_SMTP__HOST=mail.example.it\n")


async def test_the_platform_starts_the_process_and_its_letters_go_out(
    tree: Tree, cluster: Cluster, replies: Replies, letter: Letter, monkeypatch: pytest.MonkeyPatch
) -> None:
    supervisor = Supervisor(tree.up.data / "logs")
    secret(tree.up.data / "secrets", "ari")  # every process of ours is told of it
    async with serving(Mailbox()) as mailbox:
        for name, value in {
            "HOST": "127.0.0.1",
            "PORT": str(mailbox.port),
            "TLS": "none",
            "SENDER": "cc@example.it",
        }.items():
            monkeypatch.setenv(f"CENTRALINO_SMTP__{name}", value)
        try:
            await supervisor.start(Services(tree, cluster, "").ours("channels"))
            await until(lambda: bool(mailbox.raw), what="the letter")
        finally:
            await supervisor.stop()
    assert mailbox.recipients == [ADDRESS]
