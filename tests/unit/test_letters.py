"""Letters: when they are tried again, what may stand in them, and that their texts are plain."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_core.replies import rules
from ticket_core.replies.facts import SAMPLES, Answer, DocumentsAsked, EventAnswer, Facts, SentToOffice, TakenCharge
from ticket_core.replies.model import Language, LetterKind
from ticket_core.replies.rules import GIVE_UP_AFTER, LetterRefused, Stage, Verdict
from ticket_core.replies.templates import FOLDER, TemplateBroken, Templates, shipped

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
CODE = "12345678903"
GULPEASE_LEAST = 60


# -- trying again


def test_a_letter_is_tried_after_1_5_and_30_minutes_2_and_8_hours_then_every_8_hours_until_five_days_are_over() -> None:
    waits, now = [], NOW
    while (following := rules.next_try(len(waits) + 1, NOW, now)) is not None:
        waits.append(following - now)
        now = following
    minutes = [wait.total_seconds() / 60 for wait in waits]
    assert minutes[:5] == [1, 5, 30, 120, 480]
    assert set(minutes[5:]) == {480}
    assert timedelta(days=4, hours=16) < now - NOW <= GIVE_UP_AFTER


@given(attempts=st.integers(0, 10_000), after_h=st.floats(0, 200))
def test_no_letter_is_tried_in_the_past_nor_after_five_days(attempts: int, after_h: float) -> None:
    now = NOW + timedelta(hours=after_h)
    at = rules.next_try(attempts, NOW, now)
    assert at is None or now < at <= NOW + GIVE_UP_AFTER


def test_while_the_server_is_away_a_letter_is_tried_every_minute_and_is_dead_after_five_days() -> None:
    assert rules.next_try_of_server(NOW, NOW + timedelta(days=4)) == NOW + timedelta(days=4, minutes=1)
    assert rules.next_try_of_server(NOW, NOW + timedelta(days=5)) is None


@pytest.mark.parametrize(
    ("stage", "code", "meant"),
    [
        (Stage.RECIPIENT, 550, Verdict.FINAL),
        (Stage.RECIPIENT, 450, Verdict.RETRY),
        (Stage.RECIPIENT, 421, Verdict.RETRY),
        (Stage.RECIPIENT, None, Verdict.RETRY),
        (Stage.CONTENT, 554, Verdict.FINAL),
        (Stage.CONTENT, 451, Verdict.RETRY),
        (Stage.CONTENT, None, Verdict.RETRY),
        (Stage.CONTENT, 599, Verdict.FINAL),
        (Stage.CONTENT, 600, Verdict.RETRY),
        (Stage.SENDER, 552, Verdict.FINAL),
        (Stage.SENDER, 553, Verdict.RETRY),
        (Stage.SERVER, None, Verdict.SERVER_AWAY),
        (Stage.SERVER, 421, Verdict.SERVER_AWAY),
        (Stage.SERVER, 535, Verdict.SERVER_AWAY),
    ],
)
def test_only_a_5xx_about_the_letter_itself_is_final(stage: Stage, code: int | None, meant: Verdict) -> None:
    assert rules.verdict(stage, code) is meant


# -- addresses and headers


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("anna.verdi@example.org", "anna.verdi@example.org"),
        ("  Anna+casa@Example.ORG ", "Anna+casa@example.org"),
        ("o'neill@posta.example.it", "o'neill@posta.example.it"),
        ("anna@münchen.example", "anna@xn--mnchen-3ya.example"),
    ],
)
def test_an_address_that_can_be_written_to_is_taken(written: str, meant: str) -> None:
    assert rules.checked_address(written) == meant


@pytest.mark.parametrize(
    "written",
    [
        "", "anna", "anna@", "@example.org", "anna@example", "anna@@example.org", "an na@example.org", ".anna@example.org",
        "anna.@example.org", "an..na@example.org", "anna@-example.org", "anna@example.org.", "anna@127.0.0.1", "anna@exa mple.org",
        "anna@example.org\nBcc: all@example.org", "anna@example.org\r\nRCPT TO:<b@example.org>", "anna@example.org,b@example.org",
        "Anna <anna@example.org>", "<anna@example.org>", "annà@example.org", '"anna verdi"@example.org',
        "a" * 65 + "@example.org", "a@" + "b" * 64 + ".org", "a@" + "b." * 130 + "org", "a@example.org\0",
    ],
)  # fmt: skip
def test_any_other_address_is_refused_without_being_repeated(written: str) -> None:
    with pytest.raises(LetterRefused) as refused:
        rules.checked_address(written)
    assert str(refused.value) == (
        "the e-mail address is none that can be written to. Example: nome.cognome@example.org"
    )


@pytest.mark.parametrize("sign", ["\n", "\r", "\r\n", "\0", "\t", "\x0b", "\x85", "\u2028", "\u2029", "\x1b"])
@pytest.mark.parametrize(
    "facts",
    [
        Answer(code=CODE, name="Anna{}Bcc: all@example.org", received_on=date(2026, 11, 25), text="x"),
        EventAnswer(code=CODE, event="Terremoto{}Bcc: all@example.org", text="x"),
        SentToOffice(code=CODE, office="Ufficio{}X-Spam: no"),
        TakenCharge(code=CODE, subject="Ciao{}Bcc: b@example.org", received_on=date(2026, 11, 25), due_on=date(2026, 12, 2), days=7),
        TakenCharge(code=CODE, attachments=("a{}b",), received_on=date(2026, 11, 25), due_on=date(2026, 12, 2), days=7),
    ],
    ids=lambda facts: facts.kind,
)  # fmt: skip
def test_a_line_break_or_control_sign_in_what_must_be_one_line_is_refused(facts: Facts, sign: str) -> None:
    forged = {
        name: tuple(part.format(sign) for part in value) if isinstance(value, tuple) else value.format(sign)
        for name, value in vars(facts).items()
        if isinstance(value, tuple) or (isinstance(value, str) and "{}" in value)
    }
    with pytest.raises(LetterRefused, match="must be one line"):
        shipped().text(replace(facts, **forged), Language.IT)


@given(text=st.text())
def test_whatever_a_requester_or_operator_wrote_the_subject_is_one_line_and_the_body_has_no_control_sign(
    text: str,
) -> None:
    answer = shipped().text(Answer(code=CODE, received_on=date(2026, 11, 25), text=text), Language.IT)
    assert len(answer.subject.splitlines()) == 1
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]", answer.body)


def test_what_looks_like_a_template_is_only_text() -> None:
    text = "{{ 7 * 7 }} {% include '/etc/passwd' %} {{ code.__class__ }}"
    assert text in shipped().text(Answer(code=CODE, received_on=date(2026, 11, 25), text=text), Language.IT).body


def test_a_requesters_own_words_are_quoted_line_by_line() -> None:
    facts = TakenCharge(
        code=CODE, received_on=date(2026, 11, 25), due_on=date(2026, 12, 2), days=7, text="uno\r\n\rdue"
    )
    assert "\n> uno\n>\n> due\n" in shipped().text(facts, Language.IT).body


# -- texts


def everything() -> list[tuple[Facts, Language]]:
    return [(facts, language) for facts in SAMPLES for language in Language]


def named(case: object) -> str:
    return str(case.kind if isinstance(case, Facts) else case)


def test_there_is_a_sample_of_every_kind() -> None:
    assert {facts.kind for facts in SAMPLES} == set(LetterKind)


def test_a_template_without_a_kind_does_not_lie_about() -> None:
    names = {path.name.removesuffix(".txt.j2") for path in FOLDER.glob("*/*")}
    assert names == {kind.value for kind in LetterKind} | {"frame"}


@pytest.mark.parametrize(("facts", "language"), everything(), ids=named)
def test_every_letter_shows_the_code_in_groups_and_says_that_it_is_no_rescue_service(
    facts: Facts, language: Language
) -> None:
    text = shipped().text(facts, language)
    assert "123 456 789 03" in text.subject
    assert "123 456 789 03" in text.body
    assert "112" in text.body
    assert re.search("non è un servizio di soccorso|not a rescue service", text.body)
    assert facts.name in text.body or facts.kind is LetterKind.OTHER_LANGUAGE
    assert not re.search(r"\n\n\n| \n|\{|None|\d{4}-\d\d-\d\d", text.body)


def test_the_receipt_has_the_summary_the_code_how_to_follow_and_the_term() -> None:
    whole = SAMPLES[0]
    assert isinstance(whole, TakenCharge)
    body = shipped().text(whole, Language.IT).body
    for entered in (
        whole.name,
        whole.address,
        whole.phone,
        whole.subject,
        whole.text,
        *whole.attachments,
        "segnalazione",
    ):
        assert entered in body
    for told in ("800 840 840", "entro 40 giorni", "entro il 5 gennaio 2027", "26 novembre 2026"):
        assert told in body


def test_the_request_for_documents_says_which_by_when_and_what_happens_otherwise() -> None:
    facts = DocumentsAsked(code=CODE, documents="il verbale", by=date(2027, 1, 5), days=40)
    body = shipped().text(facts, Language.IT).body
    for told in ("il verbale", "entro il 5 gennaio 2027", "entro 40 giorni, chiudiamo la pratica", "si ferma"):
        assert told in body


def test_the_notice_for_other_languages_is_the_same_text_in_five() -> None:
    [facts] = [facts for facts in SAMPLES if facts.kind is LetterKind.OTHER_LANGUAGE]
    [text] = {shipped().text(facts, language) for language in Language}
    for word in ("Italiano:", "English:", "Français", "Deutsch:", "Español:"):
        assert word in text.body


@pytest.mark.parametrize(
    ("day", "italian", "english"),
    [
        (date(2026, 11, 26), "26 novembre 2026", "26 November 2026"),
        (date(2027, 1, 1), "1º gennaio 2027", "1 January 2027"),
        (date(2027, 8, 31), "31 agosto 2027", "31 August 2027"),
    ],
)
def test_a_date_is_written_in_words(day: date, italian: str, english: str) -> None:
    assert rules.in_words(day, Language.IT) == italian
    assert rules.in_words(day, Language.EN) == english


def gulpease(text: str) -> float:
    """Lucisano and Piemontese (1988): 100 is easiest; from 60 on it is easy for who finished the lower secondary school.

    A sentence ends at `.`, `!`, `?`, or with its line where a line is no whole sentence (a heading, an item of a list).
    """
    lines = [line for line in text.splitlines() if re.search(r"\w", line)]
    sentences = sum(max(1, len(re.findall(r"[.!?]+(?=\s|$)", line))) for line in lines)
    words = re.findall(r"\w+", text)
    return 89 + (300 * sentences - 10 * sum(len(word) for word in words)) / len(words)


def prose(text: str) -> str:
    """Without the lines of the summary, the greeting and the signature, which are short and would flatter the figure."""
    lines = text.splitlines()
    kept = [line for line in lines if re.search(r"[.!?]$", line) and not line.startswith(">")]
    return "\n".join(kept)


@pytest.mark.parametrize("facts", SAMPLES, ids=lambda facts: facts.kind)
def test_italian_letters_are_easy_to_read(facts: Facts) -> None:
    text = shipped().text(facts, Language.IT).body
    text = text.split("\n\n")[0] if facts.kind is LetterKind.OTHER_LANGUAGE else prose(text)
    index = gulpease(text)
    print(f"Gulpease {facts.kind.value}: {index:.1f}")
    assert index >= GULPEASE_LEAST


def test_the_index_tells_plain_from_bureaucratic_italian() -> None:
    bureaucratic = (
        "Con riferimento all'istanza in oggetto, si rappresenta che la documentazione integrativa richiesta dovrà essere "
        "trasmessa allo scrivente ufficio entro il termine perentorio di quaranta giorni, decorso infruttuosamente il quale "
        "si procederà all'archiviazione del procedimento amministrativo."
    )
    assert gulpease(bureaucratic) < 45
    assert gulpease("Ci mandi i documenti. Ha tempo fino al 5 gennaio.") > 80


# -- broken templates


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(FOLDER, tmp_path / "templates")
    return tmp_path / "templates"


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("{% block subject %}x{% endblock %}{{ nobody }}", "'nobody' is undefined"),
        ("{% block subject %}{{ nobody }}{% endblock %}", "'nobody' is undefined"),
        ("{% block subject %}x", "Unexpected end of template"),
        ("no subject", "'subject'"),
        ("{% block subject %}{{ ''.__class__.__mro__ }}{% endblock %}", "unsafe"),
    ],
)
def test_a_broken_template_stops_the_start_naming_its_file(folder: Path, content: str, fault: str) -> None:
    (folder / "en" / "answer.txt.j2").write_text(content, "utf-8")
    with pytest.raises(TemplateBroken, match=f"en/answer.txt.j2: .*{fault}"):
        Templates(folder)


def test_a_missing_template_stops_the_start(folder: Path) -> None:
    (folder / "it" / "reopened.txt.j2").unlink()
    with pytest.raises(TemplateBroken, match=r"it/reopened\.txt\.j2"):
        Templates(folder)
