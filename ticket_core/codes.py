"""The practice code: ten random digits and a Damm check digit, shown and read as 3-3-3-2 (source: the practice, "Code")."""

from __future__ import annotations

import re
import secrets

from stdnum import damm

RANDOM_DIGITS = 10
CODE_DIGITS = RANDOM_DIGITS + 1
GROUPS = (3, 3, 3, 2)

# What people put between the groups; any other sign is left in, so that the code is refused and not misread.
_BETWEEN = re.compile(r"[\s.\-\u2010-\u2015/_]+")


def new_code() -> str:
    """Draw a code: 11 ASCII digits. Nothing in it tells when, or after which other code, it was drawn."""
    digits = f"{secrets.randbelow(10**RANDOM_DIGITS):0{RANDOM_DIGITS}d}"
    return digits + str(damm.calc_check_digit(digits))


def normalise(typed: str) -> str:
    """Drop the spaces, dashes, dots and slashes that people type between groups; refuses nothing."""
    return _BETWEEN.sub("", typed)


def is_well_formed(code: str) -> bool:
    """Tell whether these are 11 digits and the last one fits: any one wrong digit, or two neighbours swapped, does not."""
    return len(code) == CODE_DIGITS and code.isascii() and code.isdigit() and bool(damm.is_valid(code))


def grouped(code: str) -> str:
    """Write an 11-digit code as people read it: `123 456 789 01`."""
    ends = [sum(GROUPS[: n + 1]) for n in range(len(GROUPS))]
    return " ".join(code[end - size : end] for end, size in zip(ends, GROUPS, strict=True))
