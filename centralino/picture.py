"""What `centralino status` knows, and how it is shown: pure values, and text made of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from centralino.log_lines import LogLine
from foundation.health import Standing, would_serve

SHOWN = {
    Standing.WELL: "well",
    Standing.DEGRADED: "DEGRADED",
    Standing.WAITING: "NOT READY",
    Standing.FAILING: "NOT WELL",
}


@dataclass(frozen=True)
class Part:
    """One process: how it stands, what it says, since when it is up (None when nobody knows), what to do."""

    name: str
    standing: Standing
    says: str
    started: datetime | None = None
    mend: str = ""


@dataclass(frozen=True)
class Figures:
    """What is in progress and what waits. None: whoever knows does not answer. `disk_free` and `least_free` are bytes."""

    calls: dict[str, int] | None
    most_calls: int
    messages: float | None
    oldest_message_s: float | None
    outbox: float | None
    oldest_write_s: float | None
    fallback_files: int
    disk_free: int
    least_free: int


@dataclass(frozen=True)
class Picture:
    """The whole platform at one moment."""

    at: datetime
    parts: tuple[Part, ...]
    figures: Figures
    alarms: tuple[LogLine, ...]

    @property
    def well(self) -> bool:
        """Whether callers are answered and no part has failed. A part that is degraded is shown, and serves."""
        answered = any(part.name == "asterisk" and part.standing is Standing.WELL for part in self.parts)
        return answered and self.has_room and all(would_serve(part.standing) for part in self.parts)

    @property
    def has_room(self) -> bool:
        """Whether the disk takes recordings for a while yet."""
        return self.figures.disk_free >= self.figures.least_free

    def headline(self) -> str:
        """What a caller meets now, in one sentence."""
        standing = {part.name: part.standing for part in self.parts}
        troubled = sum(part.standing is not Standing.WELL for part in self.parts) + (not self.has_room)
        match standing.get("asterisk"):
            case Standing.WELL:
                served = "CALLS ARE ANSWERED"
            case Standing.DEGRADED:
                served = "CALLS GO TO THE FALLBACK: callers hear the notice and leave messages"
            case _:
                return "NO CALL IS ANSWERED: the PBX does not serve"
        return served if not troubled else f"{served}; {many(troubled, 'part')} to look at"

    def document(self) -> dict[str, Any]:
        """The same as JSON values."""
        return {
            "at": self.at.isoformat(timespec="seconds"),
            "well": self.well,
            "headline": self.headline(),
            "parts": [
                {**asdict(part), "started": part.started.isoformat(timespec="seconds") if part.started else None}
                for part in self.parts
            ],
            "figures": asdict(self.figures),
            "alarms": [
                {"at": line.at.isoformat(timespec="milliseconds"), "process": line.process, "level": line.level, "text": line.text()}
                for line in self.alarms
            ],
        }  # fmt: skip

    def lines(self, zone: ZoneInfo) -> Iterator[str]:
        """One screen of text, times in `zone`."""
        yield f"Centralino, {self.at.astimezone(zone):%A %d %B %Y, %H:%M:%S}"
        yield ""
        yield f"  {self.headline()}"
        yield ""
        for part in self.parts:
            up = f"up {lasting((self.at - part.started).total_seconds())}" if part.started else ""
            yield f"  {part.name:10} {SHOWN[part.standing]:10} {up:16} {part.says}".rstrip()
            if part.mend:
                yield f"  {'':38} do: {part.mend}"
        yield ""
        yield from self._figures()
        yield from self._alarms(zone)

    def _figures(self) -> Iterator[str]:
        figures = self.figures
        yield f"  {'calls':14} {_calls(figures)}"
        yield f"  {'waiting':14} {_messages(figures)}, {many(figures.fallback_files, 'fallback call')} to import, {_outbox(figures)}"
        low = "" if self.has_room else ": LITTLE, recordings need it; make room"
        yield f"  {'disk':14} {figures.disk_free / 2**30:.1f} GiB free{low}"

    def _alarms(self, zone: ZoneInfo) -> Iterator[str]:
        title = "last alarms"
        for line in self.alarms:
            yield f"  {title:14} {line.at.astimezone(zone):%a %H:%M:%S}  {line.process:10} {line.text()}"
            title = ""
        if not self.alarms:
            yield f"  {title:14} none"


def _calls(figures: Figures) -> str:
    if figures.calls is None:
        return "unknown: ivr does not answer"
    each = ", ".join(f"{flow} {calls}" for flow, calls in sorted(figures.calls.items()))
    return f"{sum(figures.calls.values())} in progress{': ' + each if each else ''} (at most {figures.most_calls})"


def _messages(figures: Figures) -> str:
    if figures.messages is None:
        return "messages unknown: voicemail does not answer"
    oldest = f" (the oldest for {lasting(figures.oldest_message_s or 0)})" if figures.messages else ""
    return f"{many(int(figures.messages), 'message')} for their text{oldest}"


def _outbox(figures: Figures) -> str:
    if figures.outbox is None:
        return "outbox unknown: ivr does not answer"
    oldest = f" (the oldest for {lasting(figures.oldest_write_s or 0)})" if figures.outbox else ""
    return f"{many(int(figures.outbox), 'write')} in the outbox{oldest}"


def many(count: int, what: str) -> str:
    """`1 part`, `2 parts`."""
    return f"{count} {what}{'' if count == 1 else 's'}"


def lasting(seconds: float) -> str:
    """How long, in the two largest units that matter."""
    whole = max(0, int(seconds))
    for size, unit, smaller, name in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            return f"{whole // size} {unit} {whole % size // smaller} {name}"
    return f"{whole} s"
