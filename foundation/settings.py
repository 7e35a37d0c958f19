"""One typed tree of settings. Each room owns a part; this module reads, checks and explains.

Sources, first wins: environment (`CENTRALINO_IVR__ANSWER_PAUSE_S=0.5`), a secret's file
(`CENTRALINO_PBX__ARI_PASSWORD_FILE=/run/secrets/ari`), then `centralino.toml` in the folder named by
`CENTRALINO_CONFIG` or the current one.
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

PREFIX = "CENTRALINO_"


class Part(BaseModel):
    """Base of every room's part of the tree: frozen, and a name nobody declared is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _lists(cls, values: Any) -> Any:
        """A list in the environment is JSON; one that is not is left for its field to refuse."""
        if not isinstance(values, dict):
            return values
        values = dict(values)
        for name, field in cls.model_fields.items():
            if get_origin(field.annotation) is tuple and isinstance(values.get(name), str):
                with suppress(json.JSONDecodeError):
                    values[name] = json.loads(values[name])
        return values


class SettingsError(Exception):
    """A setting is wrong or missing: the text names it, where it was read, and an example that works."""


Tree = TypeVar("Tree", bound=BaseModel)


def load(tree: type[Tree], environ: Mapping[str, str] | None = None, config: Path | None = None) -> Tree:
    """Read and check `tree` (a model whose fields are `Part`s). Raises `SettingsError`."""
    environ = os.environ if environ is None else environ
    config = config or Path(environ.get(PREFIX + "CONFIG", "centralino.toml"))
    values, sources = _from_file(config)
    _overlay(values, sources, environ)
    known = {name: value for name, value in values.items() if name in tree.model_fields}
    try:
        return tree.model_validate(known)
    except ValidationError as error:
        raise SettingsError(_explain(tree, error, sources)) from None


def _from_file(config: Path) -> tuple[dict[str, Any], dict[str, str]]:
    if not config.exists():
        return {}, {}
    try:
        values = tomllib.loads(config.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{config} is not valid TOML: {error}. Mend that line, or remove the file.") from None
    sources = {
        f"{part}.{name}": str(config) for part, body in values.items() if isinstance(body, dict) for name in body
    }
    return values, sources


def _overlay(values: dict[str, Any], sources: dict[str, str], environ: Mapping[str, str]) -> None:
    # Backwards, so that NAME comes after NAME_FILE: a value given outright wins over one given by file.
    for variable in sorted(environ, reverse=True):
        if not variable.startswith(PREFIX) or "__" not in variable:
            continue
        part, _, name = variable.removeprefix(PREFIX).lower().partition("__")
        text = environ[variable]
        if name.endswith("_file"):
            name = name.removesuffix("_file")
            try:
                text = Path(text).read_text(encoding="utf-8").strip()
            except OSError as error:
                raise SettingsError(f"{variable} names a file that cannot be read: {error}.") from None
        body = values.setdefault(part, {})
        if isinstance(body, dict):
            body[name] = text
        sources[f"{part}.{name}"] = f"the environment ({variable})"


def _explain(tree: type[BaseModel], error: ValidationError, sources: Mapping[str, str]) -> str:
    lines = []
    for problem in error.errors():
        name = ".".join(str(step) for step in problem["loc"][:2])
        source = sources.get(name, "nowhere: it is missing" if problem["type"] == "missing" else "its default")
        variable = PREFIX + name.upper().replace(".", "__")
        example = _example(tree, name)
        hint = f" Example: {variable}={example}" if example is not None else ""
        lines.append(
            f"setting {name} is wrong: {problem['msg'].removeprefix('Value error, ')} (read from {source}).{hint}"
        )
    return "\n".join(lines)


def _example(tree: type[BaseModel], name: str) -> str | None:
    part_name, _, field_name = name.partition(".")
    part = tree.model_fields.get(part_name)
    if part is None or not isinstance(part.annotation, type) or not issubclass(part.annotation, BaseModel):
        return None
    field = part.annotation.model_fields.get(field_name)
    if field is None:
        return "one of: " + ", ".join(sorted(part.annotation.model_fields))
    if field.examples:
        return str(field.examples[0])
    return None if field.is_required() else str(field.get_default(call_default_factory=True))
