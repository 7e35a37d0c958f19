"""The words of distress, read from `distress.toml` beside this module."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files


@cache
def phrases(language: str) -> tuple[str, ...]:
    """The phrases of a language ("it", "en"); none for one that has no list."""
    lists = tomllib.loads(files("voicemail_worker").joinpath("distress.toml").read_text(encoding="utf-8"))
    return tuple(lists.get(language, ()))
