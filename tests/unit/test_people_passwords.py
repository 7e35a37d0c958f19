"""Passwords and tokens as they are kept."""

from __future__ import annotations

import re

import pytest
from argon2 import PasswordHasher

from ticket_core.people import passwords

PASSWORD = "cavallo batteria graffetta"


def test_a_password_is_kept_as_argon2id_with_the_parameters_we_state() -> None:
    kept = passwords.hashed(PASSWORD)
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert PASSWORD not in kept
    assert kept != passwords.hashed(PASSWORD), "each has a salt of its own"


def test_only_the_password_that_was_hashed_matches() -> None:
    kept = passwords.hashed(PASSWORD)
    assert passwords.matches(kept, PASSWORD)
    assert not passwords.matches(kept, PASSWORD + " ")
    assert not passwords.matches("no hash at all", PASSWORD)


def test_without_a_hash_nothing_matches_and_the_work_is_that_of_todays_parameters() -> None:
    assert not passwords.matches(None, PASSWORD)
    assert not passwords.is_outdated(passwords.NOBODYS)
    assert not passwords.matches(passwords.NOBODYS, PASSWORD)


def test_an_accent_is_the_same_from_any_keyboard() -> None:
    assert passwords.matches(passwords.hashed("perch\u00e9 no, domani"), "perche\u0301 no, domani")


def test_half_a_character_is_a_wrong_password_and_no_error_that_shows_it() -> None:
    assert not passwords.matches(passwords.hashed(PASSWORD), PASSWORD + "\ud83c")


@pytest.mark.parametrize("older", [PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1), PasswordHasher()])
def test_a_hash_of_other_parameters_still_matches_and_is_told_apart(older: PasswordHasher) -> None:
    kept = older.hash(PASSWORD)
    assert passwords.matches(kept, PASSWORD)
    assert passwords.is_outdated(kept)
    assert not passwords.is_outdated(passwords.hashed(PASSWORD))


def test_a_token_is_known_by_its_prefix_and_kept_as_a_digest() -> None:
    one, other = passwords.new_token(), passwords.new_token()
    assert re.fullmatch(r"ctk_[A-Za-z0-9_-]{43}", one), "256 bits in Base64"
    assert one != other
    assert len(passwords.digest(one)) == 32
    assert passwords.digest(one) != passwords.digest(other)
