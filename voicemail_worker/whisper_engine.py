"""faster-whisper behind the `Engine` port: the one used for a language that has no Vosk model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soxr
from faster_whisper import WhisperModel

from ticket_core.model import Transcript, Word
from voicemail_worker.model import EngineName, ModelError, Pcm

RATE = 16_000
"""Hz; Whisper knows no other."""

BEAM = 2


class WhisperEngine:
    """One loaded Whisper model on one thread, 8-bit weights. Never goes to the network. Raises `ModelError`."""

    def __init__(self, folder: Path, name: str) -> None:
        try:
            self._model = WhisperModel(
                str(folder), device="cpu", compute_type="int8", cpu_threads=1, num_workers=1, local_files_only=True
            )
        except Exception:  # ctranslate2 raises RuntimeError, the tokenizer a bare Exception.
            raise ModelError(
                f"the Whisper model in {folder} does not load: its files are damaged. Install it again."
            ) from None
        self._name = name

    def transcribe(self, samples: Pcm, rate: int, language: str) -> Transcript:
        """See `ports.Engine`. Confidences are the probabilities of the words, 0..1; words keep their punctuation."""
        sound = np.asarray(soxr.resample(samples.astype(np.float32) / 32768, rate, RATE), dtype=np.float32)
        # Its own voice filter cuts pauses out, where Whisper invents sentences; each window forgets the one before,
        # so that one invention is not carried on.
        segments, _ = self._model.transcribe(
            sound,
            language=language,
            beam_size=BEAM,
            word_timestamps=True,
            condition_on_previous_text=False,
            vad_filter=True,
        )
        words = tuple(
            Word(
                word=said.word.strip(), start=float(said.start), end=float(said.end), confidence=float(said.probability)
            )
            for segment in segments
            for said in segment.words or ()
        )
        text = " ".join(word.word for word in words)
        return Transcript(text=text, words=words, engine=EngineName.WHISPER.value, model=self._name, language=language)
