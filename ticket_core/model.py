"""What a practice and a voice message are: frozen values, no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID


class Channel(StrEnum):
    """How a request came in ("telefono, modulo online, Pec, fax e lettera")."""

    PHONE_CALL = "phone_call"
    VOICE_MESSAGE = "voice_message"
    WEB_FORM = "web_form"
    EMAIL = "email"
    PEC = "pec"
    FAX = "fax"
    LETTER = "letter"


class Kind(StrEnum):
    """What is asked ("informazioni ... segnalazioni e proposte"). A voice message has none until a person heard it."""

    INFORMATION = "information"
    REPORT = "report"
    PROPOSAL = "proposal"


class PracticeState(StrEnum):
    """Where a practice stands; the steps between states are in `states.py`."""

    RECEIVED = "received"
    IN_PROGRESS = "in_progress"
    AWAITING_ADMINISTRATION = "awaiting_administration"
    AWAITING_DOCUMENTS = "awaiting_documents"
    ANSWERED = "answered"
    CLOSED = "closed"


class Closure(StrEnum):
    """Why a practice was closed."""

    ANSWERED = "answered"
    MISSING_DOCUMENTS = "missing_documents"
    NO_REPLY_ADDRESS = "no_reply_address"
    NO_CONTENT = "no_content"
    DUPLICATE = "duplicate"
    OUT_OF_SCOPE = "out_of_scope"
    WITHDRAWN = "withdrawn"


class MessageState(StrEnum):
    """Where a voice message stands; the steps between states are in `states.py`."""

    RECORDING = "recording"
    ABANDONED = "abandoned"
    TO_TRANSCRIBE = "to_transcribe"
    TRANSCRIBING = "transcribing"
    WAITING_FOR_MODEL = "waiting_for_model"
    TRANSCRIBED = "transcribed"
    NO_SPEECH = "no_speech"
    UNREADABLE = "unreadable"
    FAILED = "failed"


AWAITING_TEXT = frozenset({MessageState.TO_TRANSCRIBE, MessageState.TRANSCRIBING, MessageState.WAITING_FOR_MODEL})
"""A message in one of these has its audio and not yet its text."""


@dataclass(frozen=True)
class Backlog:
    """How many messages wait for their text, and when the oldest of them was made (None when none waits)."""

    messages: int
    oldest: datetime | None


class RequesterType(StrEnum):
    """Who asks: citizens are answered here, the others by the competent office ("indirizza agli uffici competenti ...")."""

    CITIZEN = "citizen"
    INSTITUTION = "institution"
    ORGANISATION = "organisation"
    COMPANY = "company"


class ClockState(StrEnum):
    """What the term for the reply does while an interval lasts ("Il termine dei 40 giorni è sospeso quando ...")."""

    RUNS = "runs"
    SUSPENDED_ADMINISTRATION = "suspended_administration"
    SUSPENDED_DOCUMENTS = "suspended_documents"
    STOPPED = "stopped"


class PracticeClass(StrEnum):
    """How hard the answer is: it sets the term. What nobody has classified yet is promised as `complex`."""

    KNOWN = "known"
    QUICK_SEARCH = "quick_search"
    COMPLEX = "complex"


@dataclass(frozen=True)
class ClockInterval:
    """One stretch of a practice's clock. `ends` is None while it lasts; `due_on` is set where the clock runs.

    `term_days` is the term in force during it: another class or channel begins another interval.
    """

    state: ClockState
    starts: datetime
    ends: datetime | None
    reason: str
    due_on: date | None
    term_days: int


@dataclass(frozen=True)
class Reading:
    """A practice's clock at one instant, in counted days; `elapsed + remaining == term`, and `remaining < 0` is overdue.

    `elapsed` and both `suspended` count from the last start from zero (reception, or a reopening). `due_on` is None unless the clock runs.
    """

    state: ClockState
    term: int
    elapsed: int
    suspended_administration: int
    suspended_documents: int
    due_on: date | None

    @property
    def remaining(self) -> int:
        """Days left of the term."""
        return self.term - self.elapsed


@dataclass(frozen=True)
class HistoryEntry:
    """One thing that happened to a practice. `what` is a step `from -> to`, or a word such as `message_added`.

    An entry whose content was erased keeps `at` and `what`; `author` and `reason` are empty then.
    """

    at: datetime
    author: str
    what: str
    reason: str


@dataclass(frozen=True)
class Requester:
    """Who asks, and where the reply goes ("indirizzo email, indirizzo postale, numero di fax"); `phone` and `fax` are E.164."""

    type: RequesterType = RequesterType.CITIZEN
    name: str | None = None
    email: str | None = None
    postal: str | None = None
    fax: str | None = None
    phone: str | None = None

    @property
    def has_reply_address(self) -> bool:
        """Whether a reply can be sent, or the person be called back."""
        return any((self.email, self.postal, self.fax, self.phone))


@dataclass(frozen=True, kw_only=True)
class Request:
    """What comes in on a channel. `counts_from` is the instant its term counts from (of a PEC: its certified date)."""

    channel: Channel
    language: str = "it"
    kind: Kind | None = None
    requester: Requester = Requester()
    subject: str = ""
    text: str = ""
    counts_from: datetime | None = None
    exercise: bool = False


@dataclass(frozen=True, kw_only=True)
class Practice:
    """One request, from any channel. `code` is what the citizen keeps; `id` is what logs may carry.

    `due_on` is None while the clock is suspended or stopped; `history` and `clock` are oldest first. `version` grows with each change
    that a person makes: whoever changes a practice says which version they have seen. `exercise` keeps it out of every statistic.
    """

    id: UUID
    code: str
    channel: Channel
    kind: Kind | None
    language: str
    requester: Requester
    subject: str
    text: str
    practice_class: PracticeClass | None
    state: PracticeState
    closure: Closure | None
    opened_at: datetime
    counts_from: datetime
    state_since: datetime
    answered_at: datetime | None
    due_on: date | None
    no_reply_address: bool
    office_id: UUID | None = None
    operator: str | None = None
    topic_id: UUID | None = None
    municipality: str | None = None
    event_id: UUID | None = None
    merged_into: UUID | None = None
    exercise: bool = False
    erased_at: datetime | None = None
    version: int = 0
    history: tuple[HistoryEntry, ...] = ()
    clock: tuple[ClockInterval, ...] = ()

    @property
    def caller(self) -> str | None:
        """The requester's telephone number, E.164."""
        return self.requester.phone


@dataclass(frozen=True)
class PracticeStatus:
    """What a citizen may hear or read with the code alone: states and dates, no content, no name."""

    code: str
    practice_id: UUID
    state: PracticeState
    closure: Closure | None
    since: datetime
    due_on: date | None
    documents_by: date | None
    answered_on: date | None


@dataclass(frozen=True)
class Audio:
    """A finished recording, verified on disk. `path` is relative to the audio folder; times in seconds."""

    path: str
    seconds: float
    talk_seconds: float


@dataclass(frozen=True)
class Word:
    """One recognised word: `start` and `end` in seconds from the beginning, `confidence` from 0 to 1."""

    word: str
    start: float
    end: float
    confidence: float


@dataclass(frozen=True)
class Transcript:
    """What a machine heard; a help, never the record. `engine` and `model` say which machine."""

    text: str
    words: tuple[Word, ...]
    engine: str
    model: str
    language: str

    @property
    def confidence(self) -> float:
        """The mean confidence of its words, 0..1; 0 without words."""
        return sum(word.confidence for word in self.words) / len(self.words) if self.words else 0.0


@dataclass(frozen=True, kw_only=True)
class Message:
    """One spoken message. `recording` is the name of the current take.

    `attempts` counts how often a worker took it and did not give it back whole;
    `reason` says why it was abandoned, unreadable or failed; `adds_to` is the practice that the caller chose beforehand.
    """

    id: UUID
    call_id: UUID
    practice_id: UUID | None = None
    adds_to: UUID | None = None
    language: str
    caller: str | None = None
    recording: str
    audio_path: str | None = None
    seconds: float | None = None
    talk_seconds: float | None = None
    state: MessageState
    attempts: int = 0
    worker: str | None = None
    lease_until: datetime | None = None
    transcript: Transcript | None = None
    alarm_words: tuple[str, ...] = ()
    reason: str | None = None
    made_at: datetime
