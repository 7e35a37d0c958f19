"""`Replies`: the verbs that other rooms call to write letters to requesters. Each can be repeated without harm."""

from __future__ import annotations

from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from foundation import logs
from foundation.clock import Clock
from foundation.database import Database
from ticket_core.replies import rules
from ticket_core.replies.facts import Facts
from ticket_core.replies.model import Language, Letter, LetterState
from ticket_core.replies.store import OutgoingRow
from ticket_core.replies.templates import Templates, shipped
from ticket_core.replies.tending import Letters

log = logs.get(__name__)


class Replies(Letters):
    """Letters as rows. `Replies(database, clock)` checks every template; raises `TemplateBroken`. Other verbs in `Letters`."""

    def __init__(self, database: Database, clock: Clock, templates: Templates | None = None) -> None:
        super().__init__(database, clock)
        self._templates = templates or shipped()

    async def compose(
        self, practice_id: UUID, facts: Facts, language: Language, address: str, author: str, key: str
    ) -> Letter:
        """Write a letter of the kind that `facts` are of, and queue it, in a transaction of its own. Else as `compose_in`."""
        async with self._database.session() as session:
            return await self.compose_in(session, practice_id, facts, language, address, author, key)

    async def compose_in(
        self,
        session: AsyncSession,
        practice_id: UUID,
        facts: Facts,
        language: Language,
        address: str,
        author: str,
        key: str,
    ) -> Letter:
        """The same inside a caller's own transaction: the letter is there when, and only when, that one is committed.

        `key` names the occasion (`answer PRACTICE-ID 3`): the same key again returns the letter that there is, unchanged.
        Raises `LetterRefused`, before anything is written, for an address that cannot be written to and for a fact with a line
        break that must have none; `IntegrityError` for a practice that is not there.
        """
        text = self._templates.text(facts, language)
        now = self._clock.now()
        values = {
            "id": uuid4(),
            "practice_id": practice_id,
            "key": key,
            "kind": facts.kind,
            "language": language,
            "address": rules.checked_address(address),
            "subject": text.subject,
            "body": text.body,
            "state": LetterState.TO_SEND,
            "trying_since": now,
            "next_try_at": now,
            "made_at": now,
            "author": author,
        }
        query = insert(OutgoingRow).values(values).on_conflict_do_nothing(index_elements=["key"])
        made = (await session.execute(query.returning(OutgoingRow.id))).scalar_one_or_none()
        row = (await session.execute(select(OutgoingRow).where(OutgoingRow.key == key))).scalar_one()
        if made is not None:
            log.info("letter_composed", letter_id=str(made), practice_id=str(practice_id), kind=facts.kind.value)
        return row.value()
