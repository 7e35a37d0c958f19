"""The charter, sentence by sentence: what of practices, terms, states, requesters and languages holds without a database.

Source of every quotation: the Carta dei servizi. Those that need a database are in `tests/integration/test_charter_practices.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from tests.practices import COUNTING
from ticket_core.attachments.kinds import recognise
from ticket_core.attachments.rules import content_refusal
from ticket_core.attachments.settings import AttachmentSettings
from ticket_core.clock.model import DocumentsDuty
from ticket_core.clock.rules import documents_duty
from ticket_core.codes import grouped, is_well_formed, new_code
from ticket_core.intake import cleaned
from ticket_core.model import (
    Channel,
    ClockState,
    Closure,
    Kind,
    PracticeClass,
    PracticeState,
    Request,
    Requester,
    RequesterType,
)
from ticket_core.people.model import CONTACT_CENTER, Office, OfficeRequester
from ticket_core.people.rules import competent_office
from ticket_core.replies.facts import SAMPLES, OtherLanguage, TakenCharge
from ticket_core.replies.model import Language
from ticket_core.replies.rules import LetterRefused
from ticket_core.replies.templates import shipped
from ticket_core.rules import check_closure
from ticket_core.states import CLOCK, PRACTICE_STEPS
from ticket_core.terms import next_interval, read_clock, term_days

ROME = ZoneInfo("Europe/Rome")
MONDAY = datetime(2026, 10, 5, 10, 0, tzinfo=ROME)
PHONE = (Channel.PHONE_CALL, Channel.VOICE_MESSAGE)
CENTER = Office(CONTACT_CENTER, "Contact Center", None, contact_center=True)
ANNA = Requester(name="Anna Verdi", email="anna.verdi@example.org", phone="+390612345678")
LONGEST_SENTENCE_WORDS = 30


def due(channel: Channel, practice_class: PracticeClass | None, at: datetime = MONDAY) -> date:
    """The due date of what came at an instant."""
    opened = next_interval([], ClockState.RUNS, at, "received", term_days(channel, practice_class), COUNTING)
    assert opened.due_on is not None
    return opened.due_on


def in_forty_days(channels: Iterable[Channel], *classes: PracticeClass) -> None:
    # Forty days after Monday 5 October is Saturday 14 November: the next working day is the 16th.
    assert {due(channel, hard) for channel in channels for hard in classes} == {date(2026, 11, 16)}


def every_channel_is_one_practice() -> None:
    named = {*PHONE, Channel.WEB_FORM, Channel.PEC, Channel.FAX, Channel.LETTER}
    assert named == set(Channel) - {Channel.EMAIL}
    assert all(due(channel, hard) >= MONDAY.date() for channel in Channel for hard in (None, *PracticeClass))


def informations_and_reports_are_told_apart() -> None:
    assert {"information", "report"} <= {kind.value for kind in Kind}


def proposals_are_taken_too() -> None:
    assert {"report", "proposal"} <= {kind.value for kind in Kind}


def citizens_stay_with_the_contact_center() -> None:
    others = Office(UUID(int=1), "Altri", None, frozenset(OfficeRequester))
    assert competent_office(RequesterType.CITIZEN, [others, CENTER]) == CENTER


def the_others_go_to_their_office() -> None:
    offices = [Office(UUID(int=n), one, None, frozenset({one})) for n, one in enumerate(OfficeRequester, start=1)]
    sent = {kind: competent_office(kind, [CENTER, *offices]).name for kind in RequesterType}
    assert sent == {kind: kind.value for kind in RequesterType} | {RequesterType.CITIZEN: "Contact Center"}
    assert sent.keys() - {RequesterType.CITIZEN} == {"institution", "organisation", "company"}


def any_of_the_three_addresses_is_enough_and_a_name_is_none() -> None:
    for address in ({"email": "a@example.org"}, {"postal": "Via Roma 1"}, {"fax": "+390612345678"}):
        assert Requester(name="Anna", **address).has_reply_address
    assert not Requester(name="Anna").has_reply_address


def without_an_address_it_can_only_be_closed() -> None:
    for state in (PracticeState.RECEIVED, PracticeState.IN_PROGRESS):
        PRACTICE_STEPS.check(state, PracticeState.CLOSED)
        check_closure(PracticeState.CLOSED, Closure("no_reply_address"))
    assert not Requester(name="Anna").has_reply_address


def who_leaves_a_number_in_the_mailbox_can_be_called_back() -> None:
    assert Requester(phone="+390612345678").has_reply_address
    assert due(Channel.VOICE_MESSAGE, PracticeClass.KNOWN, MONDAY.replace(hour=20)) == date(2026, 10, 6)


def a_form_has_a_name_an_address_that_is_one_and_perhaps_a_number() -> None:
    form = Request(channel=Channel.WEB_FORM, requester=ANNA)
    assert cleaned(form).requester == ANNA
    assert cleaned(replace(form, requester=replace(ANNA, phone=""))).requester == replace(ANNA, phone=None)
    with pytest.raises(LetterRefused):
        cleaned(replace(form, requester=replace(ANNA, email="anna@")))


def documents_are_taken() -> None:
    settings = AttachmentSettings.model_validate({"folder": "attachments"})
    for head, extension in (
        (b"%PDF-1.7\n", "pdf"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00", "jpg"),
        (b"Buongiorno\n", "txt"),
    ):
        assert content_refusal(1000, recognise(head, frozenset(), extension), settings) is None


def the_receipt_repeats_what_was_entered_and_the_code() -> None:
    code = new_code()
    facts = TakenCharge(
        code=code, name="Anna Verdi", received_on=MONDAY.date(), due_on=date(2026, 11, 16), days=40, asks=Kind.REPORT,
        address="anna.verdi@example.org", phone="+390612345678", subject="Un muro", text="Il muro si muove.", attachments=("muro.jpg",),
    )  # fmt: skip
    for language in Language:
        body = shipped().text(facts, language).body
        for told in (grouped(code), "Anna Verdi", facts.address, facts.phone, facts.subject, facts.text, "muro.jpg"):
            assert told in body


def two_languages_are_answered_and_the_others_are_told_so_in_one_notice() -> None:
    assert {language.value for language in Language} == {"it", "en"}
    italian, english = (shipped().text(OtherLanguage(code="12345678906"), language) for language in Language)
    assert italian == english
    for word in ("italiano", "English", "français", "Deutsch", "español"):
        assert word.lower() in italian.body.lower()


def a_mistyped_code_is_caught_before_the_look_up() -> None:
    code = new_code()
    assert is_well_formed(code)
    assert not is_well_formed(code[:-1] + str((int(code[-1]) + 1) % 10))


def known_by_phone_is_answered_on_the_spot() -> None:
    assert {due(channel, PracticeClass.KNOWN) for channel in PHONE} == {MONDAY.date()}


def a_quick_search_by_phone_is_answered_within_the_day() -> None:
    assert {due(channel, PracticeClass.QUICK_SEARCH) for channel in PHONE} == {MONDAY.date()}
    assert due(Channel.PHONE_CALL, PracticeClass.QUICK_SEARCH, datetime(2026, 10, 9, 18, 0, tzinfo=ROME)) == date(
        2026, 10, 12
    )


def what_is_complex_has_forty_days() -> None:
    in_forty_days(PHONE, PracticeClass.COMPLEX)


def what_is_complex_has_forty_days_on_the_form_too() -> None:
    in_forty_days([Channel.WEB_FORM], PracticeClass.COMPLEX)


def a_form_that_is_easy_has_seven_days() -> None:
    easy = (PracticeClass.KNOWN, PracticeClass.QUICK_SEARCH)
    assert {due(Channel.WEB_FORM, hard) for hard in easy} == {date(2026, 10, 12)}


def letters_fax_and_pec_have_forty_days_however_easy() -> None:
    in_forty_days([Channel.LETTER, Channel.FAX, Channel.PEC], *PracticeClass)


def stands_still(state: PracticeState) -> None:
    """Ten days of work, twenty of this, and the term ends twenty days later."""
    asked, back = MONDAY + timedelta(days=10), MONDAY + timedelta(days=30)
    first = next_interval([], ClockState.RUNS, MONDAY, "received", 40, COUNTING)
    waits = next_interval([replace(first, ends=asked)], CLOCK[state], asked, "asked", 40, COUNTING)
    past = [replace(first, ends=asked), replace(waits, ends=back)]
    again = next_interval(past, ClockState.RUNS, back, "here", 40, COUNTING)
    reading = read_clock([*past, again], back, COUNTING)
    assert reading is not None
    assert waits.due_on is None
    assert (reading.elapsed, reading.remaining) == (10, 30)
    assert again.due_on == COUNTING.due_on(MONDAY.date(), 60)


def two_states_and_no_other_suspend_the_term() -> None:
    suspended = {state for state, clock in CLOCK.items() if clock.value.startswith("suspended")}
    assert suspended == {PracticeState.AWAITING_ADMINISTRATION, PracticeState.AWAITING_DOCUMENTS}


def an_opinion_of_another_administration_suspends_it() -> None:
    stands_still(PracticeState.AWAITING_ADMINISTRATION)


def documents_of_the_citizen_suspend_it() -> None:
    stands_still(PracticeState.AWAITING_DOCUMENTS)


def after_forty_days_without_documents_it_is_closed_and_not_before() -> None:
    last = datetime.combine(MONDAY.date() + timedelta(days=40), time(23, 59), ROME)
    assert documents_duty(MONDAY, last, 10, COUNTING, reminded=True) is None
    assert documents_duty(MONDAY, last + timedelta(minutes=1), 10, COUNTING, reminded=True) is DocumentsDuty.CLOSE
    PRACTICE_STEPS.check(PracticeState.AWAITING_DOCUMENTS, PracticeState.CLOSED)


def letters_have_short_sentences() -> None:
    for facts in SAMPLES:
        for language in Language:
            # What requesters and operators wrote is theirs, and so are lists.
            own = "\n".join(
                line for line in shipped().text(facts, language).body.splitlines() if not line.startswith((">", "- "))
            )
            for sentence in re.split(r"[.:?!]\s|\n\n", own):
                assert len(sentence.split()) <= LONGEST_SENTENCE_WORDS, sentence


def a_written_request_is_never_due_on_a_day_on_which_nobody_looks() -> None:
    written = (Channel.WEB_FORM, Channel.FAX, Channel.LETTER, Channel.PEC)
    week = [MONDAY + timedelta(days=n) for n in range(7)]
    days = {due(channel, hard, at) for channel in written for hard in PracticeClass for at in week}
    assert {day.weekday() for day in days} <= {0, 1, 2, 3, 4}


CHARTER: tuple[tuple[str, Callable[[], None]], ...] = (
    ("dare informazioni o ricevere segnalazioni dai cittadini", informations_and_reports_are_told_apart),
    ("gestisce su un’unica piattaforma informatica le richieste che arrivano al Dipartimento della Protezione Civile via telefono, "
     "modulo online, Pec, fax e lettera", every_channel_is_one_practice),
    ("gestisce direttamente le richieste dei cittadini", citizens_stay_with_the_contact_center),
    ("mentre indirizza agli uffici competenti del Dipartimento le richieste e le segnalazioni di istituzioni, organizzazioni e imprese",
     the_others_go_to_their_office),
    ("il cittadino deve indicare le proprie generalità e fornire un recapito a cui il Contact Center può inviare la risposta "
     "(indirizzo email, indirizzo postale, numero di fax)", any_of_the_three_addresses_is_enough_and_a_name_is_none),
    ("In caso contrario, il Contact Center non potrà dare riscontro alla richiesta.", without_an_address_it_can_only_be_closed),
    ("viene attivata una casella vocale a cui il cittadino può lasciare un messaggio e i suoi riferimenti per poter essere ricontattato",
     who_leaves_a_number_in_the_mailbox_can_be_called_back),
    ("fornendo nome, cognome, indirizzo di posta elettronica ed eventualmente un numero di telefono",
     a_form_has_a_name_an_address_that_is_one_and_perhaps_a_number),
    ("Il modulo online consente anche di allegare documenti.", documents_are_taken),
    ("l’utente riceve un messaggio di presa in carico della richiesta, con il riepilogo dei dati inseriti e il codice identificativo "
     "della sua pratica", the_receipt_repeats_what_was_entered_and_the_code),
    ("Il Contact Center risponde solo a richieste in italiano o in inglese.",
     two_languages_are_answered_and_the_others_are_told_so_in_one_notice),
    ("Raccogliere segnalazioni e proposte", proposals_are_taken_too),
    ("inserendo il codice identificativo della pratica", a_mistyped_code_is_caught_before_the_look_up),
    ("Risposta immediata: quando la soluzione rientra nella base di conoscenza dell’operatore telefonico",
     known_by_phone_is_answered_on_the_spot),
    ("Risposta entro la giornata: quando la risposta può essere fornita attraverso una rapida ricerca di informazioni",
     a_quick_search_by_phone_is_answered_within_the_day),
    ("Risposta entro 40 giorni: quando si tratta di richieste complesse che richiedono particolari approfondimenti anche a cura degli "
     "Uffici e Servizi del Dipartimento", what_is_complex_has_forty_days),
    ("Risposta entro 7 giorni: quando la soluzione rientra nella base di conoscenza dell’operatore o può essere fornita attraverso una "
     "semplice ricerca di informazioni", a_form_that_is_easy_has_seven_days),
    ("Risposta entro 40 giorni: quando si tratta di richieste complesse che richiedono particolari approfondimenti anche a cura degli "
     "Uffici e Servizi del Dipartimento", what_is_complex_has_forty_days_on_the_form_too),
    ("Il termine di 40 giorni vale anche per le richieste dei cittadini indirizzate via lettera, fax, Pec al Dipartimento della "
     "Protezione Civile che confluiscono verso il Contact Center.", letters_fax_and_pec_have_forty_days_however_easy),
    ("Il termine dei 40 giorni è sospeso quando è necessario acquisire:", two_states_and_no_other_suspend_the_term),
    ("la valutazione tecnica o il parere di un’altra amministrazione", an_opinion_of_another_administration_suspends_it),
    ("documenti ad integrazione della richiesta o segnalazione del cittadino", documents_of_the_citizen_suspend_it),
    ("Se il cittadino entro 40 giorni non invia i documenti necessari a trattare la sua richiesta, questa viene chiusa.",
     after_forty_days_without_documents_it_is_closed_and_not_before),
    ("le risposte vengono redatte in un linguaggio semplice e chiaro.", letters_have_short_sentences),
    ("Le richieste via modulo online, fax, lettera, Pec sono verificate dal lunedì al venerdì.",
     a_written_request_is_never_due_on_a_day_on_which_nobody_looks),
)  # fmt: skip


@pytest.mark.promise(
    "Each sentence of the charter on practices, terms, states, requesters and languages is held by a test"
)
@pytest.mark.parametrize(("sentence", "holds"), CHARTER, ids=[holds.__name__ for _, holds in CHARTER])
def test_the_charter_is_kept(sentence: str, holds: Callable[[], None]) -> None:
    assert len(sentence.split()) >= 4, "a sentence is quoted, not a word"
    holds()
