"""The verbs about the tokens of programs: issue, check, revoke."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from foundation import logs
from ticket_core.people import passwords, rules
from ticket_core.people.changes import UnknownToken, accept, locked_active
from ticket_core.people.logins import Logins
from ticket_core.people.model import Bearer, IssuedToken, Token
from ticket_core.people.store import StaffRow, TokenRow

log = logs.get(__name__)

# A program that asks a hundred times a second does not write as often.
_USE_NOTED_EVERY = timedelta(minutes=1)


class Tokens(Logins):
    """A token is kept as a digest: whoever reads the table cannot speak for anybody."""

    async def issue_token(self, staff_id: UUID, name: str, life: timedelta) -> IssuedToken:
        """Make a token that says what it is for in `name`. Raises `NotAccepted`, `UnknownStaff` and `Inactive`.

        Not repeatable: each call makes another token, and shows it this once.
        """
        accept(rules.name_fault(name) or rules.token_life_fault(life))
        plain, now = passwords.new_token(), self._clock.now()
        async with self._database.session() as session:
            await locked_active(session, staff_id)
            row = TokenRow(
                id=uuid4(),
                staff_id=staff_id,
                name=name,
                digest=passwords.digest(plain),
                created_at=now,
                expires_at=now + life,
            )
            session.add(row)
        log.info("token_issued", staff_id=str(staff_id), token_id=str(row.id))
        return IssuedToken(row.value(), plain)

    async def check_token(self, plain: str) -> Bearer | None:
        """Who a token speaks for; None for one that is unknown, expired, revoked, or whose holder is gone: all look the same."""
        if not plain.startswith(passwords.TOKEN_PREFIX):
            return None
        now = self._clock.now()
        query = (
            select(TokenRow, StaffRow)
            .join(StaffRow, StaffRow.id == TokenRow.staff_id)
            .where(TokenRow.digest == passwords.digest(plain), StaffRow.active)
            .where(TokenRow.revoked_at.is_(None), TokenRow.expires_at > now)
        )
        async with self._database.session() as session:
            found = (await session.execute(query)).one_or_none()
            if found is None:
                return None
            token, staff = found
            bearer = Bearer(staff.value(), token.value())
            await self._note_use(session, bearer.token.id)
            return bearer

    async def _note_use(self, session: AsyncSession, token_id: UUID) -> None:
        now = self._clock.now()
        used = TokenRow.last_used_at
        due = (TokenRow.id == token_id) & or_(used.is_(None), used <= now - _USE_NOTED_EVERY)
        await session.execute(update(TokenRow).where(due).values(last_used_at=now))

    async def revoke_token(self, token_id: UUID) -> Token:
        """From now on it speaks for nobody; again: nothing changes. Raises `UnknownToken`."""
        async with self._database.session() as session:
            row = await session.get(TokenRow, token_id, with_for_update=True)
            if row is None:
                raise UnknownToken(f"no token has the id {token_id}")
            if row.revoked_at is None:
                row.revoked_at = self._clock.now()
                log.info("token_revoked", staff_id=str(row.staff_id), token_id=str(token_id))
            return row.value()

    async def tokens(self, staff_id: UUID | None = None) -> Sequence[Token]:
        """Every token, or one person's, newest first; what is expired or revoked too."""
        query = select(TokenRow).order_by(TokenRow.created_at.desc(), TokenRow.id)
        if staff_id is not None:
            query = query.where(TokenRow.staff_id == staff_id)
        async with self._database.session() as session:
            return [row.value() for row in (await session.execute(query)).scalars()]
