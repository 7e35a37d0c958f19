"""What each role may do, who answers whom, what logins and passwords are like, and how guessing slows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_core.people import rules
from ticket_core.people.model import CONTACT_CENTER, IssuedToken, Office, OfficeRequester, Role, Staff, Token
from ticket_core.people.rules import MAY, NotAllowed, Permission

NOW = datetime(2026, 10, 5, 8, 0, tzinfo=UTC)
OWN = Office(CONTACT_CENTER, "Contact Center", None, contact_center=True)
INSTITUTIONS = Office(uuid4(), "Relazioni istituzionali", None, frozenset({OfficeRequester.INSTITUTION}))


def somebody(role: Role, active: bool = True) -> Staff:
    return Staff(uuid4(), "maria.rossi", "Maria Rossi", role, CONTACT_CENTER, active, True, NOW)


# -- what each role may do


def test_an_auditor_reads_everything_and_changes_nothing() -> None:
    assert MAY[Role.AUDITOR] == {one for one in Permission if one.value.startswith("read ")}
    assert Permission.READ_AUDIT in MAY[Role.AUDITOR]


def test_each_role_of_those_who_work_may_what_the_one_below_may_and_more() -> None:
    assert MAY[Role.OPERATOR] < MAY[Role.SUPERVISOR] < MAY[Role.ADMINISTRATOR] == set(Permission)


@pytest.mark.parametrize(
    ("what", "roles"),
    [
        (Permission.HANDLE_PRACTICES, "operator, supervisor, administrator"),
        (Permission.ASSIGN_TO_OTHERS, "supervisor, administrator"),
        (Permission.DECLARE_EVENTS, "supervisor, administrator"),
        (Permission.MANAGE_PEOPLE, "administrator"),
        (Permission.ERASE, "administrator"),
        (Permission.READ_AUDIT, "administrator, auditor"),
    ],
)
def test_who_may_not_is_told_who_may(what: Permission, roles: str) -> None:
    for role in Role:
        if rules.may(role, what):
            rules.check_may(somebody(role), what)
            continue
        with pytest.raises(NotAllowed) as refused:
            rules.check_may(somebody(role), what)
        assert str(refused.value) == f"maria.rossi is {role} and may not {what}: that is for {roles}"


def test_who_does_not_work_here_any_more_may_nothing() -> None:
    with pytest.raises(NotAllowed, match="does not work here any more"):
        rules.check_may(somebody(Role.ADMINISTRATOR, active=False), Permission.READ_PRACTICES)


# -- which office answers


def test_citizens_stay_with_the_contact_center_and_institutions_go_to_the_competent_office() -> None:
    offices = [INSTITUTIONS, OWN]
    assert rules.competent_office("citizen", offices) is OWN
    assert rules.competent_office("institution", offices) is INSTITUTIONS


def test_whoever_no_office_is_competent_for_is_answered_by_the_contact_center() -> None:
    assert rules.competent_office("company", [INSTITUTIONS, OWN]) is OWN
    with pytest.raises(ValueError, match="Contact Center is not among"):
        rules.competent_office("company", [INSTITUTIONS])


def test_a_type_of_requester_has_one_office() -> None:
    other = Office(
        uuid4(), "Volontariato", None, frozenset({OfficeRequester.INSTITUTION, OfficeRequester.ORGANISATION})
    )
    assert "'Relazioni istituzionali' is competent for institution already" in str(
        rules.competence_fault(other, [OWN, INSTITUTIONS])
    )
    assert rules.competence_fault(INSTITUTIONS, [OWN]) is None


# -- logins, passwords, names


@pytest.mark.parametrize("login", ["ab", "maria.rossi", "m-r_2", "a" * 64])
def test_a_login_that_reads_as_one_is_taken(login: str) -> None:
    assert rules.login_fault(login) is None


@pytest.mark.parametrize(
    "login", ["", "a", "2maria", "maria rossi", "Maria", "mària", "a" * 65, "maria\n", "maria@x.it"]
)
def test_a_login_that_is_malformed_is_refused_with_an_example(login: str) -> None:
    assert "Example: maria.rossi" in str(rules.login_fault(login))


def test_nobody_takes_the_place_of_a_machine_in_a_history() -> None:
    assert "stands for a part of this software" in str(rules.login_fault("voicemail_worker"))


def test_a_login_is_the_same_however_it_is_typed() -> None:
    assert rules.normal_login(" Maria.ROSSI\n") == "maria.rossi"


@pytest.mark.parametrize(
    ("password", "sentence"),
    [
        ("elevenchars", "at least 12 characters"),
        ("x" * 257, "at most 256 characters"),
        ("Maria.Rossi.Neri", "is not the login"),
    ],
)
def test_a_password_that_is_refused_is_not_repeated(password: str, sentence: str) -> None:
    fault = rules.password_fault(password, "maria.rossi.neri")
    assert fault is not None
    assert sentence in fault
    assert password not in fault


@pytest.mark.parametrize("password", ["twelve chars", "x" * 256, "perché così 🌋 no"])
def test_a_long_password_is_taken_whatever_its_characters(password: str) -> None:
    assert rules.password_fault(password, "maria.rossi") is None


@pytest.mark.parametrize("name", ["", " Maria", "two\nlines", "x" * 201, "\x00"])
def test_a_name_is_one_line_that_can_be_read(name: str) -> None:
    assert "one line" in str(rules.name_fault(name))
    assert rules.name_fault("Maria D'Àncona") is None


@pytest.mark.parametrize("email", ["", "office", "a@b", "a b@example.org", "a@example.org\nBcc: b@example.org"])
def test_an_office_hears_of_its_practices_at_an_address_that_is_one(email: str) -> None:
    assert "office@example.org" in str(rules.office_fault(Office(uuid4(), "Ufficio", email)))
    assert rules.office_fault(Office(uuid4(), "Ufficio", "ufficio@example.org")) is None


# -- guessing, and tokens


def test_five_failures_are_free_and_then_each_costs_twice_as_long_up_to_five_minutes() -> None:
    delays = [rules.locked_until(failures, NOW) for failures in range(11)]
    assert delays[:5] == [None] * 5
    assert [(until - NOW).total_seconds() for until in delays[5:] if until] == [30, 60, 120, 240, 300, 300]


@given(st.integers(min_value=5, max_value=2**31 - 1))
def test_no_number_of_failures_locks_for_good(failures: int) -> None:
    until = rules.locked_until(failures, NOW)
    assert until is not None
    assert timedelta(0) < until - NOW <= rules.LONGEST_DELAY


def test_a_token_lives_a_year_at_most() -> None:
    assert rules.token_life_fault(timedelta(days=366)) is None
    for life in (timedelta(days=367), timedelta(0), timedelta(days=-1)):
        assert "at most 366 days" in str(rules.token_life_fault(life))


def test_a_new_token_does_not_show_its_secret_where_values_are_printed() -> None:
    issued = IssuedToken(Token(uuid4(), uuid4(), "export", NOW, NOW, None, None), "ctk_secret")
    assert "ctk_secret" not in f"{issued!r} {issued}"
