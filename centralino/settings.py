"""Settings of the one-machine platform: where it lives, on which ports, who may call it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, Field, ValidationInfo, field_validator

from channels.settings import SmtpSettings
from dialplan.settings import HoursSettings
from foundation.settings import Part
from ivr.settings import IvrSettings
from queue_manager.settings import QueueSettings
from ticket_core.attachments.settings import AttachmentSettings, BucketSettings
from ticket_core.clock.settings import ClockSettings, RetentionSettings
from ticket_core.settings import TermSettings

CHECKOUT = Path(__file__).resolve().parent.parent
# A Unix socket's path holds 107 bytes, and the longest name below the data folder takes 40 of them.
LONGEST_DATA_PATH = 65
LAST_PORT = 65535


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "centralino"


@dataclass(frozen=True)
class Ports:
    """Each port of the platform, counted from the first. SIP is UDP, the others TCP on loopback."""

    first: int
    max_calls: int

    @property
    def sip(self) -> int:
        return self.first + 60

    @property
    def ari(self) -> int:
        return self.first + 88

    @property
    def ami(self) -> int:
        return self.first + 38

    @property
    def monitors(self) -> dict[str, int]:
        """Where each process of ours serves its health and metrics."""
        return {
            "ivr": self.first + 10,
            "voicemail": self.first + 11,
            "guard": self.first + 12,
            "queue": self.first + 13,
            "channels": self.first + 14,
            "clock": self.first + 15,
        }

    @property
    def robot_sip(self) -> int:
        return self.first + 160

    @property
    def robot_ari(self) -> int:
        return self.first + 188

    @property
    def rtp(self) -> tuple[int, int]:
        # Last, because a call takes two: one for its sound, one for the report about it (RTCP).
        return self.first + 600, self.first + 599 + 2 * self.max_calls

    @property
    def robot_rtp(self) -> tuple[int, int]:
        return self.first + 200, self.first + 599


class UpSettings(Part):
    """What `centralino up` needs to run everything on one machine."""

    data: Path = Field(default=CHECKOUT / "data", examples=["data"])
    cache: Path = Field(default_factory=_cache, examples=["~/.cache/centralino"])
    first_port: int = Field(
        default=28000, ge=1024, le=64000, description="the platform uses this port and the 599 + 2 x max_calls after it"
    )
    sip_bind: str = Field(default="127.0.0.1", pattern=r"^[0-9.]+$", examples=["0.0.0.0"])  # noqa: S104 (an example)
    trunk_addresses: tuple[str, ...] = Field(default=("127.0.0.1",), examples=['["203.0.113.7/32"]'])
    trunk_contact: str = Field(
        default="",
        pattern=r"^(sip:[A-Za-z0-9.:-]+)?$",
        examples=["sip:203.0.113.7:5060"],
        description="where the carrier takes calls: citizens are called back through it, and the guard watches it by OPTIONS",
    )
    operators: tuple[str, ...] = Field(
        default=(),
        examples=['["201", "202"]'],
        description="the numbers of the operators' phones; each registers with a password",
    )
    operator_wait_s: int = Field(
        default=60, ge=5, le=600, description="how long the fallback rings operators before the mailbox"
    )
    number: str = Field(default="800840840", pattern=r"^\+?[0-9]{3,15}$", description="the number citizens dial")
    max_calls: int = Field(
        default=500, ge=1, le=5000, validate_default=True, description="calls at once; each takes two RTP ports"
    )

    @field_validator("data", "cache")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        return path.expanduser().absolute()

    @field_validator("data")
    @classmethod
    def _short_enough(cls, path: Path) -> Path:
        if len(str(path).encode()) > LONGEST_DATA_PATH:
            raise ValueError(
                f"the path is longer than {LONGEST_DATA_PATH} bytes, too long for the sockets below it; move it up"
            )
        return path

    @field_validator("operators")
    @classmethod
    def _are_numbers(cls, operators: tuple[str, ...]) -> tuple[str, ...]:
        for number in operators:
            if not re.fullmatch(r"[0-9]{2,6}", number):
                raise ValueError(f"'{number}' is no number of an operator's phone: two to six digits")
        if len(set(operators)) < len(operators):
            raise ValueError("a number stands there twice")
        return operators

    @field_validator("max_calls")
    @classmethod
    def _ports_exist(cls, max_calls: int, others: ValidationInfo) -> int:
        last = Ports(others.data.get("first_port", 0), max_calls).rtp[1]
        if last > LAST_PORT:
            raise ValueError(
                f"from first_port {others.data['first_port']} on, {max_calls} calls need ports up to {last}, above {LAST_PORT};"
                " lower one of the two"
            )
        return max_calls

    @property
    def ports(self) -> Ports:
        """The ports that follow from both."""
        return Ports(self.first_port, self.max_calls)


class HomeAttachments(AttachmentSettings):
    """Attachments of the one-machine platform: their folder is below its data folder, unless it has a whole path."""

    folder: Path = Field(default=Path("attachments"), examples=["attachments"])


class Tree(BaseModel):
    """The part of the settings tree that the command line reads; each process reads its own part beside it."""

    up: UpSettings = UpSettings()
    hours: HoursSettings = HoursSettings()
    ivr: IvrSettings = IvrSettings()
    queue: QueueSettings = QueueSettings()
    smtp: SmtpSettings = SmtpSettings()
    terms: TermSettings = TermSettings()
    clock: ClockSettings = ClockSettings()
    retention: RetentionSettings = RetentionSettings()
    attachments: HomeAttachments = HomeAttachments()
    bucket: BucketSettings | None = None

    def kept_attachments(self) -> AttachmentSettings:
        """The settings of attachments, with the whole path of their folder."""
        return self.attachments.model_copy(update={"folder": self.up.data / self.attachments.folder})


@dataclass(frozen=True)
class Folders:
    """Where each thing lives below the data and the cache folder."""

    data: Path
    cache: Path

    @property
    def asterisk(self) -> Path:
        return self.data / "asterisk"

    @property
    def robot(self) -> Path:
        return self.data / "robot"

    @property
    def sounds(self) -> Path:
        return self.data / "sounds"

    @property
    def studio(self) -> Path:
        return self.data / "studio"

    @property
    def secrets(self) -> Path:
        return self.data / "secrets"

    @property
    def logs(self) -> Path:
        return self.data / "logs"

    @property
    def audio(self) -> Path:
        return self.data / "audio"

    @property
    def outbox(self) -> Path:
        return self.data / "outbox"

    @property
    def spool(self) -> Path:
        return self.asterisk / "spool"

    @property
    def postgres(self) -> Path:
        return self.data / "postgres"

    @property
    def postgres_socket(self) -> Path:
        return self.data / "run" / "postgres"

    @property
    def redis(self) -> Path:
        return self.data / "redis"

    @property
    def models(self) -> Path:
        return self.cache / "models"

    @property
    def prompts(self) -> Path:
        return self.cache / "prompts"
