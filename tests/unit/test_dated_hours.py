"""The days that the dialplan must know by date, and nothing more."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from dialplan.calendar import ROME, Calendar
from dialplan.dated import AHEAD_DAYS, CLOSED, dated_hours, midnight, open_intervals
from dialplan.model import Override, OverrideKind

WEDNESDAY = date(2026, 11, 25)


def override(kind: str, starts: str, ends: str) -> Override:
    begins, over = (datetime.fromisoformat(text).replace(tzinfo=ROME) for text in (starts, ends))
    return Override(OverrideKind(kind), begins, over, "test", "test")


def rome(value: str) -> list[str]:
    """A value's intervals by the wall clock of Rome."""
    return [
        "-".join(f"{datetime.fromtimestamp(int(edge), ROME):%d %H:%M:%S}" for edge in interval.split("-"))
        for interval in value.split(",")
    ]


def test_a_day_like_its_week_has_no_key_and_a_holiday_is_closed() -> None:
    dated = dated_hours(Calendar(), date(2026, 12, 21), 7)
    assert dated == {"20261225": CLOSED}, "the 26th is a Saturday, which the week closes already"


def test_the_nights_in_which_clocks_change_are_written_out() -> None:
    dated = dated_hours(Calendar("24/7"), WEDNESDAY)
    assert {day: rome(value) for day, value in dated.items()} == {
        "20270328": ["28 00:00:00-29 00:00:00"],
        "20271031": ["31 00:00:00-01 00:00:00"],
    }
    spring, autumn = (value.split("-") for value in dated.values())
    assert int(spring[1]) - int(spring[0]) == 23 * 3600
    assert int(autumn[1]) - int(autumn[0]) == 25 * 3600


def test_an_override_that_begins_and_ends_mid_hour_is_kept_to_the_second() -> None:
    changes = (
        override("open", "2026-11-25T17:37", "2026-11-26T03:11:07"),
        override("closed", "2026-11-26T12:00:30", "2026-11-26T12:59:59"),
    )
    dated = dated_hours(Calendar(overrides=changes), WEDNESDAY, 3)
    assert {day: rome(value) for day, value in dated.items()} == {
        "20261125": ["25 09:00:00-26 00:00:00"],
        "20261126": ["26 00:00:00-26 03:11:07", "26 09:00:00-26 12:00:30", "26 12:59:59-26 18:00:00"],
    }


@pytest.mark.parametrize(
    ("kind", "starts", "ends"),
    [
        ("closed", "2026-11-25T11:02:33.700000", "2026-11-25T13:02:33.000001"),
        ("open", "2026-11-25T20:15:00.999999", "2026-11-25T22:15:00.5"),
        ("closed", "2026-11-25T12:00:00.1", "2026-11-25T12:00:00.9"),
        ("open", "2026-11-24T23:59:59.5", "2026-11-25T23:59:59.5"),
    ],
)
def test_an_override_made_within_a_second_holds_from_the_next_one_on_and_ends_likewise(
    kind: str, starts: str, ends: str
) -> None:
    change = override(kind, starts, ends)
    calendar = Calendar(overrides=(change,))
    intervals = open_intervals(calendar, WEDNESDAY)
    first, last = midnight(calendar, WEDNESDAY), midnight(calendar, WEDNESDAY + timedelta(days=1)) - 1
    near = {int(edge.timestamp()) + n for edge in (change.starts, change.ends) for n in range(-2, 4)}
    for instant in sorted(near | set(range(first, last, 900)) | {last}):
        if first <= instant <= last:
            says = any(begins <= instant < over for begins, over in intervals)
            assert says == calendar.is_open(datetime.fromtimestamp(instant, UTC)), f"{instant}: {intervals}"


def test_an_override_that_changes_nothing_needs_no_key() -> None:
    calendar = Calendar(overrides=(override("open", "2026-11-25T10:00", "2026-11-25T12:00"),))
    assert dated_hours(calendar, WEDNESDAY, 1) == {}


def test_a_year_ahead_is_known() -> None:
    dated = dated_hours(Calendar(), WEDNESDAY)
    last = WEDNESDAY + timedelta(days=AHEAD_DAYS - 1)
    assert last > date(2027, 11, 24)
    assert all(f"{WEDNESDAY:%Y%m%d}" <= day <= f"{last:%Y%m%d}" for day in dated)
    assert dated["20270101"] == dated["20270629"] == CLOSED, "a national holiday, and the patron saint of Rome"


def test_every_interval_begins_before_it_ends_in_order_and_touches_no_other() -> None:
    changes = (
        override("open", "2026-12-01T00:00", "2027-02-01T00:00"),
        override("closed", "2026-12-24T12:00", "2026-12-24T13:00"),
        override("open", "2026-12-24T12:30", "2026-12-24T14:00"),
    )
    dated = dated_hours(Calendar(overrides=changes), WEDNESDAY)
    assert rome(dated["20261224"]) == ["24 00:00:00-24 12:00:00", "24 12:30:00-25 00:00:00"]
    for value in dated.values():
        edges = [] if value == CLOSED else [int(edge) for edge in value.replace("-", ",").split(",")]
        assert edges == sorted(set(edges))
