"""Decisions of this room, without any input or output: which model, how long to wait, which words raise an alarm."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence

from voicemail_worker.model import EngineName, Installed

SPOKEN_LANGUAGES = ("it", "en")
"""What the call script speaks; a model that knows many languages is used for these."""

SLOWEST_RATE, FASTEST_RATE = 4_000, 192_000
"""Sample rates in Hz believed of a recording: the engines loop for ever on 0 or 1, which broken headers do say."""

PEAK = 0.9
MOST_GAIN = 100.0


def choose(models: Iterable[Installed], language: str, distrusted: Collection[str] = ()) -> Installed | None:
    """The model for a message: Vosk's for its language, else Whisper, else None (the message waits for one).

    `distrusted` holds the stamps of models that looked whole but did not load.
    """
    usable = [model for model in models if model.fault is None and model.stamp not in distrusted]
    own = [model for model in usable if model.engine is EngineName.VOSK and model.language == language]
    shared = [model for model in usable if model.engine is EngineName.WHISPER and language in SPOKEN_LANGUAGES]
    return next(iter(own + shared), None)


def languages_served(models: Sequence[Installed], distrusted: Collection[str] = ()) -> tuple[str, ...]:
    """The languages for which `choose` finds a model, sorted."""
    asked = {*SPOKEN_LANGUAGES, *(model.language for model in models if model.language)}
    return tuple(sorted(language for language in asked if choose(models, language, distrusted)))


def time_limit_s(audio_s: float, least_s: float, times: float) -> float:
    """Seconds the decoder may take over a recording of `audio_s` seconds: a generous multiple, never under `least_s`.

    Generous because calls come first on the same processors, and a decoder that waits for them is not hung.
    """
    return max(least_s, times * audio_s)


def is_given_up(attempts: int, most: int) -> bool:
    """Whether a message whose decoder just died for the `attempts`-th time is set aside as failed."""
    return attempts >= most


def gain(peak: float) -> float:
    """The factor that brings a sound with that peak (0..1) to full level, at most +40 dB; 1 for silence."""
    return min(PEAK / peak, MOST_GAIN) if peak > 0 else 1.0


def plain(text: str) -> str:
    """Lower-case letters and digits with single spaces: what is left of a text when only its words count."""
    bare = "".join(mark for mark in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(mark))
    return " ".join(re.findall(r"\w+", bare))


def alarm_words(text: str, phrases: Iterable[str]) -> tuple[str, ...]:
    """The words of distress in a transcript, as said, in the order of the list, each once.

    A phrase matches whole words whatever the case, accents and punctuation; a trailing `*` matches any ending.
    Source: the call script, "words of distress in a message raise an alarm on the wall at once".
    """
    said = plain(text)
    found: dict[str, None] = {}
    for phrase in phrases:
        ending = r"\w*" if phrase.endswith("*") else ""
        for match in re.finditer(rf"\b{re.escape(plain(phrase))}{ending}\b", said):
            found[match.group()] = None
    return tuple(found)
