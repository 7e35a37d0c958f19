"""The practice code catches what fingers and ears get wrong."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ticket_core.codes import grouped, is_well_formed, new_code, normalise

codes = st.builds(new_code)
positions = st.integers(0, 10)


def test_a_new_code_is_well_formed_and_unlike_the_one_before() -> None:
    drawn = [new_code() for _ in range(100)]
    assert all(is_well_formed(code) for code in drawn)
    assert len(set(drawn)) == 100


@given(codes, positions, st.integers(1, 9))
def test_a_code_with_one_wrong_digit_is_refused(code: str, position: int, off: int) -> None:
    wrong = str((int(code[position]) + off) % 10)
    assert not is_well_formed(code[:position] + wrong + code[position + 1 :])


@given(codes, st.integers(0, 9))
def test_a_code_with_two_swapped_digits_is_refused(code: str, position: int) -> None:
    left, right = code[position], code[position + 1]
    assume(left != right)
    assert not is_well_formed(code[:position] + right + left + code[position + 2 :])


@given(codes)
def test_a_code_typed_as_it_is_shown_is_understood(code: str) -> None:
    shown = grouped(code)
    assert [len(group) for group in shown.split()] == [3, 3, 3, 2]
    for between in ("-", "  ", ".", " – ", "\u00a0"):
        assert normalise(f" {shown.replace(' ', between)}\n") == code


@pytest.mark.parametrize("text", ["", "1", "1234567890", "123456789012", "1234567890a", "١٢٣٤٥٦٧٨٩٠١", "²2345678901"])
def test_what_is_not_eleven_plain_digits_is_refused_without_an_error(text: str) -> None:
    assert not is_well_formed(text)


def test_letters_are_left_in_so_that_a_misread_code_is_refused() -> None:
    assert normalise("12O 456") == "12O456"
