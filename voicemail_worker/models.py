"""The speech models in a folder: `vosk/LANGUAGE/` (an unpacked Vosk model) and `whisper/base/`, and their faults."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from voicemail_worker.model import EngineName, Installed, ModelError

VOSK, WHISPER = "vosk", "whisper"
WHISPER_NAME = "base"
PROBE_LIMIT_S = 300

VOSK_FILES = ("am/final.mdl", "conf/mfcc.conf", "conf/model.conf", "graph/phones/word_boundary.int")
VOSK_GRAPHS = (("graph/HCLG.fst",), ("graph/HCLr.fst", "graph/Gr.fst"))
"""A model carries its words either as one graph or as two that are joined while decoding."""

WHISPER_FILES = ("model.bin", "config.json", "tokenizer.json")
WHISPER_VOCABULARIES = (("vocabulary.json",), ("vocabulary.txt",))


def list_models(models_dir: Path) -> list[Installed]:
    """Every model in the folder, the broken ones too (with their `fault`), Vosk first, by language."""
    found = [_installed(EngineName.VOSK, folder.name, folder, check_vosk) for folder in _folders(models_dir / VOSK)]
    whisper = models_dir / WHISPER / WHISPER_NAME
    if whisper.is_dir():
        found.append(_installed(EngineName.WHISPER, None, whisper, check_whisper))
    return found


def check_vosk(folder: Path) -> None:
    """Raises `ModelError` when a file that Vosk needs is missing, empty or not readable."""
    _check(folder, VOSK_FILES, VOSK_GRAPHS, f"Add the model again: centralino models add {folder.name}")


def check_whisper(folder: Path) -> None:
    """Raises `ModelError` when a file that faster-whisper needs is missing, empty or not readable."""
    _check(folder, WHISPER_FILES, WHISPER_VOCABULARIES, "Remove the folder and run the set-up again")


def check_loads(model: Installed) -> None:
    """Load the model once, in a process of its own that may crash. Raises `ModelError`. Takes seconds."""
    command = [sys.executable, "-m", "voicemail_worker.probe", model.engine.value, str(model.folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PROBE_LIMIT_S, check=False)
    except subprocess.TimeoutExpired:
        raise ModelError(
            f"the model in {model.folder} did not load within {PROBE_LIMIT_S} s. Try a smaller one."
        ) from None
    if done.returncode != 0:
        said = done.stdout.strip() or f"the model in {model.folder} crashes its engine when loaded. Choose another."
        raise ModelError(said)


def _folders(parent: Path) -> list[Path]:
    if not parent.is_dir():
        return []
    return sorted(folder for folder in parent.iterdir() if folder.is_dir() and not folder.name.startswith("."))


def _installed(engine: EngineName, language: str | None, folder: Path, check: Callable[[Path], None]) -> Installed:
    fault = None
    try:
        check(folder)
    except ModelError as error:
        fault = str(error)
    # A folder put there by `install` is a link to one named after the model and its hash.
    name = folder.resolve().name.split("@")[0] if folder.is_symlink() else f"{engine}-{folder.name}"
    return Installed(engine, language, folder, name, _stamp(folder), fault)


def _stamp(folder: Path) -> str:
    # Also the two folders deep down: a model mended by hand must not keep the stamp under which it was distrusted.
    parts = (folder, folder / "am", folder / "graph")
    found = [part.stat() for part in parts if part.exists()]
    return "-".join(f"{one.st_dev}.{one.st_ino}.{one.st_mtime_ns}" for one in found)


def _check(folder: Path, files: tuple[str, ...], choices: tuple[tuple[str, ...], ...], way_out: str) -> None:
    if not folder.is_dir():
        raise ModelError(f"there is no model in {folder}. {way_out}.")
    if not any(all((folder / name).exists() for name in choice) for choice in choices):
        wanted = " or ".join(" and ".join(choice) for choice in choices)
        raise ModelError(f"the model in {folder} is broken: {wanted} is missing. {way_out}.")
    graphs = next(choice for choice in choices if all((folder / name).exists() for name in choice))
    for name in files + graphs:
        if fault := _fault(folder / name):
            raise ModelError(f"the model in {folder} is broken: {name} {fault}. {way_out}.")


def _fault(file: Path) -> str | None:
    if not file.is_file():
        return "is missing"
    if not os.access(file, os.R_OK):
        return "may not be read"
    return "is empty" if file.stat().st_size == 0 else None
