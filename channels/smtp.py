"""One letter, one conversation with the mail server (RFC 5321), and what its answers mean."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import dataclass

from aiosmtplib import SMTP, SMTPException, SMTPResponseException

from channels.settings import SmtpSettings, TlsMode
from ticket_core.replies.rules import Stage, Verdict, verdict

GOODBYE_S = 2.0

PLACES = {
    Stage.SERVER: "the start (greeting, TLS or login)",
    Stage.SENDER: "our own address",
    Stage.RECIPIENT: "the recipient",
    Stage.CONTENT: "the letter",
}


@dataclass(frozen=True)
class Outcome:
    """What became of a try.

    `told` is the server's answer or what went wrong, for the letter's row: it may repeat the address. `gist` is the same for
    logs and checks, in our own words and numbers.
    """

    verdict: Verdict
    told: str
    gist: str


class Mailer:
    """Hands letters to the server of the settings. Raises `OSError` or `ssl.SSLError` for a file of certificates that is none."""

    def __init__(self, settings: SmtpSettings) -> None:
        self._settings = settings
        self._hello = settings.hello
        self._tls = None if settings.tls is TlsMode.NONE else ssl.create_default_context(cafile=settings.authority)

    async def send(self, recipient: str, message: bytes) -> Outcome:
        """One try. It ends within `letter_s`, whatever the server does; a server's failure is an outcome, never an error.

        A server that dies after it took the message and before it said so has perhaps sent it: nobody can know, the outcome is
        `retry`, and the letter is then sent a second time with the same Message-ID (RFC 5321, 4.5.4.1, prefers this to a loss).
        """
        client = self._client(await self._name())
        stage = Stage.SERVER
        try:
            async with asyncio.timeout(self._settings.letter_s):
                await client.connect()
                # Asks again after TLS; what it said before is not to be trusted (RFC 3207, 4.2).
                await client.ehlo()
                stage = Stage.SENDER
                size = [f"SIZE={len(message)}"] if client.supports_extension("size") else []
                await client.mail(self._settings.sender, options=size)
                stage = Stage.RECIPIENT
                await client.rcpt(recipient)
                stage = Stage.CONTENT
                answer = await client.data(message)
            await _goodbye(client.quit())
            return Outcome(Verdict.SENT, f"{answer.code} {answer.message}", f"{answer.code}")
        except (SMTPException, OSError, ValueError) as error:
            return _failed(stage, error)
        finally:
            client.close()

    async def _name(self) -> str:
        # Asked once: the name service may be slow to say that it does not know us.
        self._hello = self._hello or await asyncio.to_thread(socket.getfqdn)
        return self._hello

    def _client(self, hello: str) -> SMTP:
        own = self._settings
        return SMTP(
            hostname=own.host,
            port=own.port,
            username=own.user or None,
            password=own.password.get_secret_value() if own.user else None,
            local_hostname=hello,
            timeout=own.answer_s,
            use_tls=own.tls is TlsMode.TLS,
            start_tls=own.tls is TlsMode.STARTTLS,
            tls_context=self._tls,
        )


async def _goodbye(leaving: Awaitable[object]) -> None:
    """The letter is delivered: how the server says goodbye changes nothing."""
    with suppress(SMTPException, OSError):
        async with asyncio.timeout(GOODBYE_S):
            await leaving


def _failed(stage: Stage, error: Exception) -> Outcome:
    code, words = (error.code, error.message) if isinstance(error, SMTPResponseException) else (None, str(error))
    gist = f"{code or type(error).__name__} at {PLACES[stage]}"
    return Outcome(verdict(stage, code), f"{gist}: {words}".removesuffix(": "), gist)
