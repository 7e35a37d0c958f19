"""Every prompt by name and language. Names are what flows say; texts are what a voice renders."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from pathlib import Path

from phone.spoken import pieces

LANGUAGES = ("it", "en")
# The offer of a language is made in that language: to the one who needs it.
SPOKEN_IN = {("it", "language-offer"): "en", ("en", "language-offer"): "it"}
BEEP, SHORT_PAUSE, LONG_PAUSE = "beep", "pause-short", "pause-long"
SOUNDS = (BEEP, SHORT_PAUSE, LONG_PAUSE)
"""What is no speech and is made by numbers."""


class MissingPrompt(Exception):
    """A prompt has no sound: no call may begin, because its caller would hear nothing there."""


@cache
def catalogue(language: str) -> dict[str, str]:
    """Name to text, the pieces of dates, times and codes included."""
    text = files("phone").joinpath("prompts", f"{language}.toml").read_text(encoding="utf-8")
    return {**tomllib.loads(text), **pieces(language)}


def voice_language(language: str, name: str) -> str:
    """The language in which a prompt's text is spoken."""
    return SPOKEN_IN.get((language, name), language)


def check(sounds: Path) -> None:
    """Raise `MissingPrompt` naming each prompt that has no sound in `sounds`/LANGUAGE/NAME.wav."""
    wanted = [sounds / language / f"{name}.wav" for language in LANGUAGES for name in (*catalogue(language), *SOUNDS)]
    missing = [path for path in wanted if not path.is_file() or path.stat().st_size == 0]
    if missing:
        shown = ", ".join(f"{path.parent.name}/{path.name}" for path in missing[:5])
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        raise MissingPrompt(
            f"prompts without a sound in {sounds}: {shown}{more}. Render them with `centralino prompts`."
        )
