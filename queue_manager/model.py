"""Operators and what the fallback is to know of them: frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Duty(StrEnum):
    """Whether an operator takes calls."""

    ON = "on_duty"
    OFF = "off_duty"


@dataclass(frozen=True)
class Operator:
    """An operator by the number of their phone; `interface` is how Asterisk calls it, `since` when the duty began or ended."""

    number: str
    interface: str
    duty: Duty
    since: datetime


@dataclass(frozen=True)
class Wanted:
    """What Asterisk must hold so that the fallback works alone.

    `members` are the interfaces that its queue rings, `dated` the days whose hours are not the week's (see `dialplan.dated`).
    """

    members: frozenset[str] = frozenset()
    dated: Mapping[str, str] = field(default_factory=dict)


def interface_of(number: str) -> str:
    """How Asterisk calls the phone with this number."""
    return f"PJSIP/{number}"
