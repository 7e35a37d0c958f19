"""Caller numbers: what a trunk shows, made one spelling."""

from __future__ import annotations

import phonenumbers

COUNTRY = "IT"


def caller_number(shown: str) -> str | None:
    """The number in E.164, or None for one that is withheld or cannot be a number: both are normal, at every point."""
    try:
        number = phonenumbers.parse(shown, COUNTRY)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
