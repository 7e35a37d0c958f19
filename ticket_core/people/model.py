"""What an office, a member of staff and a token are: frozen values, no I/O and no secrets."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

CONTACT_CENTER = UUID("8f2f7d0c-5b0e-4c52-9a55-0d3a84084084")
"""The office that every installation has: it answers citizens, and whoever no other office is competent for."""


class OfficeRequester(StrEnum):
    """Who is sent on to an office ("indirizza agli uffici competenti ... istituzioni, organizzazioni e imprese")."""

    INSTITUTION = "institution"
    ORGANISATION = "organisation"
    COMPANY = "company"


class Role(StrEnum):
    """What somebody is here for; what each may do is the table in `rules.py`."""

    OPERATOR = "operator"
    SUPERVISOR = "supervisor"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"


@dataclass(frozen=True)
class Office:
    """An office of the Department. `competent_for` is whose requests come to it; `email` is where it hears of them.

    One office is the Contact Center itself.
    """

    id: UUID
    name: str
    email: str | None
    competent_for: frozenset[OfficeRequester] = frozenset()
    contact_center: bool = False


@dataclass(frozen=True)
class Staff:
    """One member of staff. `login` is lower case, unique for ever, and the author in histories.

    Without a password nobody enters with this login; one that is not `active` does not either, and keeps its row.
    """

    id: UUID
    login: str
    name: str
    role: Role
    office_id: UUID
    active: bool
    has_password: bool
    created_at: datetime


@dataclass(frozen=True)
class Token:
    """What a program shows in place of a login and password, without its secret. It may what its holder's role may."""

    id: UUID
    staff_id: UUID
    name: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None


@dataclass(frozen=True)
class IssuedToken:
    """A new token. `plain` is shown to its holder this once; only its digest is kept."""

    token: Token
    plain: str = field(repr=False)


@dataclass(frozen=True)
class Bearer:
    """Who a token speaks for."""

    staff: Staff
    token: Token


class Refusal(StrEnum):
    """Why a login and password were not taken. For logs and audit: whoever tried hears `rules.REFUSED` whichever it was."""

    UNKNOWN = "unknown"
    INACTIVE = "inactive"
    NO_PASSWORD = "no_password"  # noqa: S105  a reason's name
    WRONG = "wrong"
    SLOWED = "slowed"
