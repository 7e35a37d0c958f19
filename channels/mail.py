"""A letter as the message that goes over the wire."""

from __future__ import annotations

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from typing import Any

from channels.settings import SmtpSettings
from ticket_core.replies.model import WRITTEN_BY_A_PERSON, Letter
from ticket_core.replies.rules import checked_address, in_header


class _Policy(EmailPolicy):
    """Python's own, without a first line that is empty: mail programs show a subject folded so with a space in front."""

    def fold_binary(self, name: str, value: Any) -> bytes:
        head = f"{name}:".encode("ascii")
        return super().fold_binary(name, value).replace(head + b"\r\n ", head + b" ", 1)


POLICY = _Policy(linesep="\r\n")


def written(address: str, subject: str, body: str, settings: SmtpSettings, at: datetime) -> EmailMessage:
    """A message of ours to one address. Raises `LetterRefused` for an address or a subject that may not stand in a header.

    `at` is an aware instant, for Date. Its lines are 7-bit and end in CRLF: every server takes it as it is.
    """
    made = EmailMessage(policy=POLICY)
    made["From"] = Address(settings.sender_name, addr_spec=settings.sender)
    made["To"] = Address(addr_spec=checked_address(address))
    if settings.reply_to:
        made["Reply-To"] = Address(addr_spec=settings.reply_to)
    made["Subject"] = in_header("the subject", subject)
    made["Date"] = format_datetime(at)
    made.set_content(body, charset="utf-8", cte="quoted-printable")
    return made


def message(letter: Letter, settings: SmtpSettings, at: datetime) -> bytes:
    """A letter that a sender has claimed, as `written`.

    Its Message-ID is the row's: sent again after a crash it carries the same one, and a mailbox or a person can see that it is the
    same. Its only recipient is the letter's: no header could add another one.
    """
    made = written(letter.address, letter.subject, letter.body, settings, at)
    if letter.message_id:
        made["Message-ID"] = letter.message_id
    made["Content-Language"] = letter.language.value
    if letter.kind not in WRITTEN_BY_A_PERSON:
        # RFC 3834: out-of-office programs do not answer what says this of itself.
        made["Auto-Submitted"] = "auto-generated"
    return made.as_bytes()
