"""Vosk behind the `Engine` port."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import vosk

from ticket_core.model import Transcript, Word
from voicemail_worker.model import EngineName, ModelError, Pcm

CHUNK = 4_000
"""Samples handed over at a time: Vosk looks for the end of an utterance only between two of them."""


class VoskEngine:
    """One loaded Vosk model. `name` is what a transcript says of it.

    `grammar`, words of the model's own language, closes the vocabulary. Raises `ModelError` when the model does not
    load or does not know a word of the grammar (Vosk itself only logs that, and crashes on an odd grammar).
    """

    def __init__(self, folder: Path, name: str, grammar: Sequence[str] = ()) -> None:
        vosk.SetLogLevel(-1)
        try:
            self._model = vosk.Model(model_path=str(folder))
        except Exception:  # Vosk raises nothing narrower.
            raise ModelError(
                f"the Vosk model in {folder} does not load: its files are damaged. Install it again."
            ) from None
        self._name = name
        unknown = [word for word in grammar if self._model.vosk_model_find_word(word) < 0]
        if unknown:
            raise ModelError(f"the Vosk model {name} does not know: {', '.join(unknown)}. Choose other words.")
        self._grammar = json.dumps(list(grammar), ensure_ascii=False) if grammar else None

    def transcribe(self, samples: Pcm, rate: int, language: str) -> Transcript:
        """See `ports.Engine`. Confidences are Vosk's own, 0..1; with a grammar they say nothing."""
        extra = () if self._grammar is None else (self._grammar,)
        recognizer = vosk.KaldiRecognizer(self._model, rate, *extra)
        recognizer.SetWords(True)
        chunks = (samples[start : start + CHUNK].tobytes() for start in range(0, len(samples), CHUNK))
        answers = [recognizer.Result() for chunk in chunks if recognizer.AcceptWaveform(chunk)]
        answers.append(recognizer.FinalResult())
        words = tuple(_word(entry) for answer in answers for entry in json.loads(answer).get("result", ()))
        text = " ".join(word.word for word in words)
        return Transcript(text=text, words=words, engine=EngineName.VOSK.value, model=self._name, language=language)


def _word(entry: dict[str, Any]) -> Word:
    return Word(word=entry["word"], start=entry["start"], end=entry["end"], confidence=entry["conf"])
