"""Pure decisions: what each role may do, which office answers whom, what a login and a password are like, how guessing slows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from ticket_core.people.model import Office, Role, Staff


class Permission(StrEnum):
    """One thing that not everybody may do. Those that begin with `read` change nothing."""

    READ_PRACTICES = "read practices"
    READ_AUDIO = "read audio"
    READ_FIGURES = "read figures"
    READ_PEOPLE = "read people"
    READ_AUDIT = "read audit"
    HANDLE_PRACTICES = "handle practices"
    ASSIGN_TO_OTHERS = "assign to others"
    DECLARE_EVENTS = "declare events"
    CHANGE_HOURS = "change hours"
    CHANGE_TEXTS = "change texts"
    RELEASE_OUTREACH = "release outreach"
    MANAGE_PEOPLE = "manage people"
    ERASE = "erase"


_P = Permission
_OPERATOR = frozenset({_P.READ_PRACTICES, _P.READ_AUDIO, _P.HANDLE_PRACTICES})
_SUPERVISOR = _OPERATOR | {
    _P.READ_FIGURES, _P.READ_PEOPLE, _P.ASSIGN_TO_OTHERS, _P.DECLARE_EVENTS, _P.CHANGE_HOURS, _P.CHANGE_TEXTS, _P.RELEASE_OUTREACH,
}  # fmt: skip

MAY: Mapping[Role, frozenset[Permission]] = {
    Role.OPERATOR: _OPERATOR,
    Role.SUPERVISOR: _SUPERVISOR,
    Role.ADMINISTRATOR: _SUPERVISOR | {_P.READ_AUDIT, _P.MANAGE_PEOPLE, _P.ERASE},
    # Whoever examines the others' work has none of its own.
    Role.AUDITOR: frozenset(one for one in _P if one.value.startswith("read ")),
}


class NotAllowed(Exception):
    """This role may not do this: the text says which may."""


def may(role: Role, what: Permission) -> bool:
    """Tell whether somebody of this role may do it."""
    return what in MAY[role]


def check_may(staff: Staff, what: Permission) -> None:
    """Raise `NotAllowed` unless this member of staff is active and of a role that may do it."""
    if not staff.active:
        raise NotAllowed(f"{staff.login} does not work here any more")
    if not may(staff.role, what):
        roles = ", ".join(role for role in Role if may(role, what))
        raise NotAllowed(f"{staff.login} is {staff.role} and may not {what}: that is for {roles}")


def competent_office(requester_type: str, offices: Iterable[Office]) -> Office:
    """The office that answers this type of requester: the one competent for it, else the Contact Center.

    "gestisce direttamente le richieste dei cittadini, mentre indirizza agli uffici competenti del Dipartimento le richieste e
    le segnalazioni di istituzioni, organizzazioni e imprese". Raises `ValueError` when the Contact Center is not among `offices`.
    """
    known = list(offices)
    competent = [office for office in known if requester_type in office.competent_for]
    own = [office for office in known if office.contact_center]
    if not own:
        raise ValueError("the Contact Center is not among the offices")
    return (competent or own)[0]


def competence_fault(office: Office, others: Iterable[Office]) -> str | None:
    """Why this office cannot be competent as it says, as a sentence: a type of requester has one office. None when it can."""
    for other in others:
        if both := sorted(office.competent_for & other.competent_for):
            return f"'{other.name}' is competent for {both[0]} already: take that away from there first"
    return None


LOGIN = re.compile(r"[a-z][a-z0-9._-]{1,63}")

NOT_PEOPLE = frozenset({
    "caller", "channels", "clock", "fallback", "guard", "ivr", "machine", "panel", "queue", "requester", "stream", "system",
    "voicemail", "voicemail_worker",
})  # fmt: skip
"""Authors in histories that are no member of staff; nobody may take their place."""


def normal_login(typed: str) -> str:
    """A login as it is kept, however it was typed."""
    return typed.strip().lower()


def login_fault(login: str) -> str | None:
    """Why this cannot be a new login, as a sentence; None when it can."""
    if not LOGIN.fullmatch(login):
        return (
            "a login is 2 to 64 of a-z, 0-9, dot, dash and underscore, and begins with a letter. Example: maria.rossi"
        )
    if login in NOT_PEOPLE:
        return f"{login} stands for a part of this software in histories: choose another login"
    return None


SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 256


def password_fault(password: str, login: str) -> str | None:
    """Why this cannot be a password, as a sentence that does not repeat it; None when it can."""
    if len(password) < SHORTEST_PASSWORD:
        return (
            f"a password has at least {SHORTEST_PASSWORD} characters: a few words that do not belong together do well"
        )
    if len(password) > LONGEST_PASSWORD:
        return f"a password has at most {LONGEST_PASSWORD} characters"
    if normal_login(password) == login:
        return "a password is not the login: everybody can see that"
    return None


REFUSED = "the login or the password is wrong, or was wrong too often: wait five minutes, then try again or ask an administrator"
"""What is said of every refusal, whatever its reason: who has a login here is nobody's business."""

FREE_FAILURES = 5
FIRST_DELAY = timedelta(seconds=30)
LONGEST_DELAY = timedelta(minutes=5)


def locked_until(failures: int, now: datetime) -> datetime | None:
    """Until when a login takes no password after this many failures in a row: twice as long each time, never for good.

    It slows and does not block: whoever knows a login could otherwise keep its owner out.
    """
    if failures < FREE_FAILURES:
        return None
    doublings = min(failures - FREE_FAILURES, 16)  # far beyond the cap, and no overflow
    return now + min(FIRST_DELAY * (1 << doublings), LONGEST_DELAY)


LONGEST_TOKEN = timedelta(days=366)
_LONGEST_NAME = 200


def token_life_fault(life: timedelta) -> str | None:
    """Why a token cannot live this long, as a sentence; None when it can."""
    if timedelta(0) < life <= LONGEST_TOKEN:
        return None
    return f"a token lives at most {LONGEST_TOKEN.days} days, and more than none: issue a new one in time"


def name_fault(name: str) -> str | None:
    """Why this cannot be the name of a person, an office or a token, as a sentence; None when it can."""
    if name == name.strip() and 0 < len(name) <= _LONGEST_NAME and name.isprintable():
        return None
    return f"a name is one line of 1 to {_LONGEST_NAME} characters, without spaces around it"


_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def email_fault(email: str) -> str | None:
    """Why this cannot be an e-mail address, as a sentence; None when it can."""
    if _ADDRESS.fullmatch(email) and email.isprintable():
        return None
    return "an e-mail address looks like office@example.org"


def office_fault(office: Office) -> str | None:
    """Why an office cannot be like this, as a sentence; None when it can."""
    return name_fault(office.name) or (email_fault(office.email) if office.email is not None else None)
