"""A real SMTP server (aiosmtpd) on loopback, whose answers a test chooses."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

OK = "250 OK"
PASSWORD = "geheim-è"

Answer = Callable[[SMTP], Awaitable[str]]


@dataclass
class Mailbox:
    """What a server took, and what it says. `to_recipient` and `to_letter` are called with the connection's server."""

    raw: list[bytes] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    over_tls: list[bool] = field(default_factory=list)
    to_recipient: Answer | None = None
    to_letter: Answer | None = None
    port: int = 0

    def letters(self) -> list[EmailMessage]:
        """The messages it took, read as a mail program would. (No property: aiosmtpd looks at each of ours at every connection.)"""
        return [message_from_bytes(raw, _class=EmailMessage, policy=default) for raw in self.raw]

    # What aiosmtpd calls.

    async def handle_RCPT(self, server: SMTP, _: Session, envelope: Envelope, address: str, __: list[str]) -> str:
        answer = await self.to_recipient(server) if self.to_recipient else OK
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        self.raw.append(envelope.content)
        self.recipients += envelope.rcpt_tos
        self.over_tls.append(session.ssl is not None)
        return await self.to_letter(server) if self.to_letter else OK

    def authenticate(self, _: SMTP, __: Session, ___: Envelope, ____: str, login: Any) -> AuthResult:
        assert isinstance(login, LoginPassword)
        good = login.password == PASSWORD.encode()
        self.logins += [login.login.decode()] if good else []
        return AuthResult(success=good)


def answering(*answers: str) -> Answer:
    """These answers in turn, the last one from then on."""
    left = list(answers)

    async def answer(_: SMTP) -> str:
        return left.pop(0) if len(left) > 1 else left[0]

    return answer


async def hang_up(server: SMTP) -> str:
    """Die without a word."""
    server.transport.abort()
    return OK


@asynccontextmanager
async def serving(
    mailbox: Mailbox, certificate: Path | None = None, port: int = 0, at_once: bool = False, login: bool = False
) -> AsyncIterator[Mailbox]:
    """Serve on `mailbox.port`: STARTTLS is demanded with a certificate, or TLS from the first byte (`at_once`)."""
    tls = None
    if certificate is not None:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(certificate)

    def protocol() -> SMTP:
        return SMTP(
            mailbox,
            hostname="localhost",
            tls_context=None if at_once else tls,
            require_starttls=tls is not None and not at_once,
            auth_required=login,
            auth_require_tls=not at_once,
            authenticator=mailbox.authenticate if login else None,
            loop=asyncio.get_running_loop(),
        )

    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", port, ssl=tls if at_once else None)
    mailbox.port = server.sockets[0].getsockname()[1]
    try:
        yield mailbox
    finally:
        server.close()
        await server.wait_closed()


def make_certificate(folder: Path) -> Path:
    """A certificate for 127.0.0.1 that is its own authority, with its key, in one file."""
    key, cert, both = folder / "key.pem", folder / "cert.pem", folder / "both.pem"
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", cert,
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    both.write_bytes(key.read_bytes() + cert.read_bytes())
    return both
