"""The phone script's own numbers."""

from __future__ import annotations

from pydantic import Field

from foundation.settings import Part


class IvrSettings(Part):
    """Times in seconds."""

    language: str = Field(default="it", pattern="^(it|en)$", description="in which a call begins")
    answer_pause_s: float = Field(
        default=0.5, ge=0, le=5, description="silence after the answer: trunks clip the first word"
    )
    menu_wait_s: float = Field(default=5.0, ge=1, le=60, description="how long a menu waits for a key")
    tries: int = Field(default=3, ge=1, le=10, description="wrong or missing answers before a person or the mailbox")
    message_limit_s: float = Field(default=180.0, ge=10, le=1800)
    message_silence_s: float = Field(default=5.0, ge=2, le=60, description="silence that ends a message")
    least_talk_s: float = Field(default=2.0, ge=0, le=30, description="less talk than this is no message")
    look_up_s: float = Field(
        default=2.0, gt=0, le=30, description="how long a look-up may take before the caller is told"
    )
    disk_reserve_mb: int = Field(
        default=200,
        ge=0,
        le=1_000_000,
        description="free space below which no message is recorded: the records need it",
    )
    drain_s: float = Field(
        default=8.0, ge=0, le=3600, description="how long a stop waits for calls to end by themselves"
    )
