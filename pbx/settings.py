"""How a process of ours reaches the PBX."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr

from foundation.settings import Part


class PbxSettings(Part):
    """Where ARI answers and where its recordings appear."""

    ari_address: str = Field(examples=["127.0.0.1:8088"], pattern=r"^[^/:]+:\d+$", description="host:port, loopback")
    ari_user: str = "centralino"
    ari_password: SecretStr = Field(examples=["/run/secrets/ari"])
    spool: Path = Field(examples=["data/asterisk/spool"], description="Asterisk's spool folder as this process sees it")
    sounds: Path = Field(examples=["data/sounds"], description="prompts, at the same path for Asterisk and for us")
    most_calls: int = Field(
        default=500, ge=1, description="how many calls at once the PBX lets in: for an alarm before that"
    )
    request_timeout_s: float = Field(default=5.0, gt=0, le=60)
    ping_every_s: float = Field(
        default=5.0, gt=0, le=60, description="a silently dropped connection is seen within twice this"
    )
