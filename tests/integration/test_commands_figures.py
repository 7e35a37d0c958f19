"""`centralino figures` and `centralino staffing`, against a real database."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from uuid import uuid4

import pytest
from typer.testing import CliRunner, Result

from centralino import cli
from centralino.platform import Platform
from centralino.practice_typed import Refused
from foundation.clock import SystemClock
from foundation.database import Database, DatabaseSettings
from ledger.model import OperatorState, Stamp
from ledger.service import Ledger
from tests.unit.test_queue_figures import OPERATORS, the_calls
from tests.waiting import a_call, queued, write

DAY = ("--day", "2026-10-05")


@pytest.fixture(autouse=True)
def on_this_database(
    database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    # The name is short: sockets lie below it.
    monkeypatch.setenv("CENTRALINO_UP__DATA", str(tmp_path_factory.mktemp("d")))
    monkeypatch.setattr(Platform, "database_url", property(lambda self: database_url))


@pytest.fixture
def the_day(database_url: str) -> None:
    """The day that was computed by hand, in the database."""

    async def fill() -> None:
        database = Database(DatabaseSettings(url=database_url))
        ledger = Ledger(database, SystemClock())
        for call in the_calls():
            await write(ledger, call)
        for step in OPERATORS:
            await ledger.operator(step.number, step.state, Stamp(uuid4(), step.at, step.mono))
        await database.close()

    asyncio.run(fill())


def run(*words: str) -> Result:
    return CliRunner().invoke(cli.app, words)


def said(*words: str) -> str:
    result = run(*words)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.usefixtures("the_day")
def test_a_days_figures_are_told_with_what_they_mean() -> None:
    told = said("figures", *DAY)
    [level] = [line for line in told.splitlines() if line.startswith("service_level")]
    assert level.split()[1] == "45.5%"
    assert "A in time / (O - Bs" in level
    assert "accessibility             -" in told


@pytest.mark.usefixtures("the_day")
def test_json_has_the_rows_and_the_dictionary() -> None:
    document = json.loads(said("figures", *DAY, "--json"))
    [row] = document["rows"]
    assert (row["offered"], row["answered"], row["service_level"], row["accessibility"]) == (
        13,
        7,
        pytest.approx(5 / 11),
        None,
    )
    assert row["since"] == "2026-10-05T00:00:00+02:00"
    assert list(row) == list(document["dictionary"])


@pytest.mark.usefixtures("the_day")
def test_hours_as_csv_add_up_to_the_day() -> None:
    table = list(csv.DictReader(io.StringIO(said("figures", *DAY, "--by", "hour", "--csv"))))
    assert len(table) == 24
    assert sum(int(row["offered"]) for row in table) == 13
    assert table[0]["service_level"] == ""


@pytest.mark.usefixtures("the_day")
def test_each_operator_is_a_row_of_the_table() -> None:
    told = said("figures", *DAY, "--by", "operator")
    assert "201" in told
    assert "202" in told
    [first, _] = json.loads(said("figures", *DAY, "--by", "operator", "--json"))["rows"]
    assert (first["number"], first["talk_s"], first["paused_s"]) == ("201", 410, 1800)


@pytest.mark.usefixtures("the_day")
def test_another_target_gives_another_service_level() -> None:
    [row] = json.loads(said("figures", *DAY, "--within", "60", "--json"))["rows"]
    # 40 and 25 s are in time now, and both who chose to leave did so before: 7 of 13 - 1 - 2.
    assert row["service_level"] == pytest.approx(0.7)


@pytest.mark.usefixtures("the_day")
def test_a_stretch_may_begin_and_end_within_a_day() -> None:
    # In Rome it is two hours later: the table's hour from nine to ten.
    [row] = json.loads(said("figures", "--from", "2026-10-05T11:00", "--to", "2026-10-05T12:00", "--json"))["rows"]
    assert (row["offered"], row["arrived"]) == (10, 12)
    [row] = json.loads(said("figures", "--from", "2026-10-04", "--to", "2026-10-05", "--json"))["rows"]
    assert row["offered"] == 13


def test_the_audit_says_who_took_figures_away_and_not_who_looked() -> None:
    said("figures")
    assert said("admin", "audit", "--json") == ""
    said("figures", *DAY, "--by", "hour", "--csv", "--author", "carla")
    audited = json.loads(said("admin", "audit", "--json"))
    assert (audited["author"], audited["act"], audited["what"], audited["rows"]) == (
        "carla",
        "export",
        "figures by hour",
        24,
    )


def test_a_time_without_calls_has_figures_and_no_rows_of_operators() -> None:
    assert "offered" in said("figures")
    assert said("figures", "--by", "operator") == "nothing happened in this time\n"


def test_a_day_that_lasts_tells_the_moment_too(database_url: str) -> None:
    async def fill() -> None:
        database, clock = Database(DatabaseSettings(url=database_url)), SystemClock()
        ledger = Ledger(database, clock)
        await write(ledger, a_call(clock.now(), queued()))
        await ledger.operator("201", OperatorState.TALKING)
        await database.close()

    asyncio.run(fill())
    told = said("figures")
    assert "now: 1 wait, the longest for" in told
    assert "too few calls in the last hour" in told
    assert "operator 201: talking" in told
    moment = json.loads(said("figures", "--json"))["now"]
    assert (moment["waiting"], moment["estimated_minutes"], moment["operators"]["201"]["state"]) == (1, None, "talking")
    assert json.loads(said("figures", *DAY, "--json"))["now"] is None


def test_the_dictionary_is_a_table_of_its_own() -> None:
    meanings = list(csv.DictReader(io.StringIO(said("figures", "--dictionary", "--by", "operator"))))
    assert [row["name"] for row in meanings][:4] == ["since", "until", "queue", "number"]
    assert all(row["unit"] and row["meaning"] for row in meanings)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--day", "2026-10-05", "--from", "2026-10-04"), "say --day, or --from"),
        (("--day", "yesterday"), "is no date"),
        (("--from", "2026-10-05", "--to", "2026-10-04"), "ends before it begins"),
        (("--from", "2020-01-01", "--to", "2022-01-01"), "too long for one report"),
        (("--day", "9999-12-31"), "is no day of this calendar's"),
    ],
)
def test_a_stretch_that_is_none_is_refused_in_a_sentence(words: tuple[str, ...], why: str) -> None:
    result = run("figures", *words)
    assert isinstance(result.exception, Refused)
    assert why in str(result.exception)


def test_staffing_tells_the_fewest_operators_and_their_neighbours() -> None:
    asked = ("staffing", "--calls", "100", "--minutes", "30", "--handling", "180", "--target", "80", "--within", "20")
    assert "14 operators answer 88.8% within 20 s (10.00 erlangs; Erlang C, callers wait for ever)" in said(*asked)
    document = json.loads(said(*asked, "--json"))
    assert [one["operators"] for one in document["forecasts"]] == [12, 13, 14, 15, 16]
    patient = json.loads(said(*asked, "--patience", "120", "--json"))
    assert patient["needed"] < document["needed"]
    assert "callers leave after 120 s on average" in said(*asked, "--patience", "120")


def test_staffing_for_nothing_is_refused_in_a_sentence() -> None:
    assert isinstance(run("staffing", "--calls", "0").exception, Refused)
    assert isinstance(run("staffing", "--calls", "10", "--target", "100").exception, Refused)
