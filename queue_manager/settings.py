"""The queue's part of the tree of settings."""

from __future__ import annotations

from pydantic import Field

from foundation.settings import Part
from queue_manager.model import Policy, Strategy


class QueueSettings(Part):
    """How callers are handed out, and how often the fallback's copies are compared. Every time is in seconds."""

    strategy: Strategy = Field(default=Strategy.LONGEST_IDLE, description="who of several free operators is rung")
    ring_s: float = Field(
        default=20.0, ge=1, le=120, description="how long a phone rings before its operator is paused"
    )
    wrap_up_s: float = Field(default=15.0, ge=0, le=600, description="for the work after a call; 0 for none")
    most_waiting: int = Field(
        default=200, ge=1, le=5000, description="callers in one line; more are led to the mailbox"
    )
    longest_wait_s: float = Field(default=1200.0, ge=1, le=86400, description="then the mailbox is offered")
    nobody_s: float = Field(
        default=10.0,
        ge=0,
        le=600,
        description="how long callers wait when the last operator has gone: they may be back",
    )
    announce_first_s: float = Field(default=0.0, ge=0, le=3600, description="when a caller is told the position first")
    announce_every_s: float = Field(default=30.0, ge=5, le=3600, description="and how often from then on")
    return_within_s: float = Field(
        default=60.0, ge=0, le=3600, description="who is cut off and calls again this soon has the old place"
    )
    widen_after_s: float = Field(
        default=30.0, ge=0, le=3600, description="after this a caller may be taken by an operator without the skill"
    )
    skills: dict[str, tuple[str, ...]] = Field(
        default={}, examples=['{"201": ["it", "en"], "202": ["it"]}'],
        description="languages and topics of an operator; who is not named here takes everybody",
    )  # fmt: skip
    lines: dict[str, tuple[str, ...]] = Field(
        default={}, examples=['{"201": ["main", "urgent"]}'], description="the lines an operator serves; only `main` else"
    )  # fmt: skip
    weights: dict[str, int] = Field(
        default={}, examples=['{"urgent": 10}'], description="of two lines the heavier is served first"
    )
    trunk: str = Field(
        default="",
        examples=["trunk"],
        description="the SIP endpoint through which citizens are called back; without one no callback is offered",
    )
    callback_shown: str = Field(
        default="",
        pattern=r"^(\+?[0-9]{3,15})?$",
        examples=["800840840"],
        description="our number as a citizen who is called back sees it; the one they had dialled where none is given",
    )
    callback_countries: tuple[str, ...] = Field(
        default=("IT",),
        examples=['["IT", "SM", "VA"]'],
        description="of which countries fixed and mobile numbers are called back",
    )
    callback_attempts: int = Field(
        default=3, ge=1, le=20, description="calls to one citizen; then the number stands on the list to call back"
    )
    callback_interval_s: float = Field(default=900.0, ge=1, le=86400, description="between two of them")
    citizen_ring_s: float = Field(default=30.0, ge=5, le=120, description="how long a citizen's phone rings")
    look_s: float = Field(
        default=0.5, gt=0, le=60, description="how often rows are read; what changed reaches Asterisk at once after it"
    )
    sweep_s: float = Field(
        default=10.0, gt=0, le=3600, description="how often what Asterisk holds is compared, though no row changed"
    )
    rows_within_s: float = Field(
        default=2.0, gt=0, le=60, description="for reading the rows; what takes longer counts as PostgreSQL away"
    )
    retry_s: float = Field(default=1.0, gt=0, le=60, description="wait before AMI or PostgreSQL is tried again")

    def policy(self) -> Policy:
        """The line's numbers for the board."""
        return Policy(
            self.strategy, self.ring_s, self.wrap_up_s, most_waiting=self.most_waiting, longest_wait_s=self.longest_wait_s,
            nobody_s=self.nobody_s, widen_after_s=self.widen_after_s, return_within_s=self.return_within_s,
            weights=self.weights, citizen_ring_s=self.citizen_ring_s, callback_attempts=self.callback_attempts,
            callback_interval_s=self.callback_interval_s,
        )  # fmt: skip
