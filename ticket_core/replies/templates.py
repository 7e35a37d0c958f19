"""Letters' texts: one Jinja template a kind and language. Facts are values in them, never templates themselves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from enum import StrEnum
from functools import cache, partial
from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment

from ticket_core.codes import grouped
from ticket_core.replies.facts import SAMPLES, Facts
from ticket_core.replies.model import Language, LetterKind
from ticket_core.replies.rules import in_header, in_words, many_lines, one_line

FOLDER = Path(__file__).parent / "templates"
ALL_LANGUAGES = "all"
"""The folder of a kind that says the same whatever the requester's language: it says it in several at once."""

MANY_LINES = frozenset({"text", "documents"})
"""Facts that people write freely; every other one is a single line."""


class TemplateBroken(Exception):
    """A letter's template is missing or does not fit its facts: the text names the file and the fault."""


@dataclass(frozen=True)
class Text:
    """What a letter says: `subject` is one line, `body` has `\\n` line ends and ends with one."""

    subject: str
    body: str


class Templates:
    """Every template, rendered once with samples when it is made: what is broken is found at a start, not when a letter is due."""

    def __init__(self, folder: Path = FOLDER) -> None:
        """Raises `TemplateBroken`."""
        self._folder = folder
        self._environments = {language: _environment(folder, language) for language in Language}
        for facts in SAMPLES:
            for language in Language:
                self.text(facts, language)

    def text(self, facts: Facts, language: Language) -> Text:
        """A letter's text. Raises `LetterRefused` for a fact that must be one line and is not."""
        values = _values(facts)
        name = f"{self._place(facts.kind, language)}/{facts.kind.value}.txt.j2"
        try:
            template = self._environments[language].get_template(name)
            context = template.new_context(values)
            subject = "".join(template.blocks["subject"](context))
            body = template.render(values)
        except (TemplateError, KeyError) as error:
            raise TemplateBroken(f"{self._folder / name}: {type(error).__name__}: {error}") from None
        return Text(in_header("the subject", subject), _tidy(body))

    def _place(self, kind: LetterKind, language: Language) -> str:
        shared = (self._folder / ALL_LANGUAGES / f"{kind.value}.txt.j2").exists()
        return ALL_LANGUAGES if shared else language.value


@cache
def shipped() -> Templates:
    """The templates of this version, checked once a process. Raises `TemplateBroken`."""
    return Templates()


def _environment(folder: Path, language: Language) -> SandboxedEnvironment:
    environment = SandboxedEnvironment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        autoescape=False,  # text/plain: a `<` is a `<`
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["in_words"] = partial(in_words, language=language)
    environment.filters["quoted"] = _quoted
    return environment


def _values(facts: Facts) -> dict[str, Any]:
    values = {one.name: getattr(facts, one.name) for one in fields(facts)}
    for name, value in values.items():
        if isinstance(value, StrEnum):
            values[name] = value.value
        elif isinstance(value, tuple):
            values[name] = tuple(one_line(name, line) for line in value)
        elif isinstance(value, str):
            values[name] = many_lines(value) if name in MANY_LINES else one_line(name, value)
    return values | {"code": grouped(values["code"])}


def _quoted(text: str) -> str:
    """Somebody's own words, each line marked as in a reply: what is theirs cannot pass for ours."""
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def _tidy(body: str) -> str:
    return "\n".join(_without_doubled_blanks(line.rstrip() for line in body.strip().splitlines())) + "\n"


def _without_doubled_blanks(lines: Iterable[str]) -> Iterable[str]:
    before = ""
    for line in lines:
        if line or before:
            yield line
        before = line
