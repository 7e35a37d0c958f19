"""The practice code catches what fingers and ears get wrong."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import damm

from ticket_core.codes import CODE_DIGITS, RANDOM_DIGITS, grouped, is_well_formed, new_code, normalise

DIGITS = "0123456789"

codes = st.integers(0, 10**RANDOM_DIGITS - 1).map(lambda number: with_check(f"{number:0{RANDOM_DIGITS}d}"))


def with_check(digits: str) -> str:
    return digits + str(damm.calc_check_digit(digits))


def one_wrong_digit(code: str) -> set[str]:
    """Every code that differs from this one in one place, the check digit among them."""
    return {code[:at] + digit + code[at + 1 :] for at in range(len(code)) for digit in DIGITS} - {code}


def two_swapped(code: str) -> set[str]:
    """Every code in which two neighbours changed places, the check digit among them; equal ones change nothing."""
    return {code[:at] + code[at + 1] + code[at] + code[at + 2 :] for at in range(len(code) - 1)} - {code}


def test_a_new_code_is_well_formed_and_unlike_the_one_before() -> None:
    drawn = [new_code() for _ in range(100)]
    assert all(is_well_formed(code) for code in drawn)
    assert len(set(drawn)) == 100


@given(codes)
@pytest.mark.promise("Every single wrong digit and every two swapped neighbours in a code are caught")
def test_every_code_with_one_wrong_digit_or_two_swapped_neighbours_is_refused(code: str) -> None:
    assert is_well_formed(code)
    wrong = one_wrong_digit(code)
    assert len(wrong) == CODE_DIGITS * 9
    assert not any(is_well_formed(one) for one in wrong | two_swapped(code))


@pytest.mark.promise("Every single wrong digit and every two swapped neighbours in a code are caught")
def test_no_code_at_all_hides_one_wrong_digit_or_two_swapped_neighbours() -> None:
    """Of what stands before a digit, one of ten states is left; the check of these ten is the check of all codes.

    From different states the same digit leads to different ones, so that a difference made once stays until the end; a wrong digit,
    or two swapped ones, make that difference in every state.
    """
    states = {damm.checksum(digit): digit for digit in DIGITS}
    assert sorted(states) == list(range(10))
    for digit in DIGITS:
        assert len({damm.checksum(before + digit) for before in states.values()}) == 10
    for before in states.values():
        assert len({damm.checksum(before + digit) for digit in DIGITS}) == 10
        for left, right in product(DIGITS, repeat=2):
            swapped_is_seen = damm.checksum(before + left + right) != damm.checksum(before + right + left)
            assert swapped_is_seen == (left != right)


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
