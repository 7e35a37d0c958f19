"""The charter, sentence by sentence, on a real PostgreSQL: what only a service with its records can keep.

Source of every quotation: the Carta dei servizi. What needs no database is in `tests/unit/test_charter.py`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from uuid import uuid4

import pytest

from foundation.audit import Audit
from foundation.database import Database
from tests.clocks import HeldClock
from tests.practices import CODES, COUNTING
from ticket_core.attachments.folder import FolderStore
from ticket_core.attachments.model import Attachment
from ticket_core.attachments.service import Attachments
from ticket_core.attachments.settings import AttachmentSettings
from ticket_core.casework import Casework, NoReplyAddress
from ticket_core.documents import Documents
from ticket_core.edits import Edit
from ticket_core.events.model import EventKind
from ticket_core.events.service import Events
from ticket_core.histories import Histories
from ticket_core.model import Audio, Channel, Closure, PracticeState, Request, Requester, RequesterType
from ticket_core.overview import Overview
from ticket_core.people.model import OfficeRequester
from ticket_core.people.service import People
from ticket_core.replies.model import LetterKind
from ticket_core.replies.service import Replies
from ticket_core.service import Practices

ANNA = Requester(name="Anna Verdi", email="anna.verdi@example.org")
FORM = Request(channel=Channel.WEB_FORM, requester=ANNA, subject="Un muro", text="Il muro si muove.")


@dataclass
class Service:
    """What the sentences are tried on."""

    database: Database
    clock: HeldClock
    casework: Casework
    practices: Practices
    replies: Replies
    people: People
    overview: Overview
    attachments: Attachments


@pytest.fixture
def service(database: Database, clock: HeldClock, tmp_path: Path) -> Service:
    replies, kept = Replies(database, clock), AttachmentSettings(folder=tmp_path)
    note = Documents(database, clock, COUNTING, CODES).note
    return Service(
        database,
        clock,
        Casework(database, clock, COUNTING, CODES, replies),
        Practices(database, clock, COUNTING, CODES),
        replies,
        People(database, clock),
        Overview(database, Audit(database, clock)),
        Attachments(database, clock, FolderStore(tmp_path), kept, note),
    )


async def kinds(service: Service, request: Request) -> list[LetterKind]:
    practice = await service.casework.open(request, "test")
    return [letter.kind for letter in await service.replies.letters_of(practice.id)]


async def every_channel_comes_into_one_list(service: Service) -> None:
    opened = {(await service.casework.open(Request(channel=channel), "test")).id for channel in Channel}
    assert {line.id async for line in service.overview.export("anna")} == opened
    assert len(opened) == len(Channel)


async def procedures_are_shared_between_offices(service: Service) -> None:
    office = await service.people.add_office("Ufficio Volontariato")
    practice = await service.casework.open(FORM, "form")
    given = await service.casework.assign(practice.id, "carla", "theirs", office_id=office.id)
    assert (given.office_id, given.due_on) == (office.id, practice.due_on)
    assert (await service.casework.take(practice.id, "bruno")).state is PracticeState.IN_PROGRESS


async def who_did_what_and_why_can_be_proved(service: Service) -> None:
    practice = await service.casework.open(FORM, "form")
    await service.casework.take(practice.id, "anna")
    closed = await service.casework.close(practice.id, Closure.OUT_OF_SCOPE, "the Comune's", "anna")
    steps = [(one.author, one.what, one.reason) for one in closed.history if " -> " in one.what]
    assert steps == [("anna", "received -> in_progress", "taken"), ("anna", "in_progress -> closed", "the Comune's")]
    assert (await Histories(service.database, service.clock).verify()).faults == ()


async def institutions_go_to_the_competent_office_and_citizens_stay(service: Service) -> None:
    office = await service.people.add_office("Relazioni", None, frozenset(OfficeRequester))
    for kind in RequesterType:
        practice = await service.casework.open(Request(channel=Channel.PEC, requester=Requester(kind)), "mail")
        assert (practice.office_id == office.id) == (kind is not RequesterType.CITIZEN)


async def without_an_address_no_answer_can_be_sent(service: Service) -> None:
    practice = await service.casework.open(Request(channel=Channel.LETTER, requester=Requester(name="Anna")), "post")
    assert practice.no_reply_address
    with pytest.raises(NoReplyAddress):
        await service.casework.answer(practice.id, "Sì.", "anna")


async def a_message_in_the_mailbox_is_a_practice_with_the_callers_number(service: Service) -> None:
    message_id = uuid4()
    await service.practices.open_message(message_id, uuid4(), "it", "+390612345678", "take")
    practice = await service.practices.file_message(message_id, Audio("a.wav", 9.0, 8.0))
    assert (practice.requester.phone, practice.no_reply_address) == ("+390612345678", False)


async def a_receipt_goes_at_once(service: Service) -> None:
    practice = await service.casework.open(FORM, "form")
    [letter] = await service.replies.letters_of(practice.id)
    assert (letter.kind, letter.address) == (LetterKind.TAKEN_CHARGE, "anna.verdi@example.org")
    assert letter.next_try_at == service.clock.now()


async def documents_come_with_letters_too(service: Service) -> None:
    for channel in (Channel.WEB_FORM, Channel.LETTER, Channel.FAX, Channel.PEC):
        practice = await service.casework.open(Request(channel=channel), "post")
        kept = await service.attachments.add(practice.id, "foto.pdf", BytesIO(b"%PDF-1.7\n"), "post", channel)
        assert isinstance(kept, Attachment)
        found = await service.practices.practice(practice.id)
        assert found is not None
        assert found.history[-1].what == "attachment_added"


async def another_language_gets_the_notice_and_ours_do_not(service: Service) -> None:
    told = {
        language: await kinds(service, Request(channel=Channel.EMAIL, language=language, requester=ANNA))
        for language in ("it", "en", "fr")
    }
    assert told == {"it": [], "en": [], "fr": [LetterKind.OTHER_LANGUAGE]}


async def the_code_tells_the_state_and_nothing_else(service: Service) -> None:
    practice = await service.casework.open(FORM, "form")
    status = await service.practices.status(practice.code)
    assert status is not None
    assert (status.state, status.due_on) == (PracticeState.RECEIVED, practice.due_on)
    assert not {"Anna Verdi", "Un muro", "Il muro si muove."} & {str(value) for value in vars(status).values()}


async def a_group_is_told_the_same(service: Service) -> None:
    starts = service.clock.now()
    event = await Events(service.database, service.clock).declare(
        "Terremoto", EventKind.EARTHQUAKE, starts, "felt widely", "rossi"
    )
    practices = [await service.casework.open(FORM, "form") for _ in range(3)]
    for practice in practices:
        await service.casework.correct(practice.id, Edit(event_id=event.id), "anna", "about it")
        assert await service.casework.answer_event(practice.id, event, "Le scuole sono aperte.", "carla")
        bodies = [letter.body for letter in await service.replies.letters_of(practice.id)]
        assert sum("Le scuole sono aperte." in body for body in bodies) == 1


async def a_suspended_term_runs_on_from_where_it_stood(service: Service) -> None:
    practice = await service.casework.open(FORM, "form")
    await service.casework.take(practice.id, "anna")
    service.clock.move(days=10)
    waits = await service.casework.ask_administration(practice.id, "Comune di Roma", "anna")
    service.clock.move(days=20)
    back = await service.casework.resume(practice.id, "here", "anna")
    assert (waits.due_on, back.due_on) == (None, COUNTING.due_on(COUNTING.day(practice.counts_from), 60))


async def who_is_asked_for_documents_is_told_by_when(service: Service) -> None:
    practice = await service.casework.open(FORM, "form")
    await service.casework.take(practice.id, "anna")
    await service.casework.ask_documents(practice.id, "una fotografia", "anna")
    status = await service.practices.status(practice.code)
    assert status is not None
    assert status.documents_by == COUNTING.day(service.clock.now()) + timedelta(days=40)
    await service.casework.close(practice.id, Closure.MISSING_DOCUMENTS, "40 days", "clock")
    letters = {letter.kind for letter in await service.replies.letters_of(practice.id)}
    assert {LetterKind.DOCUMENTS_ASKED, LetterKind.CLOSED_MISSING_DOCUMENTS} <= letters


async def nothing_is_kept_outside_and_an_exercise_is_marked(service: Service) -> None:
    real = await service.casework.open(FORM, "form")
    trial = await service.casework.open(Request(channel=Channel.WEB_FORM, requester=ANNA, exercise=True), "form")
    marked = {line.id: line.exercise async for line in service.overview.export("anna")}
    assert marked == {real.id: False, trial.id: True}
    assert await service.replies.letters_of(trial.id) == []


async def a_person_can_be_forgotten(service: Service) -> None:
    practice = await service.casework.open(FORM, "form")
    await service.casework.erase(practice.id, "carla", "asked for")
    erased = await service.practices.practice(practice.id)
    assert erased is not None
    assert (erased.code, erased.requester, erased.subject, erased.text) == ("", Requester(), "", "")
    assert await service.practices.status(practice.code) is None


CHARTER: tuple[tuple[str, Callable[[Service], Awaitable[None]]], ...] = (
    ("gestisce su un’unica piattaforma informatica le richieste che arrivano", every_channel_comes_into_one_list),
    ("secondo procedure elaborate e condivise tra gli uffici", procedures_are_shared_between_offices),
    ("Garantire la trasparenza, la tracciabilità e il monitoraggio delle richieste e segnalazioni dei cittadini.",
     who_did_what_and_why_can_be_proved),
    ("gestisce direttamente le richieste dei cittadini, mentre indirizza agli uffici competenti del Dipartimento le richieste e le "
     "segnalazioni di istituzioni, organizzazioni e imprese", institutions_go_to_the_competent_office_and_citizens_stay),
    ("In caso contrario, il Contact Center non potrà dare riscontro alla richiesta.", without_an_address_no_answer_can_be_sent),
    ("una casella vocale a cui il cittadino può lasciare un messaggio e i suoi riferimenti per poter essere ricontattato",
     a_message_in_the_mailbox_is_a_practice_with_the_callers_number),
    ("Dopo l’inserimento, l’utente riceve un messaggio di presa in carico della richiesta", a_receipt_goes_at_once),
    ("Anche le richieste, ed eventuali allegati, che arrivano al Dipartimento per lettera, fax, Pec sono gestite secondo le procedure "
     "del Contact Center.", documents_come_with_letters_too),
    ("Il Contact Center risponde solo a richieste in italiano o in inglese.", another_language_gets_the_notice_and_ours_do_not),
    ("Permettere al cittadino di conoscere lo stato della sua richiesta", the_code_tells_the_state_and_nothing_else),
    ("Contattare gli utenti singolarmente o per gruppi", a_group_is_told_the_same),
    ("Il termine dei 40 giorni è sospeso quando è necessario acquisire:", a_suspended_term_runs_on_from_where_it_stood),
    ("Se il cittadino entro 40 giorni non invia i documenti necessari a trattare la sua richiesta, questa viene chiusa.",
     who_is_asked_for_documents_is_told_by_when),
    ("tutte le richieste sono registrate in un sistema", nothing_is_kept_outside_and_an_exercise_is_marked),
    ("I dati sono trattati secondo la normativa vigente sulla privacy", a_person_can_be_forgotten),
)  # fmt: skip


@pytest.mark.promise(
    "Each sentence of the charter on practices, terms, states, requesters and languages is held by a test"
)
@pytest.mark.parametrize(("sentence", "holds"), CHARTER, ids=[holds.__name__ for _, holds in CHARTER])
async def test_the_charter_is_kept(
    service: Service, sentence: str, holds: Callable[[Service], Awaitable[None]]
) -> None:
    assert len(sentence.split()) >= 4, "a sentence is quoted, not a word"
    await holds(service)
