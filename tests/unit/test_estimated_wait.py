"""What a caller in line is told of the time they will wait."""

from __future__ import annotations

import pytest

from ledger.estimate import estimated_wait


def test_the_wait_is_the_mean_handling_time_over_the_operators_times_the_place() -> None:
    wait = estimated_wait([100.0] * 5 + [200.0] * 5, 3, 4)
    assert wait is not None
    # 150 / 3 * 4 = 200 s; a quarter to each side: 150 to 250 s.
    assert wait.seconds == 200
    assert wait.minutes == (2, 5)


def test_nothing_is_said_where_the_data_are_poor() -> None:
    assert estimated_wait([60.0] * 9, 2, 1) is None
    assert estimated_wait([60.0] * 20, 0, 1) is None
    assert estimated_wait([60.0] * 10, 1, 1) is not None


@pytest.mark.parametrize(("handled_s", "told"), [(0.0, (0, 1)), (10.0, (0, 1)), (60.0, (0, 2)), (600.0, (7, 13))])
def test_a_range_is_whole_minutes_and_never_nothing(handled_s: float, told: tuple[int, int]) -> None:
    wait = estimated_wait([handled_s] * 10, 1, 1)
    assert wait is not None
    assert wait.minutes == told
