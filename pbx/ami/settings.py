"""How a process of ours reaches the PBX's manager interface."""

from __future__ import annotations

from pydantic import Field, SecretStr

from foundation.settings import Part


class AmiSettings(Part):
    """Where AMI answers, and as whom this process speaks there."""

    address: str = Field(examples=["127.0.0.1:5038"], pattern=r"^[^/:]+:\d+$", description="host:port, loopback")
    user: str = Field(
        examples=["guard"], pattern=r"^[a-z]+$", description="a user of manager.conf; each process has its own"
    )
    password: SecretStr = Field(examples=["/run/secrets/ami-guard"])
    timeout_s: float = Field(default=2.0, gt=0, le=60, description="for each exchange; what takes longer is given up")

    @property
    def host(self) -> str:
        """The host alone."""
        return self.address.rpartition(":")[0]

    @property
    def port(self) -> int:
        """The port alone."""
        return int(self.address.rpartition(":")[2])
