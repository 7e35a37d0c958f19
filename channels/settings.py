"""The part of the tree of settings that says how letters are sent."""

from __future__ import annotations

from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from foundation.settings import Part
from ticket_core.replies.rules import checked_address, in_header


class TlsMode(StrEnum):
    """How the connection to the mail server is protected. `starttls` never falls back to plain text."""

    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"


class SmtpSettings(Part):
    """The mail server that takes our letters. Every time is in seconds. Without a host letters wait."""

    host: str = Field(
        default="", pattern=r"^[A-Za-z0-9.:-]*$", examples=["mail.example.it"], description="empty: letters wait"
    )
    port: int = Field(default=587, ge=1, le=65535, description="587 with starttls, 465 with tls, 25 with none")
    tls: TlsMode = Field(default=TlsMode.STARTTLS, examples=["starttls"], description="none, starttls or tls")
    authority: Path | None = Field(
        default=None,
        examples=["/etc/ssl/our-own-ca.pem"],
        description="who signed the server's certificate; default: the system's list",
    )
    user: str = Field(default="", examples=["contactcenter"], description="empty: no login")
    password: SecretStr = Field(
        default=SecretStr(""),
        validate_default=True,
        examples=["/run/secrets/smtp"],
    )
    sender: str = Field(
        default="",
        validate_default=True,
        examples=["contactcenter@example.it"],
        description="the address letters come from",
    )
    sender_name: str = Field(default="Contact Center", min_length=1, max_length=60, examples=["Contact Center"])
    reply_to: str = Field(
        default="", examples=["richieste@example.it"], description="where answers go; empty: to the sender"
    )
    hello: str = Field(
        default="",
        pattern=r"^[A-Za-z0-9.:\[\]-]*$",
        examples=["centralino.example.it"],
        description="the name given in EHLO; empty: this machine's own",
    )
    answer_s: float = Field(default=60.0, gt=0, le=600, description="for each of the server's answers")
    letter_s: float = Field(default=180.0, gt=0, le=3600, description="for a whole letter; then its connection is cut")
    look_s: float = Field(default=2.0, gt=0, le=3600, description="how often letters that are due are looked for")
    away_s: float = Field(default=15.0, gt=0, le=3600, description="wait before a server that took nothing is asked")

    @field_validator("user")
    @classmethod
    def _is_not_overheard(cls, user: str, others: ValidationInfo) -> str:
        if user and others.data.get("tls") is TlsMode.NONE and not is_here(others.data.get("host", "")):
            raise ValueError("its password would travel in plain text; set CENTRALINO_SMTP__TLS=starttls, or no user")
        return user

    @field_validator("password")
    @classmethod
    def _is_there_for_a_user(cls, password: SecretStr, others: ValidationInfo) -> SecretStr:
        if others.data.get("user") and not password.get_secret_value():
            raise ValueError("a user needs a password")
        return password

    @field_validator("sender")
    @classmethod
    def _is_there_for_a_host(cls, address: str, others: ValidationInfo) -> str:
        if others.data.get("host") and not address:
            raise ValueError("letters need an address that they come from")
        return checked_address(address) if address else ""

    @field_validator("reply_to")
    @classmethod
    def _is_an_address(cls, address: str) -> str:
        return checked_address(address) if address else ""

    @field_validator("sender_name")
    @classmethod
    def _fits_in_a_header(cls, name: str) -> str:
        return in_header("the name", name)

    @property
    def domain(self) -> str:
        """The sender's domain, which Message-IDs end in."""
        return self.sender.rpartition("@")[2]


def is_here(host: str) -> bool:
    """Whether a connection to `host` stays on this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
