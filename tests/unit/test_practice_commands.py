"""What is typed about a practice is made a value or refused in a sentence; what is shown of it is true and harmless."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import date, datetime, timedelta
from io import StringIO
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from centralino.practice_export import harmless
from centralino.practice_page import days_left, plain
from centralino.practice_typed import (
    Refused,
    day_of,
    email_of,
    instant_of,
    language_of,
    line_of,
    meant,
    number_of,
    past_instant_of,
    reason_of,
    signed,
    text_of,
)
from dialplan.calendar import Calendar
from tests.practices import COUNTING
from ticket_core.codes import grouped, new_code
from ticket_core.intake import LONGEST_TEXT
from ticket_core.terms import Counting

ROME = ZoneInfo("Europe/Rome")
NOW = datetime(2026, 11, 25, 10, 0, tzinfo=ROME)


def test_a_practice_is_meant_by_its_code_as_people_type_it_or_by_its_id() -> None:
    code, practice_id = new_code(), UUID(int=7)
    for typed in (code, grouped(code), f" {grouped(code).replace(' ', '-')} "):
        assert meant(typed) == code
    assert meant(f" {practice_id} ") == practice_id


@pytest.mark.parametrize("typed", ["", "123 456 789 00", "123 456 789", "pratica", "1234567890O"])
def test_a_mistyped_code_is_refused_before_anything_is_looked_up(typed: str) -> None:
    with pytest.raises(Refused, match="mistyped"):
        meant(typed)


@pytest.mark.parametrize("author", ["Anna Bianchi", "x", "clock", "système"])
def test_nobody_signs_as_what_no_member_of_staff_can_be_called(author: str) -> None:
    with pytest.raises(Refused, match=r"cannot stand in a history: .* --author"):
        signed(author)
    assert signed(" Maria.Rossi ") == "maria.rossi"


def test_who_gives_no_author_signs_as_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "bruno")
    assert signed("") == "bruno"
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.getuid", lambda: 4_123_456)
    with pytest.raises(Refused, match="who you are"):
        signed("")


@pytest.mark.parametrize("typed", ["two\nlines", "a\x00b", "=?utf-8?q?x?=", "\udcff"])
def test_a_line_is_one_line_that_can_stand_in_a_letter(typed: str) -> None:
    with pytest.raises(Refused, match="the subject holds"):
        line_of("the subject", typed)


def test_a_reason_is_not_empty() -> None:
    assert reason_of(" asked by phone ") == "asked by phone"
    with pytest.raises(Refused, match="say why"):
        reason_of("  ")


def test_addresses_and_numbers_are_kept_in_one_spelling() -> None:
    assert (email_of("Anna@Example.ORG"), email_of("")) == ("Anna@example.org", None)
    assert (number_of("06 1234 5678"), number_of("")) == ("+390612345678", None)
    assert language_of(" EN ") == "en"


@pytest.mark.parametrize(("check", "typed"), [(email_of, "anna@"), (number_of, "call me"), (language_of, "italiano")])
def test_an_address_a_number_or_a_language_that_is_none_is_refused_with_an_example(
    check: Callable[[str], object], typed: str
) -> None:
    with pytest.raises(Refused, match="Example"):
        check(typed)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"perch\xe9", "not UTF-8"),
        (b"a" * (LONGEST_TEXT + 1), "attach it as a file"),
        (None, "cannot be read: No such"),
    ],
)
def test_a_text_that_cannot_be_taken_is_refused(tmp_path: Path, content: bytes | None, said: str) -> None:
    file = tmp_path / "text"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(Refused, match=said):
        text_of(str(file))


def test_a_text_is_taken_as_it_was_written(tmp_path: Path) -> None:
    (tmp_path / "text").write_bytes("\ufeffSì.\r\n\r\nGrazie\x07\r\n".encode())
    assert text_of(str(tmp_path / "text")) == "Sì.\n\nGrazie"


def test_a_day_alone_means_its_end_when_a_clock_is_read_and_its_noon_when_something_came() -> None:
    assert instant_of("2026-12-24", ROME) == datetime(2026, 12, 24, 23, 59, tzinfo=ROME)
    assert instant_of("2026-12-24T09:30", ROME) == datetime(2026, 12, 24, 9, 30, tzinfo=ROME)
    assert instant_of("2026-12-24T09:30+00:00", ROME) == datetime(2026, 12, 24, 10, 30, tzinfo=ROME)
    assert past_instant_of("2026-11-20", ROME, NOW) == datetime(2026, 11, 20, 12, tzinfo=ROME)
    assert past_instant_of("2026-11-25", ROME, NOW) == NOW
    assert day_of("2026-12-24") == date(2026, 12, 24)


@pytest.mark.parametrize("typed", ["soon", "2026-13-01", "0001-01-01T00:00", ""])
def test_what_is_no_time_is_refused_with_an_example(typed: str) -> None:
    with pytest.raises(Refused, match="Example"):
        instant_of(typed, ROME)
    with pytest.raises(Refused, match="Example"):
        day_of(typed.replace("0001", "1"))


@pytest.mark.parametrize("typed", ["2026-11-26", "2026-11-25T10:01"])
def test_nothing_was_received_at_a_time_to_come(typed: str) -> None:
    with pytest.raises(Refused, match="still to come"):
        past_instant_of(typed, ROME, NOW)


@pytest.mark.parametrize(
    ("due", "told"),
    [
        (date(2026, 11, 25), "today"),
        (date(2026, 11, 26), "1 day left"),
        (date(2026, 12, 5), "10 days left"),
        (date(2026, 11, 22), "3 days overdue"),
    ],
)
def test_days_left_are_counted_from_today(due: date, told: str) -> None:
    assert days_left(due, NOW.date(), COUNTING) == told


def test_days_left_are_working_days_where_terms_are() -> None:
    by_working_days = Counting(Calendar().is_working_day, only_working=True)
    assert days_left(NOW.date() + timedelta(days=7), NOW.date(), by_working_days) == "5 days left"


def test_what_a_requester_wrote_does_not_steer_the_terminal() -> None:
    assert plain("\x1b[2Jred\u202e\nSì") == "[2Jred\nSì"


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t=", "\r="])
def test_a_cell_that_a_spreadsheet_would_compute_is_made_text(sign: str) -> None:
    assert harmless(f"{sign}1+1").startswith("'")
    assert harmless(f"a;{sign}1+1").startswith("a;'" if sign in "=+-@" else "a;")


@given(st.text())
def test_a_cell_keeps_every_sign_and_begins_with_none_that_is_computed(text: str) -> None:
    cell = harmless(text)
    assert cell[:1] not in set("=+-@\t\r")
    assert [sign for sign in cell if sign != "'"] == [sign for sign in text if sign != "'"]
    out = StringIO()
    csv.writer(out).writerow([cell])
    assert next(csv.reader(StringIO(out.getvalue(), newline=""))) == [cell]
