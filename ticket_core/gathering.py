"""`Gathering`: practices and their calls are put into an event, and one answer goes to all of them."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from foundation import logs
from ticket_core.casework import Casework
from ticket_core.edits import Edit
from ticket_core.events.belonging import unknown
from ticket_core.events.service import Events
from ticket_core.model import Practice
from ticket_core.service import Practices

log = logs.get(__name__)

PAGE = 200


@dataclass(frozen=True)
class Answered:
    """To how many practices of an event the answer went, and how many are left to people.

    Those wait, are answered, have no e-mail address, or left the event in that instant.
    """

    answered: int
    left: int


class Gathering:
    """What spans practices and events."""

    def __init__(self, practices: Practices, casework: Casework, events: Events) -> None:
        self._practices = practices
        self._casework = casework
        self._events = events

    async def put(self, practice_id: UUID, event_id: UUID, author: str, reason: str) -> Practice:
        """The practice belongs to the event, and so do the calls in which its messages were left.

        Raises `UnknownPractice`, `UnknownEvent`, and `IllegalEvent` for an event that is closed. Again: nothing changes.
        """
        messages = await self._practices.messages_of(practice_id)
        # The calls first: whether the event is open is judged there.
        await self._events.group_calls(event_id, {message.call_id: message.made_at for message in messages}, author)
        return await self._casework.correct(practice_id, Edit(event_id=event_id), author, reason)

    async def answer(self, event_id: UUID, text: str, author: str) -> Answered:
        """Answer every practice of an event that is received or in progress and has an e-mail address; the event may be closed.

        Each is a decision of its own: stopped half way and begun again, it goes on with those that are left. Raises `UnknownEvent`.
        """
        event = await self._events.event(event_id)
        if event is None:
            raise unknown(event_id)
        answered = left = 0
        after: UUID | None = None
        while page := await self._events.practices_of(event_id, after, PAGE):
            for practice_id in page:
                went = await self._casework.answer_event(practice_id, event, text, author)
                answered, left = answered + went, left + (not went)
            after = page[-1]
        if answered:
            await self._events.note_answer(event_id, answered, text, author)
        log.info("event_answered", event_id=str(event_id), answered=answered, left=left)
        return Answered(answered, left)
