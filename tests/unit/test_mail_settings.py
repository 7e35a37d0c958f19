"""Settings of the mail server that cannot work stop the start with a sentence and an example."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from channels.settings import SmtpSettings, TlsMode
from foundation.settings import SettingsError, load


class Tree(BaseModel):
    smtp: SmtpSettings = SmtpSettings()


GOOD = {"HOST": "mail.example.it", "SENDER": "contactcenter@Example.it", "USER": "cc", "PASSWORD": "geheim"}


def read(**values: str) -> SmtpSettings:
    return load(Tree, {f"CENTRALINO_SMTP__{name}": value for name, value in values.items()}).smtp


def test_without_any_setting_there_is_no_server() -> None:
    assert read().host == ""


def test_a_server_is_spoken_to_over_tls_unless_told_otherwise() -> None:
    smtp = read(**GOOD)
    assert (smtp.tls, smtp.port, smtp.domain) == (TlsMode.STARTTLS, 587, "example.it")


def test_the_password_is_not_shown() -> None:
    assert "geheim" not in repr(read(**GOOD)) + str(read(**GOOD).model_dump())


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"SENDER": ""}, "smtp.sender is wrong: letters need an address .* CENTRALINO_SMTP__SENDER=contactcenter@example.it"),
        ({"SENDER": "contactcenter"}, "smtp.sender is wrong: the e-mail address is none"),
        ({"REPLY_TO": "a@example.it, b@example.it"}, "smtp.reply_to is wrong"),
        ({"SENDER_NAME": "Contact\nCenter"}, "smtp.sender_name is wrong: the name holds a line break"),
        ({"TLS": "maybe"}, "smtp.tls is wrong.* Example: CENTRALINO_SMTP__TLS=starttls"),
        ({"TLS": "none"}, "smtp.user is wrong: its password would travel in plain text"),
        ({"PASSWORD": ""}, "smtp.password is wrong: a user needs a password .*CENTRALINO_SMTP__PASSWORD_FILE="),
        ({"HOST": "mail.example.it\r\nX"}, "smtp.host is wrong"),
        ({"HELLO": "me\r\nMAIL FROM"}, "smtp.hello is wrong"),
        ({"PORT": "0"}, "smtp.port is wrong"),
    ],
    ids=str,
)  # fmt: skip
def test_what_cannot_work_is_named_with_an_example(wrong: dict[str, str], told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        read(**GOOD | wrong)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_a_password_may_go_in_plain_text_to_this_machine(host: str) -> None:
    assert read(**GOOD | {"HOST": host, "TLS": "none"}).user == "cc"
