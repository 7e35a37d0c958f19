"""Where recordings are kept once they are somebody's message. The spool is Asterisk's; this folder is ours."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path
from uuid import UUID

from pydantic import Field

from foundation.disk import sync
from foundation.settings import Part
from ticket_core.wav import mend_lengths


class AudioSettings(Part):
    """The folder of kept recordings."""

    folder: Path = Field(examples=["data/audio"])


class AudioStore:
    """Keeps a recording under its message's id, so that keeping it twice is keeping it once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, message_id: UUID) -> Path:
        """Where a message's audio is, or will be."""
        return self._folder / self.name(message_id)

    def name(self, message_id: UUID) -> str:
        """The same, relative to the folder."""
        text = str(message_id)
        return f"{text[:2]}/{text}.wav"

    def keep(self, recording: Path, message_id: UUID) -> str:
        """Put a finished recording into the store, on the disk for good; returns its name. Raises OSError.

        The recording itself stays: it is removed with `discard` once the message is filed. A WAV whose writer was killed says in
        its header that it is empty; the kept copy says its true length.
        """
        target = self.path(message_id)
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            unfinished = target.with_suffix(".unfinished")
            shutil.copyfile(recording, unfinished)
            mend_lengths(unfinished)
            sync(unfinished)
            unfinished.replace(target)
            sync(target.parent)
        return self.name(message_id)

    def remove(self, message_id: UUID) -> None:
        """Remove a message's audio for good; harmless when it is gone. Raises OSError."""
        target = self.path(message_id)
        target.unlink(missing_ok=True)
        if target.parent.is_dir():
            sync(target.parent)


def discard(recording: Path) -> None:
    """Remove a recording from the spool; harmless when it is gone."""
    with suppress(FileNotFoundError):
        recording.unlink()
