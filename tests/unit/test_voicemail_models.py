"""Models in a folder: what is wrong with one, and archives that must not be trusted."""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from voicemail_worker import download, install, models, unpack
from voicemail_worker.model import EngineName, ModelError

FILES = (*models.VOSK_FILES, "graph/HCLr.fst", "graph/Gr.fst")


def hollow_model(folder: Path, without: str | None = None) -> Path:
    """All the files of a Vosk model, with nothing useful in them."""
    for name in FILES:
        if name != without:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(b"hollow")
    return folder


def zipped(folder: Path, archive: Path, inside: str = "vosk-model-small-xx") -> Path:
    with zipfile.ZipFile(archive, "w") as packed:
        for file in sorted(folder.rglob("*")):
            packed.write(file, f"{inside}/{file.relative_to(folder)}")
    return archive


def test_an_empty_models_folder_holds_no_models(tmp_path: Path) -> None:
    assert models.list_models(tmp_path) == []
    assert models.list_models(tmp_path / "missing") == []


def test_models_are_listed_by_language_the_broken_ones_with_their_fault(tmp_path: Path) -> None:
    hollow_model(tmp_path / "vosk/it")
    hollow_model(tmp_path / "vosk/en", without="am/final.mdl")
    (tmp_path / "whisper/base").mkdir(parents=True)
    english, italian, whisper = models.list_models(tmp_path)
    assert (italian.engine, italian.language, italian.fault) == (EngineName.VOSK, "it", None)
    assert english.fault is not None
    assert "am/final.mdl is missing" in english.fault
    assert whisper.fault is not None
    assert "vocabulary.json or vocabulary.txt is missing" in whisper.fault


@pytest.mark.parametrize("name", FILES)
def test_a_broken_model_names_what_is_missing_and_the_way_out(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelError, match=r"is missing.*centralino models add it") as error:
        models.check_vosk(hollow_model(tmp_path / "it", without=name))
    assert name in str(error.value)


def test_an_empty_file_in_a_model_is_a_fault(tmp_path: Path) -> None:
    hollow_model(tmp_path / "it")
    (tmp_path / "it/am/final.mdl").write_bytes(b"")
    with pytest.raises(ModelError, match=r"am/final\.mdl is empty"):
        models.check_vosk(tmp_path / "it")


def test_a_replaced_model_has_another_stamp(tmp_path: Path) -> None:
    hollow_model(tmp_path / "vosk/it")
    before = models.list_models(tmp_path)[0].stamp
    (tmp_path / "vosk/it").rename(tmp_path / "old")
    hollow_model(tmp_path / "vosk/it")
    assert models.list_models(tmp_path)[0].stamp != before


def test_a_model_is_found_wherever_it_lies_in_its_archive(tmp_path: Path) -> None:
    archive = zipped(hollow_model(tmp_path / "model"), tmp_path / "model.zip")
    found = unpack.model_in(archive, tmp_path / "out")
    assert found.name == "vosk-model-small-xx"
    models.check_vosk(found)


def absolute(packed: zipfile.ZipFile) -> None:
    packed.writestr("/etc/evil", b"x")


def upwards(packed: zipfile.ZipFile) -> None:
    packed.writestr("model/../../evil", b"x")


def link(packed: zipfile.ZipFile) -> None:
    entry = zipfile.ZipInfo("model/am")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    packed.writestr(entry, "/etc")


def bomb(packed: zipfile.ZipFile) -> None:
    packed.writestr("model/am/final.mdl", b"\0" * 50_000_000, zipfile.ZIP_DEFLATED)


@pytest.mark.parametrize(
    ("evil", "cause"),
    [(absolute, "leads outside"), (upwards, "leads outside"), (link, "a link"), (bomb, "far more")],
)
def test_an_archive_that_means_harm_is_refused_and_leaves_nothing(
    tmp_path: Path, evil: Callable[[zipfile.ZipFile], None], cause: str
) -> None:
    archive = tmp_path / "evil.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        evil(packed)
    with pytest.raises(ModelError, match=cause):
        install.add("it", archive, tmp_path / "models")
    assert models.list_models(tmp_path / "models") == []
    assert list((tmp_path / "models/vosk/.store").iterdir()) == []


def test_an_archive_that_lies_about_its_sizes_is_stopped_while_unpacking(tmp_path: Path) -> None:
    archive = zipped(hollow_model(tmp_path / "model"), tmp_path / "model.zip")
    with zipfile.ZipFile(archive) as packed, pytest.raises(ModelError, match="more than it says"):
        unpack._extract(packed, tmp_path / "out", room=10)


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\3\4" + b"\0" * 100])
def test_a_damaged_archive_is_refused_with_a_sentence(tmp_path: Path, content: bytes) -> None:
    archive = tmp_path / "model.zip"
    archive.write_bytes(content)
    with pytest.raises(ModelError, match=r"not a whole \.zip"):
        install.add("it", archive, tmp_path / "models")


def test_an_archive_without_a_model_is_refused_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters/one.txt").write_text("dear")
    with pytest.raises(ModelError, match="0 Vosk models"):
        install.add("it", zipped(tmp_path / "letters", tmp_path / "letters.zip"), tmp_path / "models")


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no folder and no"):
        install.add("it", tmp_path / "nowhere", tmp_path / "models")


def test_a_language_without_an_official_model_asks_for_a_source(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"give a folder, a \.zip or an https address"):
        install.add("ko", None, tmp_path)


@pytest.mark.parametrize("language", ["", "italiano", "../x", "IT"])
def test_a_language_is_two_letters(tmp_path: Path, language: str) -> None:
    with pytest.raises(ModelError, match="two letters"):
        install.add(language, None, tmp_path)


def test_a_model_is_never_fetched_in_the_clear(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not an https address"):
        download.fetch("http://127.0.0.1/model.zip", tmp_path / "model.zip")


def test_a_site_that_cannot_be_reached_is_a_sentence_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"cannot be fetched .* centralino models add LANGUAGE PATH"):
        install.add("it", "https://127.0.0.1:9/model.zip", tmp_path / "models")


def test_without_room_to_write_the_models_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file where the folder should be")
    with pytest.raises(ModelError, match="cannot be written"):
        install.add("it", hollow_model(tmp_path / "model"), tmp_path / "models")
