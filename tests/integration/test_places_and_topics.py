"""Municipalities and topics on a real PostgreSQL: loaded once, found by name, never lost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from foundation.database import Database
from tests.clocks import HeldClock
from ticket_core.events import topics as topics_module
from ticket_core.events.model import Municipality
from ticket_core.events.municipalities import BadList, Source, packaged, read
from ticket_core.events.places import Loaded, Places, UnknownPlace
from ticket_core.events.topics import BadTopic, Topics, UnknownTopic

AQUILA = Municipality("066049", "L'Aquila", "AQ", "Abruzzo")
TOWNS = (
    AQUILA,
    Municipality("008003", "Aquila d'Arroscia", "IM", "Liguria"),
    Municipality("064004", "Aquilonia", "AV", "Campania"),
    Municipality("035033", "Reggio nell'Emilia", "RE", "Emilia-Romagna"),
    Municipality("080063", "Reggio di Calabria", "RC", "Calabria"),
    Municipality("021008", "Bolzano/Bozen", "BZ", "Trentino-Alto Adige/Südtirol"),
    Municipality("001001", "Agliè", "TO", "Piemonte"),
)


@pytest.fixture
def places(database: Database, clock: HeldClock) -> Places:
    return Places(database, clock)


@pytest.fixture
def topics(database: Database, clock: HeldClock) -> Topics:
    return Topics(database, clock)


async def names(places: Places, typed: str) -> list[str]:
    return [one.name for one in await places.find(typed)]


# -- the list


async def test_the_installed_list_is_loaded_whole_and_once(places: Places) -> None:
    source = packaged()
    assert source is not None
    listed = read(source.path)
    assert await places.load_new(source) == Loaded(len(listed), 0)
    assert await places.count() == len(listed)
    assert await places.get("058091") == Municipality("058091", "Roma", "RM", "Lazio")
    assert (await places.find("Aquila"))[1] == AQUILA
    assert len(await places.area(["AQ"])) == 108
    started = time.perf_counter()
    assert await places.load_new(source) is None
    assert time.perf_counter() - started < 0.1


async def test_processes_that_start_together_load_the_list_once(places: Places) -> None:
    source = packaged()
    assert source is not None
    loaded = await asyncio.gather(*(places.load_new(source) for _ in range(3)))
    assert sorted(one is None for one in loaded) == [False, True, True]


async def test_loading_a_list_again_changes_nothing(places: Places) -> None:
    assert await places.load(TOWNS) == Loaded(len(TOWNS), 0)
    assert await places.load(TOWNS) == Loaded(0, 0)


async def test_a_municipality_that_is_gone_stays_as_inactive_with_its_last_day_and_may_come_back(
    places: Places, clock: HeldClock
) -> None:
    await places.load(TOWNS)
    assert await places.load(TOWNS[1:]) == Loaded(0, 1)
    clock.move(days=1)
    assert await places.load(TOWNS[1:]) == Loaded(0, 0)
    assert await places.get(AQUILA.istat) == replace(AQUILA, active=False, valid_until=date(2026, 10, 5))
    assert await places.count() == len(TOWNS) - 1
    assert await places.load(TOWNS) == Loaded(1, 0)
    assert await places.get(AQUILA.istat) == AQUILA


async def test_a_new_name_is_found_and_the_old_one_is_not(places: Places) -> None:
    await places.load(TOWNS)
    assert await places.load([replace(AQUILA, name="Civitas Nova"), *TOWNS[1:]]) == Loaded(1, 0)
    assert await names(places, "civitas") == ["Civitas Nova"]
    assert "L'Aquila" not in await names(places, "aquila")


async def test_a_list_loaded_by_hand_stays_until_another_version_is_installed(places: Places, tmp_path: Path) -> None:
    source = packaged()
    assert source is not None
    await places.load_new(source)
    await places.load([*read(source.path), Municipality("999999", "Nuova", "RM", "Lazio")])
    assert await places.load_new(source) is None
    assert await places.get("999999") is not None
    assert await places.load_new(Source(source.path, "another version")) == Loaded(0, 1)


async def test_a_list_that_is_refused_leaves_everything_and_is_tried_again(places: Places, tmp_path: Path) -> None:
    await places.load(TOWNS)
    broken = tmp_path / "broken.csv"
    broken.write_text("nothing")
    for _ in range(2):
        with pytest.raises(BadList, match="not ISTAT's list"):
            await places.load_new(Source(broken, "broken"))
    assert await places.count() == len(TOWNS)


# -- by name


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("aquila", ["Aquila d'Arroscia", "L'Aquila"]),
        ("L'AQUILA", ["L'Aquila"]),
        ("l’aquila", ["L'Aquila"]),
        ("laquila", ["L'Aquila"]),
        ("aquil", ["Aquilonia", "Aquila d'Arroscia", "L'Aquila"]),
        ("reggio", ["Reggio nell'Emilia", "Reggio di Calabria"]),
        ("reggio emilia", ["Reggio nell'Emilia"]),
        ("Bozen", ["Bolzano/Bozen"]),
        ("aglie", ["Agliè"]),
        ("agliè", ["Agliè"]),
        ("quila", []),
        ("%", []),
        ("", []),
    ],
)
async def test_a_municipality_is_found_as_people_type_it(places: Places, typed: str, found: list[str]) -> None:
    await places.load(TOWNS)
    assert await names(places, typed) == found


async def test_a_municipality_that_is_gone_comes_after_those_that_are_there(places: Places) -> None:
    await places.load(TOWNS)
    await places.load([one for one in TOWNS if one.istat != "035033"])
    assert await names(places, "reggio") == ["Reggio di Calabria", "Reggio nell'Emilia"]


@pytest.mark.parametrize(
    ("named", "codes"),
    [
        (["066049"], ["066049"]),
        (["aq"], ["066049"]),
        (["ABRUZZO"], ["066049"]),
        (["Südtirol", "trentino-alto adige", "Bozen"], ["021008"]),
        (["Agliè", "emilia romagna", "L'Aquila"], ["001001", "035033", "066049"]),
        ([], []),
    ],
)
async def test_an_area_is_named_by_code_province_region_or_municipality(
    places: Places, named: list[str], codes: list[str]
) -> None:
    await places.load(TOWNS)
    assert list(await places.area(named)) == codes


async def test_a_name_that_is_no_place_or_several_is_refused_with_what_it_may_be(places: Places) -> None:
    await places.load(TOWNS)
    with pytest.raises(UnknownPlace, match=r"may be Reggio nell'Emilia \(RE, 035033\), Reggio di Calabria"):
        await places.area(["reggio"])
    with pytest.raises(UnknownPlace, match=r"'Aquilon' may be Aquilonia \(AV, 064004\): give its code"):
        await places.area(["Aquilon"])
    with pytest.raises(UnknownPlace, match="no place 'Atlantide'"):
        await places.area(["L'Aquila", "Atlantide"])


async def test_a_municipality_that_is_gone_is_named_by_its_code_only(places: Places) -> None:
    await places.load(TOWNS)
    await places.load(TOWNS[1:])
    assert await places.area(["066049"]) == ("066049",)
    for named in ("AQ", "Abruzzo", "L'Aquila"):
        with pytest.raises(UnknownPlace):
            await places.area([named])


# -- topics


@contextmanager
def shipping(monkeypatch: pytest.MonkeyPatch, path: Path, text: str) -> Iterator[None]:
    path.write_text(text, "utf-8")
    with monkeypatch.context() as patch:
        patch.setattr(topics_module, "SHIPPED", path)
        yield


async def test_the_shipped_topics_are_loaded_once_in_both_languages(topics: Topics) -> None:
    assert await topics.load_shipped()
    assert not await topics.load_shipped()
    every = {topic.slug: topic for topic in await topics.all()}
    assert {"weather-alerts", "earthquake", "hydrogeological", "wildfire", "volcanic", "volunteering"} <= every.keys()
    assert {"donations", "education", "complaints", "other"} <= every.keys()
    assert all(topic.name_it and topic.name_en for topic in every.values())
    assert every["tsunami"].parent == every["earthquake"].id


async def test_another_version_renames_a_topic_and_does_not_offer_it_again(
    topics: Topics, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    await topics.load_shipped()
    await topics.set_active("other", active=False)
    with shipping(monkeypatch, tmp_path / "topics.toml", '[other]\nit = "Altro ancora"\nen = "Something else"\n'):
        assert await topics.load_shipped()
    other = await topics.find("other")
    assert other is not None
    assert (other.name_it, other.active) == ("Altro ancora", False)
    assert other.slug not in {topic.slug for topic in await topics.all()}
    assert other in await topics.all(also_retired=True)
    assert await topics.find("wildfire") is not None


async def test_a_topic_that_is_added_again_is_the_same_and_another_under_its_slug_is_refused(topics: Topics) -> None:
    await topics.load_shipped()
    added = await topics.add("dams", "Dighe", "Dams", parent="hydrogeological")
    assert await topics.add("dams", "Dighe ", "Dams", parent="hydrogeological") == added
    with pytest.raises(BadTopic, match="a topic 'dams' already: Dighe / Dams"):
        await topics.add("dams", "Altre dighe", "Dams")
    assert await topics.find("dams") == added


async def test_a_topic_needs_a_plain_slug_both_names_and_a_parent_that_is_there(topics: Topics) -> None:
    for slug, name_it, name_en in (("Dighe!", "Dighe", "Dams"), ("dams", " ", "Dams"), ("dams", "Dighe", "")):
        with pytest.raises(BadTopic):
            await topics.add(slug, name_it, name_en)
    with pytest.raises(UnknownTopic, match="no topic 'nothing'"):
        await topics.add("dams", "Dighe", "Dams", parent="nothing")
    assert await topics.all() == []
    with pytest.raises(UnknownTopic):
        await topics.set_active("dams", active=False)
