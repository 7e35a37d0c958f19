"""Files that are on the disk for good."""

from __future__ import annotations

import os
from pathlib import Path


def sync(path: Path) -> None:
    """Put a file, or a folder's list of names, on the disk for good. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace_file(path: Path, text: str) -> None:
    """Write a file that only its owner reads; whoever reads it sees the old one or the new one, whole. Raises OSError."""
    unfinished = path.with_name(path.name + ".unfinished")
    unfinished.touch(mode=0o600)
    unfinished.write_text(text, "utf-8")
    sync(unfinished)
    unfinished.replace(path)
    sync(path.parent)
