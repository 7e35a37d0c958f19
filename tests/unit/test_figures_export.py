"""How figures are shown, and that a spreadsheet computes nothing of them."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from centralino.figures_export import moment_lines, shown, write_csv
from ledger.accessibility import LineState
from ledger.estimate import EstimatedWait
from ledger.figures import Facts, Target
from ledger.live import Live
from ledger.model import OperatorState
from ledger.occupancy import Spell
from ledger.span import Span
from ledger.tables import By, Cell, rows
from tests.waiting import a_call, abandoned, ended, queued

ROME = ZoneInfo("Europe/Rome")
EIGHT = datetime(2026, 10, 5, 8, 0, tzinfo=UTC)


def test_a_queue_whose_name_is_a_formula_is_text_in_a_spreadsheet() -> None:
    span = Span(EIGHT, EIGHT + timedelta(hours=1))
    facts = Facts.of([a_call(EIGHT, queued(queue="=1+1"), abandoned(9, 9), ended(9))], [], span.until)
    out = io.StringIO()
    write_csv(rows(facts, span, By.QUEUE, ROME, Target(), LineState()), By.QUEUE, ROME, out)
    [row] = csv.DictReader(io.StringIO(out.getvalue()))
    assert (row["queue"], row["since"], row["abandoned"], row["answer_speed_s"]) == (
        "'=1+1", "2026-10-05T10:00:00+02:00", "1", "",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (None, "seconds", "-"),
        (0.455, "share, 0 to 1", "45.5%"),
        (7.84, "seconds", "7.8"),
        (0.12, "ratio", "0.12"),
        (3, "calls", "3"),
    ],
)
def test_a_value_is_shown_by_its_unit(value: Cell, unit: str, text: str) -> None:
    assert shown(value, unit) == text


def test_the_moment_is_told_in_words() -> None:
    operators = {"201": Spell(OperatorState.PAUSED, Span(EIGHT, EIGHT))}
    assert list(moment_lines(Live(2, 41.2, operators, EstimatedWait(240)))) == [
        "now: 2 wait, the longest for 41 s", "who joined now would wait 3 to 5 minutes", "operator 201: paused",
    ]  # fmt: skip
    assert next(moment_lines(Live(0, None, {}, None))) == "now: 0 wait"
