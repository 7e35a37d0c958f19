"""Practices found from the keyboard."""

from __future__ import annotations

import pytest

from tests.integration.test_commands_practice import new, refused, types

pytestmark = pytest.mark.usefixtures("platform")


def test_practices_are_found_by_the_words_of_a_request_in_all_their_forms() -> None:
    wall, river = new(text="Il muro della scuola si muove."), new(text="Il fiume è molto alto.")
    found = types("find", "muri scuole")
    assert found.startswith(wall)
    assert "[muro]" in found
    assert river not in found
    assert types("find", "terremoto") == "no practice has these words\n"
    assert "and more than these 1" in types("find", "scuola or fiume", "--limit", "1")
    assert types("find", "fiume", "--state", "closed") == "no practice has these words\n"


def test_words_that_ask_for_nothing_are_refused_with_a_sentence() -> None:
    assert "words" in refused("find", "il la di")


def test_the_same_request_written_twice_is_suggested_as_a_duplicate_with_the_reasons() -> None:
    first, second = new(), new()
    suggested = types("duplicates", first)
    assert suggested.startswith(second)
    assert "same email" in suggested
    other = new("--channel", "letter", "--name", "Bruno", text="Vorrei diventare volontario.")
    assert types("duplicates", other) == "none looks like the same request\n"
