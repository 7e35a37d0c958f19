"""Unpack a model's .zip without trusting it."""

from __future__ import annotations

import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from voicemail_worker.model import ModelError

MOST_FILES = 10_000
LARGEST = 8 * 1024**3
"""Bytes unpacked; the largest official model is under 5 GiB."""
MOST_TIMES = 200
"""How much larger than its archive a model may be."""
ALWAYS = 1024 * 1024
"""Bytes that even the smallest archive may unpack to."""
BLOCK = 1024 * 1024


def model_in(archive: Path, folder: Path) -> Path:
    """Unpack `archive` into `folder` and return the folder inside that holds the model.

    Raises `ModelError` for a file that is no .zip, is damaged, leads outside, links, or is a bomb.
    """
    try:
        with zipfile.ZipFile(archive) as packed:
            _check(packed, archive)
            _extract(packed, folder, _room(archive))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, FileExistsError) as error:
        raise ModelError(f"{archive.name} is not a whole .zip ({error}). Fetch it again.") from None
    found = sorted(file.parent.parent for file in folder.glob("**/am/final.mdl"))
    if len(found) != 1:
        raise ModelError(
            f"{archive.name} holds {len(found)} Vosk models (folders with am/final.mdl), not one."
            " Choose another archive."
        )
    return found[0]


def _room(archive: Path) -> int:
    return min(LARGEST, max(ALWAYS, archive.stat().st_size * MOST_TIMES))


def _check(packed: zipfile.ZipFile, archive: Path) -> None:
    entries = packed.infolist()
    if len(entries) > MOST_FILES or sum(entry.file_size for entry in entries) > _room(archive):
        raise ModelError(f"{archive.name} would unpack to far more than a model is. It was not unpacked.")
    for entry in entries:
        path = PurePosixPath(entry.filename)
        mode = entry.external_attr >> 16
        if path.is_absolute() or ".." in path.parts or "\\" in entry.filename or ":" in entry.filename:
            raise ModelError(f"{archive.name} holds a name that leads outside ({entry.filename}). It was not unpacked.")
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise ModelError(f"{archive.name} holds a link or a device ({entry.filename}). It was not unpacked.")
        if entry.flag_bits & 1:
            raise ModelError(f"{archive.name} is protected by a password. Unpack it and give the folder.")


def _extract(packed: zipfile.ZipFile, folder: Path, room: int) -> None:
    """Count what really comes out: the sizes an archive states are its own claim."""
    folder.mkdir()
    for entry in packed.infolist():
        target = folder / entry.filename
        if entry.is_dir():
            target.mkdir(parents=True, exist_ok=True)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        with packed.open(entry) as content, target.open("xb") as file:
            while block := content.read(BLOCK):
                room -= len(block)
                if room < 0:
                    raise ModelError(f"{packed.filename} unpacks to more than it says. It was not installed.")
                file.write(block)
