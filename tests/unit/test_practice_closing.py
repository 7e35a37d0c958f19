"""A closing has a reason, and nothing else has one; a code tells of its practice for as long as the setting says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ticket_core.model import Closure, PracticeState
from ticket_core.rules import check_closure, is_told

NOW = datetime(2026, 10, 5, 8, 0, tzinfo=UTC)


def test_a_closing_needs_its_reason_and_nothing_else_has_one() -> None:
    check_closure(PracticeState.CLOSED, Closure.WITHDRAWN)
    check_closure(PracticeState.ANSWERED, None)
    with pytest.raises(ValueError, match="closing reasons"):
        check_closure(PracticeState.CLOSED, None)
    with pytest.raises(ValueError, match="closing reasons"):
        check_closure(PracticeState.ANSWERED, Closure.ANSWERED)


@pytest.mark.parametrize("state", PracticeState)
def test_only_what_came_to_its_end_is_no_longer_told(state: PracticeState) -> None:
    ended = state in (PracticeState.ANSWERED, PracticeState.CLOSED)
    assert is_told(state, NOW - timedelta(days=30), NOW, status_days=30)
    assert is_told(state, NOW - timedelta(days=31), NOW, status_days=30) is not ended
