"""Which documents are taken, and the sentences for those that are not."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from foundation import settings as tree
from foundation.settings import Part, SettingsError
from ticket_core.attachments import kinds
from ticket_core.attachments.folder import FolderStore
from ticket_core.attachments.model import Family, Refusal
from ticket_core.attachments.rules import content_refusal, practice_refusal, says
from ticket_core.attachments.s3 import BucketStore
from ticket_core.attachments.settings import AttachmentSettings, BucketSettings
from ticket_core.attachments.stores import NoBucket, blob_store

SETTINGS = AttachmentSettings(folder=Path("data/attachments"), file_mb=0.5, practice_mb=2, practice_files=3)
ENVIRON = {
    "CENTRALINO_BUCKET__ENDPOINT": "http://127.0.0.1:9",
    "CENTRALINO_BUCKET__BUCKET": "attachments",
    "CENTRALINO_BUCKET__ACCESS_KEY": "key",
    "CENTRALINO_BUCKET__SECRET_KEY": "not to be shown",
}


class Tree(Part):
    """The two parts, as the composition has them."""

    attachments: AttachmentSettings
    bucket: BucketSettings | None = None


@pytest.mark.parametrize(
    ("size", "kind", "refusal"),
    [
        (0, kinds.PDF, Refusal.EMPTY),
        (0, None, Refusal.EMPTY),
        (1, kinds.PDF, None),
        (500_000, kinds.PDF, None),
        (500_001, kinds.PDF, Refusal.TOO_LARGE),
        (1, None, Refusal.TYPE),
        (1, kinds.ZIP, Refusal.TYPE),
        (1, kinds.HTML, Refusal.TYPE),
        (1, kinds.WITH_MACROS["word/"], Refusal.TYPE),
        (1, kinds.P7M, None),
    ],
)
def test_size_and_content_decide_whether_a_document_is_taken(
    size: int, kind: kinds.Kind | None, refusal: Refusal | None
) -> None:
    assert content_refusal(size, kind, SETTINGS) is refusal


def test_archives_are_taken_where_a_setting_says_so() -> None:
    assert content_refusal(1, kinds.ZIP, SETTINGS.model_copy(update={"taken": (Family.ZIP,)})) is None


@pytest.mark.parametrize(
    ("size", "files", "together", "refusal"),
    [
        (1, 0, 0, None),
        (500_000, 2, 1_500_000, None),
        (500_001, 2, 1_500_000, Refusal.PRACTICE_FULL),
        (1, 3, 10, Refusal.TOO_MANY),
    ],
)
def test_a_practice_takes_documents_up_to_its_limits(
    size: int, files: int, together: int, refusal: Refusal | None
) -> None:
    assert practice_refusal(size, files, together, SETTINGS) is refusal


@pytest.mark.parametrize("language", ["it", "en"])
@pytest.mark.parametrize("refusal", Refusal)
def test_every_refusal_is_one_sentence_in_both_languages(refusal: Refusal, language: str) -> None:
    sentence = says(refusal, SETTINGS, language)
    assert sentence[0].isupper()
    assert sentence.endswith(".")
    assert ". " not in sentence
    assert "{" not in sentence


def test_a_refusal_names_the_limit_as_the_language_writes_it() -> None:
    assert "0,5 MB" in says(Refusal.TOO_LARGE, SETTINGS, "it")
    assert "0.5 MB" in says(Refusal.TOO_LARGE, SETTINGS, "en")
    assert "2 MB" in says(Refusal.PRACTICE_FULL, SETTINGS, "it")
    assert "è 3." in says(Refusal.TOO_MANY, SETTINGS, "it")


def test_a_refused_type_names_what_is_taken_and_nothing_else() -> None:
    few = SETTINGS.model_copy(update={"taken": (Family.IMAGE, Family.PDF, Family.TEXT)})
    assert says(Refusal.TYPE, few, "it").endswith("sono accettati PDF, immagini e testi.")
    assert says(Refusal.TYPE, few.model_copy(update={"taken": (Family.PDF,)}), "en").endswith("we accept PDF.")
    assert "ZIP" not in says(Refusal.TYPE, SETTINGS, "it")


def test_other_languages_are_answered_in_english() -> None:
    assert says(Refusal.EMPTY, SETTINGS, "de") == says(Refusal.EMPTY, SETTINGS, "en")


def test_settings_choose_the_store(tmp_path: Path) -> None:
    folder = {"CENTRALINO_ATTACHMENTS__FOLDER": str(tmp_path)}
    of_folder = tree.load(Tree, folder, tmp_path / "none.toml")
    of_bucket = tree.load(Tree, folder | ENVIRON | {"CENTRALINO_ATTACHMENTS__STORE": "s3"}, tmp_path / "none.toml")
    assert isinstance(blob_store(of_folder.attachments, of_folder.bucket), FolderStore)
    assert isinstance(blob_store(of_bucket.attachments, of_bucket.bucket), BucketStore)
    assert "not to be shown" not in repr(of_bucket)


def test_a_bucket_that_is_not_described_is_told_before_anything_starts() -> None:
    with pytest.raises(NoBucket, match="CENTRALINO_BUCKET__ENDPOINT"):
        blob_store(SETTINGS.model_copy(update={"store": "s3"}))


def test_a_bucket_without_its_package_is_told_before_anything_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore", None)
    monkeypatch.delitem(sys.modules, "ticket_core.attachments.s3")
    bucket = BucketSettings(
        endpoint="http://127.0.0.1:9", bucket="attachments", access_key="k", secret_key=SecretStr("s")
    )
    with pytest.raises(NoBucket, match=r"install centralino\[s3\]"):
        blob_store(SETTINGS.model_copy(update={"store": "s3"}), bucket)


def test_a_type_that_does_not_exist_is_refused_by_name(tmp_path: Path) -> None:
    environ = {"CENTRALINO_ATTACHMENTS__FOLDER": "x", "CENTRALINO_ATTACHMENTS__TAKEN": '["pdf", "exe"]'}
    with pytest.raises(SettingsError, match=r"attachments\.taken"):
        tree.load(Tree, environ, tmp_path / "none.toml")
