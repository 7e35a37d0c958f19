"""How names are kept, on one line, and compared: without accents, apostrophes and capitals, a word at a time."""

from __future__ import annotations

import re
import unicodedata

_OTHER = re.compile(r"[^a-z0-9]+")


def one_line(text: str) -> str:
    """The text as one line: every run of spaces and breaks is one space, and what cannot be seen or kept is gone."""
    return " ".join("".join(letter for letter in text if letter.isprintable() or letter.isspace()).split())


def folded(text: str) -> tuple[str, ...]:
    """The words of a name in ASCII small letters and digits: "L'Aquila" gives `l`, `aquila`."""
    # Casefold first: it makes "ss" of the German letter, which the decomposition would lose.
    plain = unicodedata.normalize("NFKD", text.casefold())
    without = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return tuple(word for word in _OTHER.split(without) if word)


def search_words(name: str) -> str:
    """What is kept of a name to search in: its words, and all of them as one, each after a space: ` l aquila laquila`."""
    words = folded(name)
    joined = ("".join(words),) if len(words) > 1 else ()
    return "".join(f" {word}" for word in (*words, *joined))


def is_called(name: str, text: str) -> bool:
    """Whether `text` is the whole name, or one of the two of a place that has two: "Bolzano/Bozen", "Valle d'Aosta/Vallée d'Aoste"."""
    return "".join(folded(text)) in {"".join(folded(one)) for one in (name, *name.split("/"))}
