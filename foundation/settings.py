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
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo

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
        raise SettingsError(_explain(tree, error, sources, config)) from None


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


def _explain(tree: type[BaseModel], error: ValidationError, sources: Mapping[str, str], config: Path) -> str:
    lines: list[str] = []
    for problem in error.errors():
        part, field = (*(str(step) for step in problem["loc"][:2]), None)[:2]
        fields = _fields(tree, str(part))
        if problem["type"] == "missing":
            # Of a part that is missing whole, what a person has to set.
            required = [name for name, one in fields.items() if one.is_required()] or list(fields)
            lines += [_missing(f"{part}.{name}", fields.get(name), config) for name in ([field] if field else required)]
        else:
            name = f"{part}.{field}" if field else str(part)
            source = sources.get(name, "its default" if field else str(config))
            said = problem["msg"].removeprefix("Value error, ")
            lines.append(f"setting {name} is wrong: {said} (read from {source}).{_hint(name, field, fields)}")
    return "\n".join(dict.fromkeys(lines))


def _missing(name: str, field: FieldInfo | None, config: Path) -> str:
    variable = _variable(name)
    by_file = f", or {variable}_FILE with a file's name" if field is not None and _is_secret(field) else ""
    return (
        f"setting {name} is missing: neither the environment ({variable}{by_file}) nor {config} has it."
        f"{_example(name, field)}"
    )


def _hint(name: str, field: str | None, fields: Mapping[str, FieldInfo]) -> str:
    if field is None or field not in fields:
        return f" It can be one of: {', '.join(sorted(fields))}" if fields else ""
    return _example(name, fields[field])


def _example(name: str, field: FieldInfo | None) -> str:
    if field is None or not (field.examples or not field.is_required()):
        return ""
    value = field.examples[0] if field.examples else _written(field.get_default(call_default_factory=True))
    return f" Example: {_variable(name)}{'_FILE' * _is_secret(field)}={value}"


def _written(value: object) -> str:
    """A value as it is given in the environment."""
    return json.dumps(value, default=str) if isinstance(value, tuple) else str(value)


def _variable(name: str) -> str:
    return PREFIX + name.upper().replace(".", "__")


def _is_secret(field: FieldInfo) -> bool:
    return field.annotation is SecretStr


def _fields(tree: type[BaseModel], name: str) -> Mapping[str, FieldInfo]:
    part = tree.model_fields.get(name)
    # A part that may be absent is annotated `Part | None`.
    of = [one for one in (part.annotation, *get_args(part.annotation)) if isinstance(one, type)] if part else []
    return next((one.model_fields for one in of if issubclass(one, BaseModel)), {})
