"""Telephone numbers: what a trunk shows or a caller keys in, made one spelling."""

from __future__ import annotations

from collections.abc import Collection

import phonenumbers
from phonenumbers import PhoneNumberType

COUNTRY = "IT"
# Not toll-free, premium or shared cost: nobody can be reached there as a person, and some cost dearly.
_OF_PEOPLE = frozenset({PhoneNumberType.FIXED_LINE, PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})


def caller_number(shown: str) -> str | None:
    """The number in E.164, or None for one that is withheld or cannot be a number: both are normal, at every point."""
    try:
        number = phonenumbers.parse(shown, COUNTRY)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def number_to_call(typed: str, countries: Collection[str] = (COUNTRY,)) -> str | None:
    """The number in E.164, as dialled in Italy or with +39 or 0039; None for one that we do not call.

    We call fixed and mobile numbers of these countries (ISO 3166, two letters). An emergency number is neither.
    """
    e164 = caller_number(typed)
    number = phonenumbers.parse(e164) if e164 else None
    if number is None or not phonenumbers.is_valid_number(number):
        return None
    if phonenumbers.region_code_for_number(number) not in countries:
        return None
    return e164 if phonenumbers.number_type(number) in _OF_PEOPLE else None
