"""Tables of figures: which rows there are, and that every column is explained."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from ledger import dictionary
from ledger.accessibility import LineState
from ledger.figures import Facts, OperatorFigures, QueueFigures, Target
from ledger.model import OperatorState
from ledger.span import Span
from ledger.tables import By, Row, days, rows
from tests.waiting import a_call, abandoned, answered_call, bridged, did, ended, left, queued, talked

ROME = ZoneInfo("Europe/Rome")
# Monday at 22:00 to Tuesday at 01:00 in Rome.
EVENING = datetime(2026, 10, 5, 20, 0, tzinfo=UTC)
NIGHT = Span(EVENING, EVENING + timedelta(hours=3))
LATER = NIGHT.until + timedelta(days=1)

CALLS = [
    answered_call(EVENING, "201", 10, 60, 10),
    a_call(EVENING + timedelta(hours=1), queued(queue="flood"), abandoned(30, 30), ended(30)),
    a_call(EVENING + timedelta(hours=2), queued(queue="flood"), bridged(5, "202", 5), talked(65, "202", 60), ended(65)),
    a_call(EVENING + timedelta(hours=2), left(0, "full", 0), ended(60)),
]
FACTS = Facts.of(CALLS, [did("201", OperatorState.IDLE, EVENING)], LATER)


def table(by: By) -> list[Row]:
    return rows(FACTS, NIGHT, by, ROME, Target(), LineState(blocked=3))


def offered(by: By) -> list[object]:
    return [row.cells()["offered"] for row in table(by)]


def test_hours_days_and_the_whole_have_rows_that_add_up() -> None:
    assert (offered(By.HOUR), offered(By.DAY), offered(By.TOTAL)) == ([1, 1, 1], [2, 1], [3])


def test_hours_to_come_have_no_row() -> None:
    seen = Facts.of(CALLS, [], EVENING + timedelta(minutes=90))
    assert [row.span.since for row in rows(seen, NIGHT, By.HOUR, ROME, Target(), LineState())] == [
        EVENING, EVENING + timedelta(hours=1),
    ]  # fmt: skip
    assert rows(Facts.of([], [], EVENING - timedelta(hours=1)), NIGHT, By.TOTAL, ROME, Target(), LineState()) == []


def test_days_are_those_of_the_place_where_the_phone_rings() -> None:
    midnight = datetime(2026, 10, 6, 0, 0, tzinfo=ROME)
    assert days(NIGHT, ROME) == [Span(NIGHT.since, midnight), Span(midnight, NIGHT.until)]
    march = Span(*(datetime(2026, 3, day, tzinfo=ROME) for day in (28, 31)))
    assert [part.seconds_of(part) / 3600 for part in days(march, ROME)] == [24, 23, 24]


def test_each_queue_has_a_row_and_so_have_those_whom_no_queue_took() -> None:
    assert [(row.queue, row.cells()["offered"], row.cells()["saturated"]) for row in table(By.QUEUE)] == [
        ("(none)", 0, 1), ("flood", 2, 0), ("main", 1, 0),
    ]  # fmt: skip
    assert {row.cells()["arrived"] for row in table(By.QUEUE)} == {None}


def test_each_operator_has_a_row() -> None:
    assert [(row.cells()["number"], row.cells()["handled"]) for row in table(By.OPERATOR)] == [("201", 1), ("202", 1)]


def test_what_the_trunk_refused_stands_in_the_whole_alone() -> None:
    assert [row.cells()["blocked"] for row in (*table(By.TOTAL), *table(By.HOUR))] == [3, None, None, None]


def test_the_dictionary_explains_every_column_and_nothing_else() -> None:
    for figures, meanings in ((QueueFigures, dictionary.QUEUE), (OperatorFigures, dictionary.OPERATOR)):
        assert [field.name for field in fields(figures)] == list(meanings)
    cells = table(By.TOTAL)[0].cells()
    assert list(cells) == [*dictionary.FRAME, *dictionary.QUEUE]
