"""Pure decisions about letters: when to try again, what an SMTP reply means, what may stand in a header, dates in words."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, timedelta
from enum import StrEnum

from ticket_core.replies.model import Language

RETRY_AFTER = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=8),
)
"""How long to wait after the first try, the second, and so on; the last one from then on."""

GIVE_UP_AFTER = timedelta(days=5)
"""RFC 5321, 4.5.4.1: "the give-up time generally needs to be at least 4-5 days"."""

SERVER_AWAY_RETRY = timedelta(minutes=1)
"""While our own mail server serves nobody it is no letter's fault: all are tried again soon after it is back."""

LONGEST_ADDRESS, LONGEST_LOCAL_PART = 254, 64  # RFC 5321, 4.5.3.1 (a path of 256 with its brackets)
TOO_BIG = 552

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL_PART = re.compile(rf"{_ATOM}(\.{_ATOM})*")
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"({_LABEL}\.)+(?!\d+$){_LABEL}")

MONTHS = {
    Language.IT: (
        "gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno", "luglio", "agosto", "settembre", "ottobre", "novembre", "dicembre",
    ),
    Language.EN: (
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
    ),
}  # fmt: skip


class LetterRefused(ValueError):
    """The letter cannot be made: the text says which part of it and why, without the part itself. Nothing was written."""


class Stage(StrEnum):
    """How far a conversation with the mail server had come."""

    SERVER = "server"
    SENDER = "sender"
    RECIPIENT = "recipient"
    CONTENT = "content"


class Verdict(StrEnum):
    """What becomes of a letter after a try. `server_away`: nothing was said about this letter, the server takes none."""

    SENT = "sent"
    RETRY = "retry"
    FINAL = "final"
    SERVER_AWAY = "server_away"


def verdict(stage: Stage, code: int | None) -> Verdict:
    """What a failed conversation means. `code` is the server's reply, None when it gave none (no connection, time-out).

    Only a 5xx about this letter's recipient or content is final: one at the greeting, at TLS, at the login or about our own
    sender's address is a fault of our settings, and must not kill every letter there is.
    """
    if stage is Stage.SERVER:
        return Verdict.SERVER_AWAY
    about_this_letter = stage in (Stage.RECIPIENT, Stage.CONTENT) or code == TOO_BIG
    return Verdict.FINAL if about_this_letter and code is not None and 500 <= code <= 599 else Verdict.RETRY


def next_try(attempts: int, trying_since: datetime, now: datetime) -> datetime | None:
    """When a letter that has failed `attempts` times is tried again; None: it is dead, for that would be after five days."""
    return _within_five_days(now + RETRY_AFTER[min(max(attempts, 1), len(RETRY_AFTER)) - 1], trying_since)


def next_try_of_server(trying_since: datetime, now: datetime) -> datetime | None:
    """The same for a letter that the server did not even hear of."""
    return _within_five_days(now + SERVER_AWAY_RETRY, trying_since)


def _within_five_days(at: datetime, trying_since: datetime) -> datetime | None:
    return at if at <= trying_since + GIVE_UP_AFTER else None


def checked_address(address: str) -> str:
    """The address as it is written to, its domain in ASCII and lower case. Raises `LetterRefused`.

    What is taken: letters and digits of ASCII, dots and the usual signs before the @, a domain of at least two labels after it
    (RFC 5321's dot-string; its quoted form, and letters beyond ASCII before the @, are not).
    """
    local, at, domain = address.strip().rpartition("@")
    try:
        domain = domain.encode("idna").decode("ascii").lower()
    except UnicodeError:
        domain = ""
    whole = f"{local}@{domain}"
    fits = len(local) <= LONGEST_LOCAL_PART and len(whole) <= LONGEST_ADDRESS
    if not (at and fits and _LOCAL_PART.fullmatch(local) and _DOMAIN.fullmatch(domain)):
        raise LetterRefused("the e-mail address is none that can be written to. Example: nome.cognome@example.org")
    return whole


def in_header(what: str, value: str) -> str:
    """`value` when it may stand in a header. Raises `LetterRefused` naming `what`.

    It is one line, and does not hold the beginning of an encoded word (RFC 2047), as which a mail program would read on.
    """
    if "=?" in value:
        raise LetterRefused(f"{what} holds the signs =? which mean something else in a header: leave them out")
    return one_line(what, value)


def one_line(what: str, value: str) -> str:
    """`value` when it has no line break and no other control character. Raises `LetterRefused` naming `what`."""
    if any(unicodedata.category(letter) in {"Cc", "Zl", "Zp", "Cs"} for letter in value):
        raise LetterRefused(f"{what} holds a line break or a control character: it must be one line")
    return value.strip()


def many_lines(value: str) -> str:
    """`value` with `\\n` line ends, without control characters and without empty lines around it."""
    lines = re.sub(r"\r\n?|[\u0085\u2028\u2029]", "\n", value)
    return "".join(
        letter for letter in lines if letter in "\n\t" or unicodedata.category(letter) not in {"Cc", "Cs"}
    ).strip()


def in_words(day: date, language: Language) -> str:
    """`26 novembre 2026`, `1º dicembre 2026`, `26 November 2026`."""
    number = "1º" if language is Language.IT and day.day == 1 else str(day.day)
    return f"{number} {MONTHS[language][day.month - 1]} {day.year}"
