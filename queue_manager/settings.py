"""The queue's part of the tree of settings."""

from __future__ import annotations

from pydantic import Field

from foundation.settings import Part


class QueueSettings(Part):
    """How often the fallback's copies are compared. Every time is in seconds."""

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
