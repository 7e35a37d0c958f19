"""What a topic, a municipality and an event are: frozen values, no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID


@dataclass(frozen=True)
class Topic:
    """What a request is about. `slug` is its name for programs; one that is not `active` is offered no more."""

    id: UUID
    slug: str
    name_it: str
    name_en: str
    parent: UUID | None
    active: bool


@dataclass(frozen=True)
class Municipality:
    """A comune of ISTAT's list. `istat` is six digits, `province` two letters; one that is gone keeps its row.

    `valid_until` is the day a list came that it was not on any more.
    """

    istat: str
    name: str
    province: str
    region: str
    active: bool = True
    valid_until: date | None = None


class EventKind(StrEnum):
    """What happened."""

    EARTHQUAKE = "earthquake"
    FLOOD = "flood"
    LANDSLIDE = "landslide"
    FIRE = "fire"
    VOLCANO = "volcano"
    WEATHER = "weather"
    EXERCISE = "exercise"
    OTHER = "other"


@dataclass(frozen=True)
class Event:
    """Something that many requests are about, declared by a supervisor; open until `closed_at`.

    It lasts from `starts` to `ends` (None: it goes on). `area` is ISTAT codes in order, empty when it is not bound to a place.
    The bulletin is what the public is told of it, in both languages or in none.
    """

    id: UUID
    name: str
    kind: EventKind
    starts: datetime
    ends: datetime | None
    declared_by: str
    declared_at: datetime
    reason: str
    closed_by: str | None
    closed_at: datetime | None
    bulletin_it: str | None
    bulletin_en: str | None
    area: tuple[str, ...] = ()


@dataclass(frozen=True)
class EventStep:
    """One thing that was decided about an event, by whom and why."""

    at: datetime
    author: str
    what: str
    reason: str


class Direction(StrEnum):
    """How an hour compares with those before it."""

    RISING = "rising"
    STEADY = "steady"
    FALLING = "falling"


@dataclass(frozen=True)
class Hour:
    """What came in one hour of local time: `starts` is aware and local, so that the hour that comes twice has two names.

    `before` is the mean of calls and practices together in the hours before (up to three), None when there are none.
    `whole` is false for the hour that still lasts.
    """

    starts: datetime
    calls: int
    practices: int
    before: float | None
    direction: Direction
    whole: bool


@dataclass(frozen=True)
class Trend:
    """Everything that belongs to an event, hour by hour from its first one; an hour without anything is there too."""

    calls: int
    practices: int
    hours: tuple[Hour, ...]


@dataclass(frozen=True)
class EventCall:
    """A call that belongs to an event. `at` is when the call came; `author` put it there."""

    call_id: UUID
    event_id: UUID
    at: datetime
    author: str
