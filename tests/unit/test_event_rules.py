"""Which event a request may belong to, and what an event must have."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_core.events.model import Event, EventKind
from ticket_core.events.names import one_line
from ticket_core.events.rules import IllegalEvent, bulletin, check_open, check_times, suggested, tidy

AT = datetime(2026, 10, 5, 8, 0, tzinfo=UTC)
AQUILA, ROMA, NORCIA = "066049", "058091", "054035"


def event(**other: Any) -> Event:
    values: dict[str, Any] = {
        "id": uuid4(),
        "name": "an event",
        "kind": EventKind.EARTHQUAKE,
        "starts": AT - timedelta(hours=5),
        "ends": None,
        "declared_by": "supervisor",
        "declared_at": AT,
        "reason": "felt widely",
        "closed_by": None,
        "closed_at": None,
        "bulletin_it": None,
        "bulletin_en": None,
        "area": (),
    }
    return Event(**values | other)


def closed() -> Event:
    return event(closed_at=AT, closed_by="a supervisor")


def test_an_event_with_the_municipality_is_suggested_and_one_elsewhere_is_not() -> None:
    here, elsewhere = event(area=(AQUILA, NORCIA)), event(area=(ROMA,))
    assert suggested([elsewhere, here], AT, AQUILA) == [here]


def test_the_smaller_area_comes_first_and_an_event_without_a_place_last() -> None:
    anywhere, region, town = event(), event(area=(AQUILA, NORCIA)), event(area=(AQUILA,))
    ended = event(area=(AQUILA,), ends=AT - timedelta(hours=1))
    assert suggested([anywhere, ended, region, town], AT, AQUILA) == [town, region, ended, anywhere]


def test_without_a_municipality_every_open_event_may_be_the_one() -> None:
    one, other = event(area=(AQUILA,)), event(area=(ROMA,))
    assert {found.id for found in suggested([one, other], AT, None)} == {one.id, other.id}


def test_an_event_that_goes_on_comes_before_one_that_ended_and_the_youngest_first() -> None:
    ended = event(starts=AT - timedelta(hours=2), ends=AT - timedelta(hours=1))
    old, young = event(starts=AT - timedelta(days=2)), event(starts=AT - timedelta(hours=1))
    assert suggested([ended, old, young], AT, ROMA) == [young, old, ended]


@pytest.mark.parametrize(
    "never",
    [closed(), event(starts=AT + timedelta(seconds=1)), event(kind=EventKind.EXERCISE)],
    ids=["closed", "not begun", "an exercise"],
)
def test_these_are_never_suggested(never: Event) -> None:
    assert suggested([never], AT, None) == []


@given(st.permutations([event(area=(AQUILA,)), event(), event(area=(AQUILA, ROMA)), event(starts=AT)]))
def test_the_order_of_suggestions_does_not_hang_on_the_order_of_the_events(events: list[Event]) -> None:
    assert suggested(events, AT, AQUILA) == suggested(sorted(events, key=lambda one: one.id), AT, AQUILA)


def test_an_event_ends_after_it_starts() -> None:
    check_times(AT, None)
    check_times(AT, AT + timedelta(seconds=1))
    with pytest.raises(IllegalEvent, match="cannot have ended"):
        check_times(AT, AT)


def test_a_name_or_reason_of_spaces_is_none() -> None:
    assert tidy("  terremoto   di\x00 Norcia\u2028\n", "name") == "terremoto di Norcia"
    for nothing in ("", " \n ", "\x00\x07"):
        with pytest.raises(IllegalEvent, match="its reason"):
            tidy(nothing, "reason")


@given(st.text())
def test_what_is_kept_of_any_text_is_one_line_that_stays_as_it_is(typed: str) -> None:
    kept = one_line(typed)
    assert kept.isprintable()
    assert one_line(kept) == kept


def test_the_public_is_told_in_both_languages_or_not_at_all() -> None:
    assert bulletin(" acqua potabile ", "drinking water") == ("acqua potabile", "drinking water")
    assert bulletin("prima\r\nseconda \x00", "first\n\nsecond") == ("prima\nseconda", "first\n\nsecond")
    assert bulletin(None, " ") == (None, None)
    with pytest.raises(IllegalEvent, match="Italian and in English"):
        bulletin("acqua potabile", "")


def test_a_closed_event_takes_nothing_and_says_who_closed_it() -> None:
    check_open(event())
    with pytest.raises(IllegalEvent, match="closed by a supervisor"):
        check_open(closed())
