"""One call's story out of ledger and logs: in order, and without what the caller showed, keyed or said."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

from centralino import log_lines
from centralino.trace import Known, tell
from ledger.model import Call, Outcome, Step, StepKind

AT = datetime(2026, 10, 5, 7, 0, tzinfo=UTC)
CALL = UUID("0c5f6a0e-9d4b-4b52-8f4e-1f6f4a3b7c11")
ROME = ZoneInfo("Europe/Rome")


def write(folder: Path, name: str, *lines: dict[str, object] | str) -> None:
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    (folder / f"{name}.log").write_text("\n".join(texts) + "\n", encoding="utf-8")


def line(
    after_s: float, event: str, call: UUID | None = CALL, level: str = "info", **more: object
) -> dict[str, object]:
    at = (AT + timedelta(seconds=after_s)).isoformat().replace("+00:00", "Z")
    return {"timestamp": at, "process": "ivr", "level": level, "event": event, "call_id": str(call or ""), **more}


def test_steps_and_log_lines_stand_in_one_order_with_seconds_from_the_first(tmp_path: Path) -> None:
    write(tmp_path, "ivr", line(0.5, "call_arrived"), line(8, "call_to_fallback", level="error", error="OSError"))
    steps = (
        Step(1, AT, 1.0, StepKind.ARRIVED),
        Step(2, AT + timedelta(seconds=3), 4.0, StepKind.VOICEMAIL, {"take": 1}),
    )
    call = Call(CALL, "+39333", "800", "it", AT, AT, Outcome.MESSAGE_LEFT, False, steps)
    told = list(tell(CALL, Known(call, None, ()), log_lines.about(tmp_path, str(CALL)), ROME))
    assert told == [
        f"call {CALL}",
        "  it, message_left",
        "    0.00 s  09:00:00  ledger     arrived",
        "    0.50 s  09:00:00  ivr        call arrived",
        "    3.00 s  09:00:03  ledger     voicemail take=1",
        "    8.00 s  09:00:08  ivr        ERROR: call to fallback (error OSError)",
    ]


def test_no_number_no_key_and_no_unknown_detail_is_told() -> None:
    detail = {"menu": "open", "key": "7", "number": "+39333", "said": "aiuto"}
    call = Call(CALL, "+39333", "800", "it", AT, None, None, False, (Step(1, AT, 1.0, StepKind.MENU, detail),))
    told = "\n".join(tell(CALL, Known(call, None, ()), [], ROME))
    assert "menu menu=open" in told
    assert not [secret for secret in ("333", "7", "aiuto") if secret in told.replace(str(CALL), "")]


def test_without_the_database_the_logs_tell_it_and_that_is_said(tmp_path: Path) -> None:
    write(tmp_path, "ivr", line(0, "call_arrived"))
    told = list(tell(CALL, None, log_lines.about(tmp_path, str(CALL)), ROME))
    assert "the database does not answer" in told[1]
    assert told[2].endswith("call arrived")


def test_logs_are_searched_by_the_beginning_of_the_calls_id_and_by_nothing_else(tmp_path: Path) -> None:
    other = UUID(int=1)
    write(
        tmp_path, "ivr", "a line of another program 0c5f6a0e", line(0, "one"), line(1, "two", other, model="0c5f6a0e"),
        '{"call_id": "0c5f6a0e"}', "[1]",
    )  # fmt: skip
    write(tmp_path, "voicemail", line(2, "three"))
    assert [found.event for found in log_lines.about(tmp_path, "0c5f6a0e")] == ["one", "three"]


def test_alarms_are_warnings_and_worse_newest_first(tmp_path: Path) -> None:
    write(tmp_path, "ivr", line(0, "old", level="warning"), line(1, "fine"), line(9, "new", level="critical"))
    write(tmp_path, "voicemail", line(5, "middle", None, "error"))
    assert [found.event for found in log_lines.alarms(tmp_path, 2)] == ["new", "middle"]


def test_alarms_of_a_long_log_are_read_from_its_end(tmp_path: Path) -> None:
    many = [line(n, "noise", padding="x" * 900) for n in range(600)]
    write(tmp_path, "ivr", line(0, "first", level="error"), *many, line(700, "last", level="error"))
    assert (tmp_path / "ivr.log").stat().st_size > log_lines.TAIL_BYTES
    assert [found.event for found in log_lines.alarms(tmp_path, 5)] == ["last"]
