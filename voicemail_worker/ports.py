"""What this room needs of others: an engine, the messages' verbs of `ticket_core`, news, a decoder."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from foundation.bus import News
from ticket_core.model import Message, Transcript
from voicemail_worker.model import Job, Outcome, Pcm


class Engine(Protocol):
    """Speech to text, with one model loaded."""

    def transcribe(self, samples: Pcm, rate: int, language: str) -> Transcript:
        """Read `samples` (16-bit, one channel, shape (n,), at `rate` Hz); words carry start and end in seconds."""
        ...


class Messages(Protocol):
    """The rows that wait for text: `ticket_core.service.Practices` is the real one.

    A verb that takes `worker` changes nothing and returns False when that worker no longer holds the message.
    """

    async def to_announce(self, limit: int) -> list[UUID]:
        """Messages that wait to be transcribed or whose worker's lease has run out."""
        ...

    async def claim(self, message_id: UUID, worker: str, lease_s: float) -> Message | None:
        """Take the message for `lease_s` seconds; None when it is done or another worker holds it."""
        ...

    async def extend_lease(self, message_id: UUID, worker: str, lease_s: float) -> bool:
        """Hold it for `lease_s` seconds from now."""
        ...

    async def transcribed(
        self, message_id: UUID, worker: str, transcript: Transcript, alarm_words: tuple[str, ...]
    ) -> bool:
        """Keep the text."""
        ...

    async def no_speech(self, message_id: UUID, worker: str) -> bool:
        """Nobody speaks in it."""
        ...

    async def unreadable(self, message_id: UUID, worker: str, reason: str) -> bool:
        """Its recording is not sound."""
        ...

    async def wait_for_model(self, message_id: UUID, worker: str) -> bool:
        """No model for its language is there; this was no attempt."""
        ...

    async def wake_waiting(self, language: str) -> int:
        """A model for `language` is there: how many messages were woken."""
        ...

    async def give_back(self, message_id: UUID, worker: str, attempted: bool) -> bool:
        """Somebody else, or the same worker later, may take it. `attempted`: it stopped a decoder, which counts."""
        ...

    async def failed(self, message_id: UUID, worker: str, reason: str) -> bool:
        """It killed the decoder too often: a person must look."""
        ...


class NewsBus(Protocol):
    """The stream that says which messages wait: `foundation.bus.Bus` is the real one. Any verb may raise."""

    async def publish(self, stream: str, fields: dict[str, str]) -> None:
        """Append to the stream."""
        ...

    async def join(self, stream: str, group: str) -> None:
        """Make the group where it is missing."""
        ...

    async def read(self, stream: str, group: str, consumer: str, block_s: float = 1.0) -> list[News]:
        """What is new for the group, waiting up to `block_s` seconds."""
        ...

    async def take_over(self, stream: str, group: str, consumer: str, idle_s: float) -> list[News]:
        """What another consumer left unfinished for `idle_s` seconds."""
        ...

    async def done(self, stream: str, group: str, entry: str) -> None:
        """Nobody reads the entry again."""
        ...


class Decoder(Protocol):
    """Turns a recording into an outcome, whatever the recording does to the process that reads it."""

    async def decode(self, job: Job, limit_s: float) -> Outcome:
        """Decode within `limit_s` seconds; cancelling it ends the work at once."""
        ...
