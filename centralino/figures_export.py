"""Figures of the queue for people and for other programs: lines, a table, JSON or CSV."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TextIO
from zoneinfo import ZoneInfo

from rich.table import Table

from centralino.practice_export import harmless
from ledger import dictionary
from ledger.dictionary import Meaning
from ledger.live import Live
from ledger.tables import By, Cell, Row

SHOWN = (
    "offered", "answered", "abandoned", "waiting", "service_level", "answer_speed_s", "abandonment", "longest_wait_s",
    "handling_s", "occupancy", "saturated", "unstaffed", "busiest_hour",
)  # fmt: skip
"""Columns of a table on the screen, which has no room for all."""


def meanings(by: By) -> Mapping[str, Meaning]:
    """The data dictionary of such a table, in the order of its columns."""
    return {**dictionary.FRAME, **(dictionary.OPERATOR if by is By.OPERATOR else dictionary.QUEUE)}


def write_json(rows: Sequence[Row], now: Live | None, by: By, zone: ZoneInfo, out: TextIO) -> None:
    """One object: the rows, the queue at this moment, the dictionary that explains the rows. Instants are local, with their offset."""
    explained = {name: asdict(meaning) for name, meaning in meanings(by).items()}
    document = {"rows": [_local(row, zone) for row in rows], "now": _moment(now, zone), "dictionary": explained}
    out.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")


def write_csv(rows: Sequence[Row], by: By, zone: ZoneInfo, out: TextIO) -> None:
    """A table with a row for each; what was not measured, or has nothing to divide by, is an empty cell."""
    table = csv.writer(out)
    table.writerow(meanings(by))
    table.writerows([harmless(value) for value in _local(row, zone).values()] for row in rows)


def write_dictionary(by: By, out: TextIO) -> None:
    """The dictionary as a table of its own, for the CSV."""
    table = csv.writer(out)
    table.writerow(("name", "unit", "meaning"))
    table.writerows((name, meaning.unit, meaning.text) for name, meaning in meanings(by).items())


def lines(row: Row) -> Iterator[str]:
    """Every figure of one row on a line, with its meaning."""
    for name, meaning in meanings(By.TOTAL).items():
        if name not in dictionary.FRAME:
            yield f"{name:16} {shown(row.cells()[name], meaning.unit):>10}  {meaning.text}"


def moment_lines(now: Live) -> Iterator[str]:
    """The queue at this moment in words."""
    longest = f", the longest for {now.longest_wait_s:.0f} s" if now.longest_wait_s is not None else ""
    yield f"now: {now.waiting} wait{longest}"
    if now.estimate is None:
        yield "too few calls in the last hour, or nobody on duty, to say how long somebody who joined now would wait"
    else:
        low, high = now.estimate.minutes
        yield f"who joined now would wait {low} to {high} minutes"
    yield from (f"operator {number}: {spell.state.value}" for number, spell in now.operators.items())


def table(rows: Sequence[Row], by: By, zone: ZoneInfo) -> Table:
    """The rows for the screen."""
    units = meanings(by)
    columns = [name for name in units if name in SHOWN] if by is not By.OPERATOR else list(dictionary.OPERATOR)
    drawn = Table(_head(by), *columns)
    for row in rows:
        cells = row.cells()
        drawn.add_row(_what(row, by, zone), *(shown(cells[name], units[name].unit) for name in columns))
    return drawn


def shown(value: Cell, unit: str) -> str:
    """A value for the screen: shares as percentages, a dash where there is none."""
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.1%}" if unit.startswith("share") else f"{value:.1f}" if unit == "seconds" else f"{value:.2f}"
    return str(value)


def _moment(now: Live | None, zone: ZoneInfo) -> dict[str, object] | None:
    if now is None:
        return None
    operators = {
        number: {"state": spell.state.value, "since": spell.span.since.astimezone(zone).isoformat()}
        for number, spell in now.operators.items()
    }
    minutes = now.estimate.minutes if now.estimate else None
    return {
        "waiting": now.waiting, "longest_wait_s": now.longest_wait_s, "estimated_minutes": minutes, "operators": operators
    }  # fmt: skip


def _head(by: By) -> str:
    return "queue" if by is By.QUEUE else "from"


def _what(row: Row, by: By, zone: ZoneInfo) -> str:
    return row.queue if by is By.QUEUE else f"{row.span.since.astimezone(zone):%Y-%m-%d %H:%M}"


def _local(row: Row, zone: ZoneInfo) -> dict[str, Cell]:
    return {
        name: value.astimezone(zone).isoformat() if isinstance(value, datetime) else value
        for name, value in row.cells().items()
    }
