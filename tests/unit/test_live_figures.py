"""The queue at one moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ledger.figures import Facts
from ledger.live import live
from ledger.model import Call, OperatorState
from tests.waiting import a_call, answered_call, did, queued

NOW = datetime(2026, 10, 5, 12, 0, tzinfo=UTC)
OPERATORS = [
    did("201", OperatorState.TALKING, NOW - timedelta(minutes=2)),
    did("202", OperatorState.WRAP_UP, NOW - timedelta(seconds=5)),
    did("203", OperatorState.PAUSED, NOW - timedelta(minutes=9)),
]


def handled(minutes_ago: float, talk_s: float) -> Call:
    """A call of which the work was over so many minutes ago."""
    return answered_call(NOW - timedelta(minutes=minutes_ago, seconds=talk_s + 20), "201", 10, talk_s, 10)


def test_who_joins_now_is_told_the_wait_behind_those_who_wait_already() -> None:
    recent = [handled(minutes, 110) for minutes in range(1, 11)]
    long_ago = [handled(90, 10_000)]
    waiting = [a_call(NOW - timedelta(seconds=s), queued()) for s in (40, 15)]
    seen = live(Facts.of([*recent, *long_ago, *waiting], OPERATORS, NOW))
    assert (seen.waiting, seen.longest_wait_s) == (2, 40)
    # 120 s a call, two operators who are not paused, the third in line.
    assert seen.estimate is not None
    assert seen.estimate.seconds == 180
    assert {number: spell.state for number, spell in seen.operators.items()} == {
        "201": OperatorState.TALKING, "202": OperatorState.WRAP_UP, "203": OperatorState.PAUSED,
    }  # fmt: skip


def test_nothing_is_estimated_from_few_calls_of_the_last_hour() -> None:
    calls = [handled(minutes, 110) for minutes in (1, 2, 3)] + [handled(70 + minutes, 110) for minutes in range(20)]
    seen = live(Facts.of(calls, OPERATORS, NOW))
    assert (seen.waiting, seen.longest_wait_s, seen.estimate) == (0, None, None)
