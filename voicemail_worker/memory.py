"""`ports.Messages` in memory, for tests of the worker: the promises of the real rows, held by one contract suite."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

from foundation.clock import Clock
from ticket_core.model import Message, MessageState, Transcript


@dataclass
class Row:
    """One message and what became of it."""

    message: Message
    state: MessageState = MessageState.TO_TRANSCRIBE
    attempts: int = 0
    worker: str | None = None
    lease_until: float = 0.0
    transcript: Transcript | None = None
    alarm_words: tuple[str, ...] = ()
    reason: str | None = None


class MemoryMessages:
    """Rows by id; `add` one that waits, then hand the whole to a `Worker`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.rows: dict[UUID, Row] = {}

    def add(self, message: Message) -> Row:
        """A message that waits to be transcribed."""
        return self.rows.setdefault(message.id, Row(message))

    def value(self, message_id: UUID) -> Message:
        """The message as a reader of the rows would see it."""
        row = self.rows[message_id]
        return replace(
            row.message,
            state=row.state,
            attempts=row.attempts,
            transcript=row.transcript,
            alarm_words=row.alarm_words,
            reason=row.reason,
        )

    async def to_announce(self, limit: int) -> list[UUID]:
        return [message_id for message_id, row in self.rows.items() if self._is_free(row)][:limit]

    async def claim(self, message_id: UUID, worker: str, lease_s: float) -> Message | None:
        row = self.rows.get(message_id)
        if row is None or not self._is_free(row):
            return None
        row.state, row.worker, row.attempts = MessageState.TRANSCRIBING, worker, row.attempts + 1
        row.lease_until = self._clock.monotonic() + lease_s
        return replace(row.message, attempts=row.attempts)

    async def extend_lease(self, message_id: UUID, worker: str, lease_s: float) -> bool:
        row = self._held(message_id, worker)
        if row is not None:
            row.lease_until = self._clock.monotonic() + lease_s
        return row is not None

    async def transcribed(
        self, message_id: UUID, worker: str, transcript: Transcript, alarm_words: tuple[str, ...]
    ) -> bool:
        row = self._held(message_id, worker)
        if row is not None:
            row.transcript, row.alarm_words = transcript, alarm_words
        return self._move(row, MessageState.TRANSCRIBED)

    async def no_speech(self, message_id: UUID, worker: str) -> bool:
        return self._move(self._held(message_id, worker), MessageState.NO_SPEECH)

    async def unreadable(self, message_id: UUID, worker: str, reason: str) -> bool:
        return self._move(self._held(message_id, worker), MessageState.UNREADABLE, reason)

    async def wait_for_model(self, message_id: UUID, worker: str) -> bool:
        return self._move(self._held(message_id, worker), MessageState.WAITING_FOR_MODEL, attempted=False)

    async def wake_waiting(self, language: str) -> int:
        waiting = [row for row in self.rows.values() if row.state == MessageState.WAITING_FOR_MODEL]
        return sum(self._move(row, MessageState.TO_TRANSCRIBE) for row in waiting if row.message.language == language)

    async def give_back(self, message_id: UUID, worker: str, attempted: bool) -> bool:
        return self._move(self._held(message_id, worker), MessageState.TO_TRANSCRIBE, attempted=attempted)

    async def failed(self, message_id: UUID, worker: str, reason: str) -> bool:
        return self._move(self._held(message_id, worker), MessageState.FAILED, reason)

    def _is_free(self, row: Row) -> bool:
        lapsed = row.state == MessageState.TRANSCRIBING and row.lease_until <= self._clock.monotonic()
        return row.state == MessageState.TO_TRANSCRIBE or lapsed

    def _held(self, message_id: UUID, worker: str) -> Row | None:
        row = self.rows.get(message_id)
        return row if row is not None and row.state == MessageState.TRANSCRIBING and row.worker == worker else None

    def _move(self, row: Row | None, state: MessageState, reason: str | None = None, attempted: bool = True) -> bool:
        if row is None:
            return False
        row.attempts -= not attempted
        row.state, row.worker, row.reason = state, None, reason
        return True
