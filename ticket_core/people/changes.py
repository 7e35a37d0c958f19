"""Changes to rows of offices and staff inside a transaction that the verbs of `service.py` hold."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from ticket_core import locks
from ticket_core.people.model import Office, OfficeRequester, Role, Staff
from ticket_core.people.rules import competence_fault
from ticket_core.people.store import OfficeRow, StaffRow


class PeopleError(Exception):
    """What was asked of offices, staff or tokens cannot be done: the text says why. Nothing was changed."""


class UnknownOffice(PeopleError):
    """No office has this id or name."""


class UnknownStaff(PeopleError):
    """No member of staff has this id or login."""


class UnknownToken(PeopleError):
    """No token has this id."""


class NotAccepted(PeopleError):
    """A value breaks a rule: the text is the rule, and never repeats a password."""


class Taken(PeopleError):
    """Somebody or something else has this login, name or competence already."""


class Inactive(PeopleError):
    """This member of staff does not work here any more."""


class LastAdministrator(PeopleError):
    """The last active administrator stays one: without any, nobody could let another in."""


async def one_at_a_time(session: AsyncSession) -> None:
    """Wait for whoever else changes who may do what: a rule that looks at several rows holds only if they stand still."""
    await locks.hold(session, locks.Lock.PEOPLE, "")


async def locked_staff(session: AsyncSession, staff_id: UUID) -> StaffRow:
    """Lock and return one member of staff. Raises `UnknownStaff`."""
    row = await session.get(StaffRow, staff_id, with_for_update=True)
    if row is None:
        raise UnknownStaff(f"no member of staff has the id {staff_id}")
    return row


async def locked_active(session: AsyncSession, staff_id: UUID) -> StaffRow:
    """The same, of somebody who works here. Raises `UnknownStaff` and `Inactive`."""
    row = await locked_staff(session, staff_id)
    if not row.active:
        raise Inactive(f"{row.login} does not work here any more: nothing was changed")
    return row


async def keep_an_administrator(session: AsyncSession, leaving: StaffRow) -> None:
    """Raise `LastAdministrator` when nobody else is one; call it under `one_at_a_time`."""
    if not (leaving.active and leaving.role is Role.ADMINISTRATOR):
        return
    others = (StaffRow.role == Role.ADMINISTRATOR) & StaffRow.active & (StaffRow.id != leaving.id)
    if not (await session.execute(select(func.count()).select_from(StaffRow).where(others))).scalar_one():
        raise LastAdministrator(f"{leaving.login} is the last active administrator: make somebody else one first")


async def check_office(session: AsyncSession, office_id: UUID) -> None:
    """Raise `UnknownOffice` unless it is there."""
    if await session.get(OfficeRow, office_id) is None:
        raise UnknownOffice(f"no office has the id {office_id}")


async def check_competence(session: AsyncSession, office: Office) -> None:
    """Raise `Taken` when another office is competent for one of its types; call it under `one_at_a_time`."""
    others = select(OfficeRow).where(OfficeRow.id != office.id).order_by(OfficeRow.name)
    fault = competence_fault(office, [row.value() for row in (await session.execute(others)).scalars()])
    if fault:
        raise Taken(fault)


def stored(types: frozenset[OfficeRequester]) -> list[str]:
    """Types of requesters as their column holds them."""
    return sorted(one.value for one in types)


def same_person(one: Staff, login: str, name: str, role: Role, office_id: UUID) -> bool:
    """Tell whether adding these again would change nothing."""
    return one.active and (one.login, one.name, one.role, one.office_id) == (login, name, role, office_id)


def accept(fault: str | None) -> None:
    """Raise `NotAccepted` with the sentence of a rule that is broken, if one is."""
    if fault:
        raise NotAccepted(fault)
