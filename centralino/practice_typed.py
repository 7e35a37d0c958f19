"""What is typed at the commands about practices, made values; what cannot be is refused in one sentence, before anything is looked up."""

from __future__ import annotations

import getpass
import sys
from datetime import UTC, date, datetime, time
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

from dialplan.numbers import caller_number
from ticket_core.codes import is_well_formed, normalise
from ticket_core.intake import LONGEST_TEXT
from ticket_core.people.rules import login_fault, normal_login
from ticket_core.replies.rules import LetterRefused, checked_address, in_header, many_lines


class Refused(Exception):
    """What was asked of a practice cannot be done: the text says why, and what to do. Nothing was written."""


def meant(typed: str) -> UUID | str:
    """The id or the code that was typed. Raises `Refused` for a code with a typing error: nothing is looked up then."""
    try:
        return UUID(typed.strip())
    except ValueError:
        code = normalise(typed)
    if not is_well_formed(code):
        raise Refused(f"'{typed}' is no practice's code: it is mistyped, or not its eleven digits. Look at it again.")
    return code


def signed(author: str) -> str:
    """The author for the history. Raises `Refused` for one that no member of staff could have."""
    try:
        login = normal_login(author or getpass.getuser())
    except (OSError, KeyError):
        raise Refused("this machine does not say who you are: give --author, as --author maria.rossi") from None
    fault = login_fault(login)
    if fault:
        raise Refused(f"'{login}' cannot stand in a history: {fault}. Give another one with --author")
    return login


def line_of(what: str, typed: str) -> str:
    """One line of words. Raises `Refused`."""
    try:
        return in_header(what, typed)
    except LetterRefused as error:
        raise Refused(str(error)) from None


def reason_of(typed: str) -> str:
    """One line that is not empty. Raises `Refused`."""
    reason = line_of("the reason", typed)
    if not reason:
        raise Refused("the reason is empty: say why, it is kept in the history")
    return reason


def email_of(typed: str) -> str | None:
    """An address that can be written to; None for nothing. Raises `Refused`."""
    try:
        return checked_address(typed) if typed else None
    except LetterRefused as error:
        raise Refused(str(error)) from None


def number_of(typed: str) -> str | None:
    """A telephone or fax number in E.164; None for nothing. Raises `Refused`."""
    number = caller_number(typed) if typed else None
    if typed and number is None:
        raise Refused(f"'{typed}' is no telephone number. Example: +390612345678")
    return number


def language_of(typed: str) -> str:
    """A language's code. Raises `Refused`."""
    language = typed.strip().lower()
    if not (language.isascii() and language.isalpha() and len(language) in (2, 3)):
        raise Refused(f"'{typed}' is no language's code. Examples: it, en, fr")
    return language


def text_of(source: str) -> str:
    """The text in a file, or on standard input where `source` is `-`. Raises `Refused`."""
    try:
        raw = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
        text = many_lines(raw.decode("utf-8-sig"))
    except OSError as error:
        raise Refused(f"the text in {source} cannot be read: {error.strerror}. `-` reads standard input") from None
    except UnicodeDecodeError:
        raise Refused("the text is not UTF-8: save it again as UTF-8") from None
    if len(text) > LONGEST_TEXT:
        raise Refused(f"the text has {len(text)} characters, and at most {LONGEST_TEXT} are taken: attach it as a file")
    return text


def day_of(typed: str) -> date:
    """A date. Raises `Refused`."""
    try:
        return date.fromisoformat(typed)
    except ValueError:
        raise Refused(f"'{typed}' is no date. Example: 2026-12-24") from None


def instant_of(typed: str, zone: ZoneInfo, of_a_day: time = time(23, 59)) -> datetime:
    """A local time; of a date alone its last minute, or another time `of_a_day`. Raises `Refused`."""
    try:
        if len(typed) == len("2026-12-24"):
            at = datetime.combine(date.fromisoformat(typed), of_a_day, zone)
        else:
            at = datetime.fromisoformat(typed)
        # Years at the ends of the calendar have no instant in UTC.
        return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Refused(f"'{typed}' is no time. Examples: 2026-12-24, 2026-12-24T09:30") from None


def past_instant_of(typed: str, zone: ZoneInfo, now: datetime) -> datetime:
    """A local time that is not to come; of a date alone its noon, or now where that is sooner. Raises `Refused`."""
    at = instant_of(typed, zone, time(12))
    if at > now and at.astimezone(zone).date() == now.astimezone(zone).date() and "T" not in typed:
        return now
    if at > now:
        raise Refused(f"{typed} is still to come: nothing can have been received then")
    return at
