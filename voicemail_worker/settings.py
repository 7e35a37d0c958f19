"""The worker's part of the tree of settings."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from foundation.settings import Part


class VoicemailSettings(Part):
    """Where models are, and how patient the worker is. Every time is in seconds."""

    models_dir: Path = Field(
        description="the folder with vosk/LANGUAGE/ and whisper/base/", examples=["/var/lib/centralino/models"]
    )
    name: str = Field(default="voicemail", min_length=1, max_length=40, pattern=r"^[\w.-]+$")
    lease_s: float = Field(default=15.0, ge=1, le=3600, description="how long a dead worker's message stays unclaimed")
    sweep_s: float = Field(default=5.0, gt=0, le=3600, description="how often waiting rows are announced again")
    attempts: int = Field(default=3, ge=1, le=20, description="decoders a message may kill before it is set aside")
    longest_s: float = Field(default=1800.0, gt=0, le=14400, description="a longer recording is refused as unreadable")
    least_limit_s: float = Field(default=90.0, gt=0, le=3600, description="the shortest time-out of the decoder")
    limit_times: float = Field(default=20.0, gt=0, le=1000, description="its time-out as a multiple of the audio")
    load_limit_s: float = Field(default=180.0, gt=0, le=3600, description="a model must load within this")
    distrust_s: float = Field(default=300.0, gt=0, le=86400, description="when to try a model again that did not load")
    niceness: int = Field(default=10, ge=0, le=19, description="how far the decoder stands back for calls")


class FallbackSettings(Part):
    """Where the dialplan's fallback leaves what it recorded."""

    spool: Path = Field(examples=["data/asterisk/spool/fallback"])
    every_s: float = Field(default=2.0, gt=0, le=3600, description="how often it is looked through")
