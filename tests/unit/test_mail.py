"""A letter as a message: every mail program reads the words that were written, and no word becomes a header."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from channels.mail import written
from channels.settings import SmtpSettings
from ticket_core.replies.rules import LetterRefused, many_lines

SMTP = SmtpSettings(
    host="127.0.0.1", sender="cc@example.it", sender_name="Città, «Contact» Center", reply_to="r@example.it"
)
AT = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
WORDS = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=200)


def read(raw: bytes) -> EmailMessage:
    return message_from_bytes(raw, _class=EmailMessage, policy=default)


def lines(raw: bytes) -> list[bytes]:
    return raw.split(b"\r\n")


@given(subject=WORDS.map(str.strip).filter(lambda text: text and "=?" not in text))
@example("Terremoto del 20 novembre: la risposta per lei, pratica 123 456 789 03")
@example("Perché l'università è già così lontana, e la risposta ancora di più, pratica 123 456 789 03")
@example("x" * 200)
@example("= ?utf-8?q?Bcc?= " * 8)
def test_a_subject_arrives_as_it_was_written_in_short_lines_of_ascii(subject: str) -> None:
    raw = written("anna@example.org", subject, "Ciao\n", SMTP, AT).as_bytes()
    head = raw.partition(b"\r\n\r\n")[0]
    arrived = read(raw)
    assert " ".join(str(arrived["Subject"]).split()) == " ".join(subject.split())
    assert str(arrived["Subject"])[:1] == subject[:1]
    assert all(len(line) <= 90 and max(line, default=0) < 128 for line in lines(head))
    assert set(arrived) == {
        "From", "To", "Reply-To", "Subject", "Date", "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
    }  # fmt: skip


@given(body=st.text(st.characters(exclude_categories=("Cs",)), max_size=2000))
@example(".\n..\n.From here\nFrom there\n")
@example("parola " * 500)
def test_a_body_arrives_as_it_was_written_in_short_lines_of_ascii(body: str) -> None:
    plain = many_lines(body) + "\n"
    raw = written("anna@example.org", "x", plain, SMTP, AT).as_bytes()
    assert read(raw).get_content().replace("\r\n", "\n") == plain
    assert all(len(line) <= 78 and max(line, default=0) < 128 for line in lines(raw))
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", raw)


@pytest.mark.parametrize("address", ["anna@example.org\r\nBcc: b@example.org", "anna@example.org, b@example.org", ""])
def test_an_address_that_is_two_or_none_is_refused(address: str) -> None:
    with pytest.raises(LetterRefused):
        written(address, "x", "x\n", SMTP, AT)


@pytest.mark.parametrize("sign", ["\r\n", "\n", "\r", "\0", "\x85", "\u2028"])
def test_a_subject_with_a_line_break_is_refused(sign: str) -> None:
    with pytest.raises(LetterRefused, match="must be one line"):
        written("anna@example.org", f"x{sign}Bcc: b@example.org", "x\n", SMTP, AT)


def test_a_subject_that_a_mail_program_would_decode_into_something_else_is_refused() -> None:
    with pytest.raises(LetterRefused, match="=\\?"):
        written("anna@example.org", "=?utf-8?q?x=0D=0ABcc:_b@example.org?=", "x\n", SMTP, AT)
