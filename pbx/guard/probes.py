"""Three ways to ask the PBX whether it lives: its manager, its REST, its SIP. Deadlocks have been seen that leave one of them answering."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable
from time import monotonic
from uuid import uuid4

from pbx.guard.ami import AmiAway, AmiSilent
from pbx.guard.model import Answer, Probe
from pbx.settings import PbxSettings

# The PBX knows this address of the loopback as ours (pjsip.conf): asking it is no attack.
ASKS_FROM = "127.0.0.9"
MOST_BYTES = 2**24


class NoAnswer(Exception):
    """What came was an error, or not of the PBX: the text says what."""


async def ask(probe: Probe, question: Callable[[], Awaitable[None]], timeout_s: float) -> Answer:
    """Put one question; never raises for what the PBX does."""
    begun = monotonic()
    wrong, silent = "", False
    try:
        await asyncio.wait_for(question(), timeout_s)
    except (TimeoutError, AmiSilent):
        wrong, silent = f"no answer in {timeout_s:g} s", True
    except (NoAnswer, AmiAway, OSError) as error:
        wrong = str(error) or type(error).__name__
    return Answer(probe, monotonic() - begun, wrong, silent)


def ari(settings: PbxSettings) -> Callable[[], Awaitable[None]]:
    """`GET /ari/channels`, read to its end: it takes the locks that a deadlock holds."""
    host, _, port = settings.ari_address.rpartition(":")
    secret = f"{settings.ari_user}:{settings.ari_password.get_secret_value()}".encode()
    request = (
        f"GET /ari/channels HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n"
        f"Authorization: Basic {base64.b64encode(secret).decode()}\r\n\r\n"
    )

    async def question() -> None:
        reader, writer = await asyncio.open_connection(host, int(port))
        try:
            writer.write(request.encode())
            status = (await reader.readline()).decode(errors="replace").split()
            if status[1:2] != ["200"]:
                raise NoAnswer(f"ARI answered {' '.join(status[1:]) or 'nothing'}")
            while len(await reader.read(MOST_BYTES)):
                pass
        except ValueError:
            raise NoAnswer("ARI answered a line without an end") from None
        finally:
            writer.close()

    return question


def sip(host: str, port: int) -> Callable[[], Awaitable[None]]:
    """OPTIONS (RFC 3261, 11): any response counts, since only a living SIP stack sends one."""

    async def question() -> None:
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[None] = loop.create_future()
        transport, _ = await loop.create_datagram_endpoint(lambda: _Ear(answered), (ASKS_FROM, 0), (host, port))
        try:
            transport.sendto(_options(host, port, transport.get_extra_info("sockname")[1]))
            await answered
        finally:
            transport.close()

    return question


class _Ear(asyncio.DatagramProtocol):
    def __init__(self, answered: asyncio.Future[None]) -> None:
        self._answered = answered

    def datagram_received(self, data: bytes, addr: object) -> None:
        if data.startswith(b"SIP/2.0 ") and not self._answered.done():
            self._answered.set_result(None)

    def error_received(self, exc: Exception) -> None:
        if not self._answered.done():
            self._answered.set_exception(exc)


def _options(host: str, port: int, own_port: int) -> bytes:
    me, name = f"{ASKS_FROM}:{own_port}", uuid4().hex
    lines = (
        f"OPTIONS sip:{host}:{port} SIP/2.0",
        f"Via: SIP/2.0/UDP {me};branch=z9hG4bK{name};rport",
        "Max-Forwards: 1",
        f"From: <sip:guard@{me}>;tag={name[:8]}",
        f"To: <sip:{host}:{port}>",
        f"Call-ID: {name}",
        "CSeq: 1 OPTIONS",
        f"Contact: <sip:guard@{me}>",
        "Content-Length: 0",
    )
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
