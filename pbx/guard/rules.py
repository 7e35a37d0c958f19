"""What the guard concludes from what it sees. Pure; times are seconds, monotonic unless said otherwise."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass

from pbx.guard.model import Answer, Beat, Channel, Condition, Level, Probe, Trunk

FRESH_S = 5.0
STILL_BEATING_S = 3.0


@dataclass(frozen=True)
class Patience:
    """How long the PBX may leave probes unanswered before it counts as hung."""

    all_silent_s: float
    one_silent_s: float


def read_beat(before: Beat, value: str, now: float) -> Beat:
    """The heartbeat after one more look: `value` is the variable's text, "" where there is none."""
    seconds = int(value) if value.isascii() and value.isdigit() else None
    changed = seconds is not None and before.value is not None and seconds != before.value
    return Beat(seconds, now if changed else before.changed_at)


def beat_age_s(beat: Beat, wall: float) -> float | None:
    """How far the heartbeat is from now, either way, in seconds of wall time; None where there is none."""
    return None if beat.value is None else abs(wall - beat.value)


def is_stale(beat: Beat, wall: float, now: float) -> bool:
    """Whether whoever makes this heartbeat is dead or frozen.

    A heartbeat that was seen to move just now is alive whatever the wall clock says: a clock that jumps takes no caller from `ivr`.
    """
    age = beat_age_s(beat, wall)
    if age is not None and age <= FRESH_S:
        return False
    return beat.changed_at is None or now - beat.changed_at > STILL_BEATING_S


def orphans(
    channels: Iterable[Channel],
    stale: Iterable[str],
    speaking: Container[str | None],
    tried: Mapping[str, float],
    now: float,
    again_after_s: float,
) -> list[Channel]:
    """The channels to be taken to the fallback: held by a stale app, alone, and not sent there within `again_after_s`.

    `tried` is when each (by unique id) was last sent. A bridged channel hears somebody: it is left alone. So is one whose call is
    among those `speaking`: what is said is being recorded, and silence is what its caller expects. Who came first goes first: the
    fallback's line is as long as ours was. Those tried before come last, so that one that cannot be moved holds up nobody.
    """
    dead = set(stale)
    found = [
        channel
        for channel in channels
        if channel.app in dead and not channel.bridged and channel.call_id not in speaking
    ]
    waited = [channel for channel in found if now - tried.get(channel.unique_id, -again_after_s) >= again_after_s]
    return sorted(waited, key=lambda channel: (channel.unique_id in tried, _came(channel)))


def _came(channel: Channel) -> tuple[int, int]:
    """When the PBX made the channel: its unique id is `[SYSTEM-]EPOCH.SERIAL` (`ast_channel_alloc`, channel.c)."""
    epoch, _, serial = channel.unique_id.rpartition("-")[2].partition(".")
    return (int(epoch), int(serial)) if epoch.isdecimal() and serial.isdecimal() else (0, 0)


def silence_s(
    before: Mapping[Probe, float], answers: Iterable[Answer], round_s: float, most_s: float
) -> dict[Probe, float]:
    """For how long each probe has had no answer, after one more round that took `round_s`.

    A round counts for at most `most_s`: one that took longer was our own sleep (a frozen guard, a suspended machine), and the PBX is not to
    be killed for it.
    """
    return {
        answer.probe: before.get(answer.probe, 0.0) + min(round_s, most_s) if answer.silent else 0.0
        for answer in answers
    }


def condition(silent_s: Mapping[Probe, float], answers: Iterable[Answer], patience: Patience) -> Condition:
    """How the PBX is, by how long each probe has had no answer.

    When all are silent it is hung. When some still answer it may only be busy, and calls are up: that takes longer to believe.
    """
    if all(seconds >= patience.all_silent_s for seconds in silent_s.values()):
        return Condition.HUNG
    if any(seconds >= patience.one_silent_s for seconds in silent_s.values()):
        return Condition.HUNG
    return Condition.UNWELL if any(answer.wrong for answer in answers) else Condition.WELL


def grace_s(restarts_in_a_row: int, first_s: float, most_s: float) -> float:
    """How long a PBX is left in peace after its start: longer each time it had to be killed again."""
    return min(first_s * 2.0**restarts_in_a_row, most_s)


def level(free_bytes: int, alarm_bytes: int, emergency_bytes: int) -> Level:
    """How alarming the room left on a disk is."""
    if free_bytes < emergency_bytes:
        return Level.EMERGENCY
    return Level.LOW if free_bytes < alarm_bytes else Level.ENOUGH


def trunk(status: str) -> Trunk:
    """What Asterisk's contact status says; "" where there is no contact, "NonQualified" where nobody asks it."""
    return {"Reachable": Trunk.REACHABLE, "Unreachable": Trunk.UNREACHABLE}.get(status, Trunk.NOT_WATCHED)
