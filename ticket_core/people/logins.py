"""The verbs about passwords: set one, check one."""

from __future__ import annotations

import asyncio
from uuid import UUID

from sqlalchemy import select, update

from foundation import logs
from foundation.clock import Clock
from foundation.database import Database
from ticket_core.people import passwords, rules
from ticket_core.people.changes import UnknownStaff, accept, locked_active
from ticket_core.people.model import Refusal, Staff
from ticket_core.people.store import StaffRow

log = logs.get(__name__)


class Logins:
    """An attempt is counted before it is judged, so that a hundred at once are no more than the five that are free."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def set_password(self, staff_id: UUID, password: str) -> None:
        """Give a new password, and forget failures. Raises `NotAccepted`, `UnknownStaff` and `Inactive`."""
        async with self._database.session() as session:
            row = await session.get(StaffRow, staff_id)
        if row is None:
            raise UnknownStaff(f"no member of staff has the id {staff_id}")
        accept(rules.password_fault(password, row.login))
        kept = await asyncio.to_thread(passwords.hashed, password)
        async with self._database.session() as session:
            row = await locked_active(session, staff_id)
            row.password_hash, row.failed_logins, row.locked_until = kept, 0, None
        log.info("password_set", staff_id=str(staff_id))

    async def check_password(self, login: str, password: str) -> Staff | Refusal:
        """Who this is, or why not. Every refusal takes the work of a password that is compared."""
        begun = await self._begin(rules.normal_login(login))
        kept = None if isinstance(begun, Refusal) else begun.password_hash
        right = await asyncio.to_thread(passwords.matches, kept, password)
        if isinstance(begun, Refusal):
            # No login here: people type their password into that field.
            log.info("login_refused", reason=begun.value)
            return begun
        if not right:
            log.info("login_refused", reason=Refusal.WRONG.value, staff_id=str(begun.id))
            return Refusal.WRONG
        return await self._enter(begun, password)

    async def _begin(self, login: str) -> StaffRow | Refusal:
        """Count an attempt as failed until it is not."""
        if not rules.LOGIN.fullmatch(login):
            return Refusal.UNKNOWN
        now = self._clock.now()
        async with self._database.session() as session:
            query = select(StaffRow).where(StaffRow.login == login).with_for_update()
            row = (await session.execute(query)).scalar_one_or_none()
            if row is None:
                return Refusal.UNKNOWN
            if not row.active:
                return Refusal.INACTIVE
            if row.password_hash is None:
                return Refusal.NO_PASSWORD
            if row.locked_until is not None and row.locked_until > now:
                return Refusal.SLOWED
            row.failed_logins += 1
            row.locked_until = rules.locked_until(row.failed_logins, now)
            return row

    async def _enter(self, row: StaffRow, password: str) -> Staff | Refusal:
        kept = row.password_hash
        assert kept is not None
        renewed = kept
        if passwords.is_outdated(kept):
            renewed = await asyncio.to_thread(passwords.hashed, password)
        # What was compared must still be what counts: the password or the person may have gone meanwhile.
        still = (StaffRow.id == row.id) & StaffRow.active & (StaffRow.password_hash == kept)
        values = {"failed_logins": 0, "locked_until": None, "password_hash": renewed}
        async with self._database.session() as session:
            query = update(StaffRow).where(still).values(values).returning(StaffRow)
            entered = (await session.execute(query)).scalar_one_or_none()
            return entered.value() if entered else Refusal.WRONG
