"""What the guard sees and concludes, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from uuid import UUID


@dataclass(frozen=True)
class Channel:
    """One channel of the PBX.

    `app` is the Stasis application that holds a caller whom the dialplan let in; None for one outside of Stasis, and for a phone that an
    application has called.
    """

    name: str
    unique_id: str
    app: str | None
    call_id: str | None
    bridged: bool

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> Channel:
        """From the headers of a CoreShowChannel event. Of the application's data only app and call id are kept."""
        app, call_id = None, None
        if headers.get("Application") == "Stasis":
            app, call_id = _caller(headers.get("ApplicationData", "").split(","))
        return cls(
            name=headers.get("Channel", ""),
            unique_id=headers.get("Uniqueid", ""),
            app=app,
            call_id=call_id,
            bridged=bool(headers.get("BridgeId")),
        )


def _caller(words: Sequence[str]) -> tuple[str | None, str | None]:
    """App and call id as the dialplan has written them (`inbound.conf`, `queue.conf`)."""
    match words:
        case ["queue", "join", call_id, *_]:
            return "queue", _uuid(call_id)
        case ["queue", *_]:
            return None, None
        case [app, *rest]:
            return app, _uuid(rest[0]) if rest else None
    return None, None


def _uuid(text: str) -> str | None:
    try:
        return str(UUID(text))
    except ValueError:
        return None


@dataclass(frozen=True)
class Beat:
    """A heartbeat as last read: Unix seconds (None: there is none), and when it was last seen to change (monotonic seconds)."""

    value: int | None = None
    changed_at: float | None = None


class Probe(Enum):
    """A way to ask the PBX whether it lives."""

    AMI = "ami"
    ARI = "ari"
    SIP = "sip"


@dataclass(frozen=True)
class Answer:
    """What came of a probe: how long it took (seconds), what was wrong ("": nothing), and whether nothing came at all.

    A refusal is no silence: whoever says no, or closes a door, is not hung.
    """

    probe: Probe
    seconds: float
    wrong: str = ""
    silent: bool = False


class Condition(Enum):
    """How the PBX is."""

    WELL = "well"
    UNWELL = "unwell"
    HUNG = "hung"


class Level(Enum):
    """How much room a disk has left."""

    ENOUGH = "enough"
    LOW = "low"
    EMERGENCY = "emergency"


class Trunk(Enum):
    """What the PBX says of the carrier's trunk."""

    REACHABLE = "reachable"
    UNREACHABLE = "unreachable"
    NOT_WATCHED = "not_watched"
