"""`People`: the verbs about offices and staff that other rooms call. Each is one transaction.

Nothing here looks at who asks: whoever calls has asked `rules.check_may`, and writes the audit.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID, uuid4

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from foundation import logs
from ticket_core.people import rules
from ticket_core.people.changes import (
    Taken,
    UnknownOffice,
    accept,
    check_competence,
    check_office,
    keep_an_administrator,
    locked_active,
    locked_staff,
    one_at_a_time,
    same_person,
    stored,
)
from ticket_core.people.model import CONTACT_CENTER, Office, OfficeRequester, Role, Staff
from ticket_core.people.store import OfficeRow, StaffRow, TokenRow
from ticket_core.people.tokens import Tokens

log = logs.get(__name__)


class People(Tokens):
    """Offices and staff. `People(database, clock)`; the verbs about passwords in `Logins`, about tokens in `Tokens`."""

    # -- offices

    async def offices(self) -> Sequence[Office]:
        """Every office, the Contact Center first, then by name."""
        query = select(OfficeRow).order_by(OfficeRow.contact_center.desc(), OfficeRow.name)
        async with self._database.session() as session:
            return [row.value() for row in (await session.execute(query)).scalars()]

    async def office(self, office_id: UUID) -> Office | None:
        """One office."""
        async with self._database.session() as session:
            row = await session.get(OfficeRow, office_id)
            return row.value() if row else None

    async def competent_office(self, requester_type: str) -> Office:
        """The office that answers this type of requester (see `rules.competent_office`)."""
        return rules.competent_office(requester_type, await self.offices())

    async def add_office(
        self, name: str, email: str | None = None, competent_for: frozenset[OfficeRequester] = frozenset()
    ) -> Office:
        """Open an office. The same again: nothing changes. Raises `NotAccepted` and `Taken`."""
        office = Office(uuid4(), name, email, competent_for)
        accept(rules.office_fault(office))
        async with self._database.session() as session:
            await one_at_a_time(session)
            there = (await session.execute(select(OfficeRow).where(OfficeRow.name == name))).scalar_one_or_none()
            if there is not None:
                if (there.email, frozenset(there.competent_for)) != (email, competent_for):
                    raise Taken(f"there is an office '{name}' already: change it, or choose another name")
                return there.value()
            await check_competence(session, office)
            session.add(OfficeRow(id=office.id, name=name, email=email, competent_for=stored(competent_for)))
        return office

    async def change_office(self, office: Office) -> Office:
        """Give an office this name, e-mail and competence. Raises `UnknownOffice`, `NotAccepted` and `Taken`."""
        accept(rules.office_fault(office))
        async with self._database.session() as session:
            await one_at_a_time(session)
            row = await session.get(OfficeRow, office.id)
            if row is None:
                raise UnknownOffice(f"no office has the id {office.id}")
            same_name = select(OfficeRow.id).where(OfficeRow.name == office.name, OfficeRow.id != office.id)
            if (await session.execute(same_name)).scalar_one_or_none() is not None:
                raise Taken(f"there is another office '{office.name}': choose another name")
            await check_competence(session, office)
            row.name, row.email, row.competent_for = office.name, office.email, stored(office.competent_for)
            return row.value()

    # -- staff

    async def everybody(self, office_id: UUID | None = None) -> Sequence[Staff]:
        """Every member of staff, or one office's, by login; who is gone too."""
        query = select(StaffRow).order_by(StaffRow.login)
        if office_id is not None:
            query = query.where(StaffRow.office_id == office_id)
        async with self._database.session() as session:
            return [row.value() for row in (await session.execute(query)).scalars()]

    async def staff(self, staff_id: UUID) -> Staff | None:
        """One member of staff."""
        async with self._database.session() as session:
            row = await session.get(StaffRow, staff_id)
            return row.value() if row else None

    async def by_login(self, login: str) -> Staff | None:
        """The member of staff with this login, in upper or lower case."""
        login = rules.normal_login(login)
        if not rules.LOGIN.fullmatch(login):
            return None
        async with self._database.session() as session:
            row = (await session.execute(select(StaffRow).where(StaffRow.login == login))).scalar_one_or_none()
            return row.value() if row else None

    async def add_staff(self, login: str, name: str, role: Role, office_id: UUID = CONTACT_CENTER) -> Staff:
        """Let somebody in, without a password yet. The same again: nothing changes.

        Raises `NotAccepted`, `UnknownOffice` and `Taken`.
        """
        login = rules.normal_login(login)
        accept(rules.login_fault(login) or rules.name_fault(name))
        values = {
            "id": uuid4(),
            "login": login,
            "name": name,
            "role": role,
            "office_id": office_id,
            "created_at": self._clock.now(),
        }
        async with self._database.session() as session:
            await check_office(session, office_id)
            made = insert(StaffRow).values(values).on_conflict_do_nothing(index_elements=["login"]).returning(StaffRow)
            row = (await session.execute(made)).scalar_one_or_none()
            if row is None:
                row = (await session.execute(select(StaffRow).where(StaffRow.login == login))).scalar_one()
                if not same_person(row.value(), login, name, role, office_id):
                    raise Taken(f"{login} is somebody's login already, and stays theirs: choose another")
            return row.value()

    async def change_role(self, staff_id: UUID, role: Role) -> Staff:
        """Give somebody another role. Raises `UnknownStaff`, `Inactive` and `LastAdministrator`."""
        async with self._database.session() as session:
            await one_at_a_time(session)
            row = await locked_active(session, staff_id)
            if role is not row.role:
                await keep_an_administrator(session, row)
                row.role = role
                log.info("role_changed", staff_id=str(staff_id), role=role.value)
            return row.value()

    async def move(self, staff_id: UUID, office_id: UUID) -> Staff:
        """Put somebody into another office. Raises `UnknownStaff`, `Inactive` and `UnknownOffice`."""
        async with self._database.session() as session:
            await check_office(session, office_id)
            row = await locked_active(session, staff_id)
            row.office_id = office_id
            return row.value()

    async def deactivate(self, staff_id: UUID) -> Staff:
        """Let somebody in no more; their tokens die with it. Again: nothing changes. Raises `UnknownStaff`, `LastAdministrator`."""
        async with self._database.session() as session:
            await one_at_a_time(session)
            row = await locked_staff(session, staff_id)
            await keep_an_administrator(session, row)
            row.active = False
            alive = (TokenRow.staff_id == staff_id) & TokenRow.revoked_at.is_(None)
            await session.execute(update(TokenRow).where(alive).values(revoked_at=self._clock.now()))
            log.info("staff_deactivated", staff_id=str(staff_id))
            return row.value()

    async def activate(self, staff_id: UUID) -> Staff:
        """Let somebody in again, with the role they had and no password or token. Again: nothing changes. Raises `UnknownStaff`."""
        async with self._database.session() as session:
            row = await locked_staff(session, staff_id)
            if not row.active:
                row.active, row.password_hash, row.failed_logins, row.locked_until = True, None, 0, None
                log.info("staff_activated", staff_id=str(staff_id))
            return row.value()
