"""Load the engine of an installed model, in this process. Only the decoder does: a damaged model can end a process."""

from __future__ import annotations

import hashlib

from voicemail_worker.model import EngineName, Installed
from voicemail_worker.ports import Engine

HEART = {EngineName.VOSK: "am/final.mdl", EngineName.WHISPER: "model.bin"}
"""The file whose hash tells two models of one name apart."""


def load(model: Installed) -> Engine:
    """An engine that signs its transcripts NAME@FIRST-12-OF-SHA256. Raises `ModelError`."""
    with (model.folder / HEART[model.engine]).open("rb") as heart:
        name = f"{model.name}@{hashlib.file_digest(heart, 'sha256').hexdigest()[:12]}"
    # Imported when used: either library costs a second and hundreds of megabytes that the other does not need.
    if model.engine is EngineName.VOSK:
        from voicemail_worker.vosk_engine import VoskEngine

        return VoskEngine(model.folder, name)
    from voicemail_worker.whisper_engine import WhisperEngine

    return WhisperEngine(model.folder, name)
