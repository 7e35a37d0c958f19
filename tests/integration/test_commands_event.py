"""The commands for events, topics and municipalities, against a real database."""

from __future__ import annotations

import asyncio
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from typer.testing import CliRunner, Result

from centralino import cli
from centralino.lists import load_lists
from centralino.platform import Platform
from centralino.records import NotFound
from foundation.clock import SystemClock
from foundation.database import Database, DatabaseSettings
from ledger.service import Ledger
from tests.practices import CODES, COUNTING
from ticket_core.casework import Casework
from ticket_core.events.municipalities import packaged
from ticket_core.events.service import Events
from ticket_core.model import Channel, Request, Requester
from ticket_core.replies.service import Replies

DECLARE = (
    "event", "declare", "Terremoto dell'Aquila", "--kind", "earthquake", "--starts", "2026-10-05T03:36", "--place", "L'Aquila",
    "--place", "Umbria", "--reason", "felt widely", "--author", "rossi", "--it", "Restate all'aperto", "--en", "Stay outside",
)  # fmt: skip


@pytest.fixture(autouse=True)
def on_this_database(
    database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    asyncio.run(load_lists(database_url))
    # The name is short: sockets lie below it.
    monkeypatch.setenv("CENTRALINO_UP__DATA", str(tmp_path_factory.mktemp("d")))
    monkeypatch.setattr(Platform, "database_url", property(lambda self: database_url))


def run(*words: str) -> Result:
    return CliRunner().invoke(cli.app, words)


def said(*words: str) -> str:
    result = run(*words)
    assert result.exit_code == 0, result.output
    return result.output


async def call_comes(database_url: str, name: str) -> None:
    database = Database(DatabaseSettings(url=database_url))
    events = Events(database, SystemClock())
    event = next(one for one in await events.all() if one.name == name)
    await events.group_calls(event.id, {uuid4(): SystemClock().now()}, "operator")
    await database.close()


async def call_is_on_record(database_url: str, call_id: UUID) -> None:
    database = Database(DatabaseSettings(url=database_url))
    await Ledger(database, SystemClock()).arrived(call_id, None, None, "it")
    await database.close()


async def practice_comes(database_url: str) -> str:
    database, clock = Database(DatabaseSettings(url=database_url)), SystemClock()
    casework = Casework(database, clock, COUNTING, CODES, Replies(database, clock))
    requester = Requester(name="Anna Verdi", email="anna.verdi@example.org")
    practice = await casework.open(Request(channel=Channel.WEB_FORM, requester=requester, text="Che vento!"), "form")
    await database.close()
    assert practice.code is not None
    return practice.code


def test_an_event_is_declared_seen_closed_and_opened_again() -> None:
    line = said(*DECLARE)
    assert "Terremoto dell'Aquila (earthquake), from 2026-10-05 03:36, 93 municipalities, declared by rossi" in line
    assert said("event", "list") in line
    identity = said("event", "list").split()[0]
    assert "closed by bianchi" in said("event", "close", identity, "--reason", "over", "--author", "bianchi")
    assert said("event", "list") == "no event is open\n"
    assert identity in said("event", "list", "--closed")
    assert "open again" in said("event", "reopen", "terremoto dell'aquila", "--reason", "again", "--author", "rossi")
    assert identity in said("event", "list")


def test_an_event_is_shown_with_its_history_and_a_bar_for_each_hour(database_url: str) -> None:
    said("event", "declare", "Vento", "--kind", "weather", "--reason", "gusts", "--author", "rossi")
    asyncio.run(call_comes(database_url, "Vento"))
    shown = said("event", "show", "vento", "--hours", "1")
    assert "rossi: declared (gusts)" in shown
    assert "1 calls and 0 practices" in shown
    assert f"{'#' * 40} so far" in shown.splitlines()[-1]


def test_the_public_text_of_an_event_is_shown_in_both_languages() -> None:
    said(*DECLARE)
    shown = said("event", "show", "Terremoto dell'Aquila")
    assert "told in Italian: Restate all'aperto" in shown
    assert "told in English: Stay outside" in shown


def test_calls_are_put_into_an_event_by_their_ids(database_url: str) -> None:
    call_id = uuid4()
    asyncio.run(call_is_on_record(database_url, call_id))
    said("event", "declare", "Vento", "--kind", "weather", "--reason", "gusts", "--author", "rossi")
    put = ("event", "put-call", "vento", str(call_id), "--author", "rossi")
    assert said(*put).endswith("1 of 1 calls were not in it\n")
    assert said(*put).endswith("0 of 1 calls were not in it\n")
    for unknown in ("12", str(uuid4())):
        refused = run("event", "put-call", "vento", unknown, "--author", "rossi")
        assert f"no call has the id {unknown}" in str(refused.exception)
    assert "1 calls and 0 practices" in said("event", "show", "vento")


def test_practices_are_put_into_an_event_by_their_codes_and_answered_together(
    database_url: str, tmp_path: Path
) -> None:
    said("event", "declare", "Vento", "--kind", "weather", "--reason", "gusts", "--author", "rossi")
    code = asyncio.run(practice_comes(database_url))
    assert "belongs to Vento" in said("event", "put", "vento", code, "--author", "anna")
    words = tmp_path / "answer.txt"
    words.write_text("È\nfinito.\n", "utf-8")
    answer = ("event", "answer", "vento", "--text", str(words), "--author", "rossi")
    assert "answered: 1; left to people" in said(*answer)
    assert "answered: 0; left to people" in said(*answer)
    shown = said("event", "show", "vento")
    assert "0 calls and 1 practices" in shown
    assert shown.count("rossi: answered to 1 (È finito.)") == 1
    words.write_text(" \n", "utf-8")
    assert "the answer is empty" in str(run(*answer).exception)
    assert "no practice has the code 1" in str(run("event", "put", "vento", "1", "--author", "anna").exception)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("event", "declare", "X", "--kind", "fire", "--place", "Atlantide", "--reason", "r", "--author", "a"), "no place 'Atlantide'"),
        (("event", "declare", "X", "--kind", "fire", "--it", "solo", "--reason", "r", "--author", "a"), "in Italian and in English"),
        (("topic", "add", "Not A Slug", "--it", "a", "--en", "b"), "small letters"),
        (("topic", "retire", "nothing"), "no topic 'nothing'"),
        (("municipality", "load", "/no/such/file"), "/no/such/file"),
        (("municipality", "load", __file__), "not ISTAT's list"),
    ],
)  # fmt: skip
def test_what_is_refused_is_one_sentence_and_changes_nothing(words: tuple[str, ...], sentence: str) -> None:
    result = run(*words)
    assert result.exit_code != 0
    assert sentence in str(result.exception)
    assert said("event", "list", "--closed") == "no event is open\n"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("event", "show", "nothing"), "no event is called 'nothing'"),
        (("event", "declare", "X", "--kind", "fire", "--starts", "ieri", "--reason", "r", "--author", "a"), "not a time"),
        (("municipality", "find", "Atlantide"), "no municipality is called"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_said(words: tuple[str, ...], sentence: str) -> None:
    result = run(*words)
    assert isinstance(result.exception, NotFound)
    assert sentence in str(result.exception)


def test_topics_are_listed_added_retired_and_offered_again() -> None:
    assert "wildfire" in said("topic", "list")
    assert (
        said("topic", "add", "dams", "--it", "Dighe", "--en", "Dams", "--under", "hydrogeological")
        == "dams: Dighe / Dams\n"
    )
    said("topic", "retire", "dams")
    assert "dams" not in said("topic", "list")
    assert "Dighe / Dams  (retired)" in said("topic", "list", "--retired")
    said("topic", "offer", "dams")
    assert "Dighe / Dams\n" in said("topic", "list")


def test_a_municipality_is_found_and_a_newer_list_can_be_loaded(tmp_path: Path) -> None:
    assert "066049  L'Aquila (AQ), Abruzzo\n" in said("municipality", "find", "aquila")
    source = packaged()
    assert source is not None
    assert "0 municipalities are new or changed, 0 are gone" in said("municipality", "load")
    newer = source.path.read_bytes().decode("cp1252").replace("066049;L'Aquila", "066999;L'Aquila")
    (tmp_path / "newer.csv").write_text(newer, "cp1252", newline="")
    assert "1 municipalities are new or changed, 1 are gone" in said(
        "municipality", "load", str(tmp_path / "newer.csv")
    )
    found = said("municipality", "find", "L'Aquila").splitlines()
    assert found[0] == "066999  L'Aquila (AQ), Abruzzo"
    assert found[1].startswith("066049  L'Aquila (AQ), Abruzzo  (gone from the list on ")
