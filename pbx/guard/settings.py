"""The guard's own numbers."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from foundation.settings import Part


class GuardSettings(Part):
    """What it watches, and when it acts. Times in seconds."""

    asterisk_conf: Path = Field(
        examples=["data/asterisk/etc/asterisk.conf"], description="as in Asterisk's `-C`: which process is the PBX"
    )
    sip_address: str = Field(
        examples=["127.0.0.1:5060"], pattern=r"^[^/:]+:\d+$", description="where the PBX answers SIP"
    )
    trunk: str = Field(
        default="",
        pattern=r"^\w*$",
        examples=["trunk"],
        description="the AOR of pjsip.conf that Asterisk asks; empty: none",
    )
    recordings: Path = Field(
        examples=["data/asterisk/spool/recording"], description="where the PBX records: who speaks is not cut short"
    )
    disks: tuple[Path, ...] = Field(default=(), examples=['["data"]'], description="folders that must not fill up")
    every_s: float = Field(default=1.0, ge=0.1, le=2.0, description="how often callers are looked for")
    probe_every_s: float = Field(default=2.0, ge=0.1, le=60)
    probe_timeout_s: float = Field(default=2.0, gt=0, le=60)
    watch_every_s: float = Field(
        default=5.0, ge=0.1, le=300, description="how often disk, trunk and clock are looked at"
    )
    all_silent_s: float = Field(
        default=8.0, ge=1, le=300, description="no probe answered for this long: the PBX is hung"
    )
    one_silent_s: float = Field(
        default=30.0, ge=1, le=600, description="one of the probes was silent for this long: hung too"
    )
    grace_s: float = Field(
        default=15.0, ge=1, le=600, description="a PBX that started less than this ago is not killed"
    )
    most_grace_s: float = Field(
        default=300.0, ge=1, le=3600, description="what `grace_s` grows to when killing does not help"
    )
    alarm_bytes: int = Field(default=5 * 2**30, ge=0, description="less free than this: an early alarm")
    emergency_bytes: int = Field(
        default=2**30, ge=0, description="less free than this: recordings are about to be lost"
    )
    clock_jump_s: float = Field(
        default=0.5, gt=0, le=60, description="wall time that moves this much by itself has jumped"
    )

    @property
    def sip_host(self) -> str:
        """The host alone."""
        return self.sip_address.rpartition(":")[0]

    @property
    def sip_port(self) -> int:
        """The port alone."""
        return int(self.sip_address.rpartition(":")[2])
