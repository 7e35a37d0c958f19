"""What each kind of letter must be told. `code` is the practice's 11 digits; `name` may be empty; dates are local days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from ticket_core.model import Kind
from ticket_core.replies.model import LetterKind


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What every letter is told."""

    kind: ClassVar[LetterKind]
    code: str
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class TakenCharge(Facts):
    """The receipt ("messaggio di presa in carico della richiesta, con il riepilogo dei dati inseriti e il codice identificativo").

    What the requester did not enter is empty. `days` is the term, None where it is shorter than a day; `due_on` its last day.
    """

    kind = LetterKind.TAKEN_CHARGE
    received_on: date
    due_on: date
    days: int | None
    asks: Kind | None = None
    address: str = ""
    phone: str = ""
    subject: str = ""
    text: str = ""
    attachments: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Answer(Facts):
    """An operator's own words, `text`."""

    kind = LetterKind.ANSWER
    received_on: date
    text: str


@dataclass(frozen=True, kw_only=True)
class EventAnswer(Facts):
    """One answer to all who wrote about an event."""

    kind = LetterKind.EVENT_ANSWER
    event: str
    text: str


@dataclass(frozen=True, kw_only=True)
class DocumentsAsked(Facts):
    """Which documents are needed, in an operator's words, and the last day for them, `days` after today."""

    kind = LetterKind.DOCUMENTS_ASKED
    documents: str
    by: date
    days: int


@dataclass(frozen=True, kw_only=True)
class DocumentsReminder(Facts):
    """The same documents, not here yet."""

    kind = LetterKind.DOCUMENTS_REMINDER
    documents: str
    asked_on: date
    by: date


@dataclass(frozen=True, kw_only=True)
class ClosedMissingDocuments(Facts):
    """They did not come ("Se il cittadino entro 40 giorni non invia i documenti necessari ..., questa viene chiusa")."""

    kind = LetterKind.CLOSED_MISSING_DOCUMENTS
    documents: str
    asked_on: date
    days: int


@dataclass(frozen=True, kw_only=True)
class SentToOffice(Facts):
    """To an institution, organisation or company: its request is with the office that deals with it."""

    kind = LetterKind.SENT_TO_OFFICE
    office: str
    due_on: date | None = None


@dataclass(frozen=True, kw_only=True)
class OtherLanguage(Facts):
    """The fixed notice in five languages ("risponde solo a richieste in italiano o in inglese")."""

    kind = LetterKind.OTHER_LANGUAGE


@dataclass(frozen=True, kw_only=True)
class Suspended(Facts):
    """Another administration was asked: the term stands still."""

    kind = LetterKind.SUSPENDED
    administration: str
    since: date


@dataclass(frozen=True, kw_only=True)
class Reopened(Facts):
    """The practice is worked on again, with a new term."""

    kind = LetterKind.REOPENED
    due_on: date


_DAY, _LATER = date(2026, 11, 26), date(2027, 1, 5)
_WHO = {"code": "12345678903", "name": "Anna Verdi"}
_LIST = "una copia della carta d'identità\nla fotografia del muro"

SAMPLES: tuple[Facts, ...] = (
    TakenCharge(
        **_WHO, received_on=_DAY, due_on=_LATER, days=40, asks=Kind.REPORT, address="anna.verdi@example.org",
        phone="+390612345678", subject="Un muro pericoloso", text="Il muro della scuola si muove.", attachments=("muro.jpg",),
    ),
    TakenCharge(code="12345678903", received_on=_DAY, due_on=_DAY, days=None),
    Answer(**_WHO, received_on=_DAY, text="Il Comune ha controllato il muro. Il muro è sicuro."),
    EventAnswer(**_WHO, event="Terremoto del 20 novembre", text="Le scuole sono aperte da domani."),
    DocumentsAsked(**_WHO, documents=_LIST, by=_LATER, days=40),
    DocumentsReminder(**_WHO, documents=_LIST, asked_on=_DAY, by=_LATER),
    ClosedMissingDocuments(**_WHO, documents=_LIST, asked_on=_DAY, days=40),
    SentToOffice(**_WHO, office="Ufficio Volontariato", due_on=_LATER),
    SentToOffice(code="12345678903", office="Ufficio Volontariato"),
    OtherLanguage(**_WHO),
    Suspended(**_WHO, administration="Comune di Roma", since=_DAY),
    Reopened(**_WHO, due_on=_LATER),
)  # fmt: skip
"""At least one of every kind, with and without what may be missing: each template is rendered with them before it is used."""
