"""Practices for other programs: one whole, or a table of all, as JSON or CSV."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, fields
from datetime import date
from typing import Any, TextIO

from centralino.practice_page import Whole
from ticket_core.model import Reading
from ticket_core.overview import Line

COLUMNS = tuple(field.name for field in fields(Line))
NAMES = ("office", "topic", "municipality", "event")
PARTS = ("messages", "letters", "attachments", "contacts")
WHOLE_COLUMNS = ("part", "number", "field", "value")

# What a spreadsheet would take for a formula: at the start of a cell, or after the sign that Italian ones split cells at.
_FORMULA = re.compile(r"^(?=[=+\-@\t\r])|(?<=;)(?=[=+\-@])")


def document(whole: Whole, reading: Reading | None) -> dict[str, Any]:
    """A practice with its history, clock, messages, letters, contacts and its attachments' names, as plain values."""
    practice = asdict(whole.practice)
    history, clock = practice.pop("history"), practice.pop("clock")
    now = asdict(reading) | {"remaining": reading.remaining} if reading else None
    names = {name: getattr(whole.line, name) for name in NAMES}
    parts = {name: [asdict(one) for one in getattr(whole, name)] for name in PARTS}
    return {"practice": practice | names, "clock_now": now, "clock": clock, **parts, "history": history}


def write_json(whole: Whole, reading: Reading | None, out: TextIO) -> None:
    """One practice as one JSON object."""
    out.write(_json(document(whole, reading), indent=2) + "\n")


def write_csv(whole: Whole, reading: Reading | None, out: TextIO) -> None:
    """One practice as a table with a row for each value: in which part, of the how manieth thing there, which field."""
    table = csv.writer(out)
    table.writerow(WHOLE_COLUMNS)
    for part, content in document(whole, reading).items():
        things = content if isinstance(content, list | tuple) else [content or {}]
        for number, thing in enumerate(things, start=1):
            table.writerows([part, number, harmless(field), harmless(value)] for field, value in _leaves(thing))


async def write_all_json(lines: AsyncIterator[Line], out: TextIO) -> None:
    """A JSON array, one practice a line; written while it is read."""
    before = "[\n"
    async for line in lines:
        out.write(before + _json(asdict(line)))
        before = ",\n"
    out.write("\n]\n" if before == ",\n" else "[]\n")


async def write_all_csv(lines: AsyncIterator[Line], out: TextIO) -> None:
    """A table with one practice a row; written while it is read."""
    table = csv.writer(out)
    table.writerow(COLUMNS)
    async for line in lines:
        table.writerow([harmless(value) for value in asdict(line).values()])


def harmless(value: object) -> str:
    """A value as a cell's text that no spreadsheet takes for a formula: an apostrophe comes before a sign that begins one."""
    return "" if value is None else _FORMULA.sub("'", str(_plain(value)))


def _leaves(thing: object, name: str = "") -> Iterator[tuple[str, object]]:
    if isinstance(thing, dict):
        for field, value in thing.items():
            yield from _leaves(value, f"{name}.{field}" if name else str(field))
    elif isinstance(thing, list | tuple):
        for number, value in enumerate(thing, start=1):
            yield from _leaves(value, f"{name}.{number}")
    else:
        yield name, thing


def _json(value: object, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, default=_plain, indent=indent)


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else str(value)
