"""The JSON lines of all processes' logs, read back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

ALARMING = frozenset({"warning", "error", "critical"})
TAIL_BYTES = 256 * 1024
_WHERE = frozenset({"module", "at"})
_OWN = frozenset({"timestamp", "process", "level", "event", "call_id"})


@dataclass(frozen=True)
class LogLine:
    """One line: when (aware), which process, how bad, what, and what else it tells."""

    at: datetime
    process: str
    level: str
    event: str
    call_id: str
    more: dict[str, Any]

    def text(self) -> str:
        """The event in words, with what else it tells."""
        more = ", ".join(f"{name} {value}" for name, value in self.more.items() if name not in _WHERE)
        return self.event.replace("_", " ") + (f" ({more})" if more else "")


def read(text: str) -> LogLine | None:
    """One line of a log; None when it is none of ours."""
    try:
        body = json.loads(text)
        more = {name: value for name, value in body.items() if name not in _OWN}
        at = datetime.fromisoformat(body["timestamp"])
        return LogLine(at, body["process"], body["level"], body["event"], str(body.get("call_id", "")), more)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def about(folder: Path, call: str) -> list[LogLine]:
    """The lines of every log whose call's id begins with `call`, oldest first."""
    found = [
        line
        for path in _logs(folder)
        for text in _texts(path)
        if call in text and (line := read(text)) and line.call_id.startswith(call)
    ]
    return sorted(found, key=lambda line: line.at)


def alarms(folder: Path, limit: int) -> list[LogLine]:
    """The last warnings and errors of all processes, newest first; a log is read from its end."""
    found = [
        line
        for path in _logs(folder)
        for text in _texts(path, TAIL_BYTES)
        if (line := read(text)) and line.level in ALARMING
    ]
    return sorted(found, key=lambda line: line.at, reverse=True)[:limit]


def _logs(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.log"))


def _texts(path: Path, last_bytes: int | None = None) -> Iterator[str]:
    with path.open("rb") as file:
        if last_bytes is not None:
            file.seek(max(0, path.stat().st_size - last_bytes))
        for line in file:
            yield line.decode("utf-8", "replace")
