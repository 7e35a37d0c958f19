"""What the tests of letters share."""

from __future__ import annotations

from datetime import date
from uuid import UUID, uuid4

from foundation.clock import Clock
from foundation.database import Database
from tests.practices import CODES, COUNTING
from ticket_core.model import Audio
from ticket_core.replies.facts import Answer
from ticket_core.service import Practices

ANSWER = Answer(code="12345678903", name="Anna Verdi", received_on=date(2026, 11, 25), text="Sì: il muro è sicuro.")


async def a_practice(database: Database, clock: Clock) -> UUID:
    """The id of a practice for letters to refer to."""
    practices, message_id = Practices(database, clock, COUNTING, CODES), uuid4()
    await practices.open_message(message_id, uuid4(), "it", None, "recording")
    return (await practices.file_message(message_id, Audio("a.wav", 1.0, 1.0))).id
