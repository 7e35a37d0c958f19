"""Operators' rows, as the board is told of them."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from queue_manager import duty_watch
from queue_manager.duty_watch import DutyWatch
from queue_manager.model import Duty, Operator, interface_of
from queue_manager.settings import QueueSettings

NOON = datetime(2026, 10, 5, 12, 0, tzinfo=UTC)


@dataclass
class MemoryDuties:
    """`queue_manager.store.Duties` without a database."""

    rows: dict[str, Operator] = field(default_factory=dict)

    async def set(self, number: str, duty: Duty, reason: str = "") -> bool:
        known = self.rows.get(number)
        if known and (known.duty, known.reason) == (duty, reason):
            return False
        self.rows[number] = Operator(number, interface_of(number), duty, NOON, reason)
        return True

    async def all(self) -> list[Operator]:
        return list(self.rows.values())


@pytest.fixture
def told() -> list[Operator]:
    return []


@pytest.fixture
def watch(tmp_path: Path, told: list[Operator]) -> DutyWatch:
    return DutyWatch(MemoryDuties(), QueueSettings(), tmp_path / "duties.json", told.append)  # type: ignore[arg-type]


async def test_an_operator_who_says_that_they_are_on_duty_is_so_also_where_the_row_never_knew_of_their_pause(
    watch: DutyWatch, told: list[Operator]
) -> None:
    await watch.set("201", Duty.ON, "")
    await watch.look()
    assert [row.duty for row in told] == [Duty.ON]
    await watch.set("201", Duty.ON, "")
    assert [row.duty for row in told] == [Duty.ON, Duty.ON]


async def test_a_full_disk_keeps_no_row_from_the_board(
    watch: DutyWatch, told: list[Operator], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, operators: list[Operator]) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(duty_watch, "_remember", full)
    await watch.set("201", Duty.ON, "")
    assert [row.number for row in told] == ["201"]


async def test_what_was_seen_last_is_known_to_a_process_that_starts_without_postgresql(
    watch: DutyWatch, told: list[Operator], monkeypatch: pytest.MonkeyPatch
) -> None:
    await watch.set("201", Duty.PAUSED, "lunch")

    async def away(self: MemoryDuties) -> list[Operator]:
        raise OSError("no PostgreSQL here")

    monkeypatch.setattr(MemoryDuties, "all", away)
    after = list[Operator]()
    await DutyWatch(watch.duties, watch.settings, watch.remembered, after.append).look()
    assert after == told
