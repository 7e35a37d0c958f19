"""JSON lines on stderr. A log carries ids (`call_id`, a practice's internal id), never a number, a code or a transcript."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog


def configure(process: str, level: str = "INFO") -> None:
    """Send this process's own and its libraries' logs to stderr as JSON lines."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    structlog.contextvars.bind_contextvars(process=process)
    libraries = logging.StreamHandler(sys.stderr)
    libraries.setFormatter(_OfLibraries(process))
    logging.basicConfig(handlers=[libraries], level=logging.WARNING)


class _OfLibraries(logging.Formatter):
    """Only that a library complained, and how badly: its text could hold statements, addresses, caller data."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "process": self._process,
            "event": "library_complains",
            "library": record.name,
            "level": record.levelname.lower(),
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z"),
        }
        error = record.exc_info[1] if record.exc_info else None
        return json.dumps(line | (fault(error) if error else {}))


def get(name: str) -> Any:
    """The logger of a module; `log.info("event", call_id=...)`."""
    return structlog.get_logger(module=name)


def fault(error: BaseException) -> dict[str, Any]:
    """An error's kind and place for a log line, without its text: a database's message repeats the values of the statement."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    return {"error": type(error).__name__, "at": [f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames]}
