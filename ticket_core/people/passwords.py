"""Passwords and tokens, as they are kept: argon2id for what people choose, SHA-256 for what is drawn at random.

Parameters: 19 MiB, 2 passes, 1 lane (OWASP, Password Storage Cheat Sheet). A password is compared in Unicode's form C (RFC 8265,
section 4.2.2), so that it is the same from any keyboard.
"""

from __future__ import annotations

import hashlib
import secrets
import unicodedata
from base64 import b64encode

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, hash_len=32, salt_len=16, type=Type.ID)
NOBODYS = "$argon2id$v=19$m={0.memory_cost},t={0.time_cost},p={0.parallelism}${1}${2}".format(
    _HASHER, *(b64encode(bytes(length)).decode().rstrip("=") for length in (_HASHER.salt_len, _HASHER.hash_len))
)
"""A hash of today's parameters that no password has: what is compared where there is none, so that the work is the same."""

TOKEN_PREFIX = "ctk_"  # noqa: S105  what every token begins with, so that one in the wrong place is found
_TOKEN_BYTES = 32


def hashed(password: str) -> str:
    """The hash to keep, with its parameters and a salt of its own. Takes tens of milliseconds and 19 MiB: call it from a thread."""
    return _HASHER.hash(_bytes(password))


def matches(kept: str | None, password: str) -> bool:
    """Tell whether the password is the one that was hashed. The work is the same when there is no hash, and then it is not."""
    try:
        _HASHER.verify(kept or NOBODYS, _bytes(password))
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


def is_outdated(kept: str) -> bool:
    """Tell whether the hash was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(kept)


def new_token() -> str:
    """Draw a token: the prefix and 256 random bits in URL-safe Base64."""
    return TOKEN_PREFIX + secrets.token_urlsafe(_TOKEN_BYTES)


def digest(token: str) -> bytes:
    """What is kept of a token: 32 bytes."""
    return hashlib.sha256(_bytes(token)).digest()


def _bytes(text: str) -> bytes:
    # A lone surrogate must not raise: the error would hold the password.
    return unicodedata.normalize("NFC", text).encode("utf-8", "surrogatepass")
