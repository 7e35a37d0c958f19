"""Which codes may be drawn: random ones, never one whose practice was erased."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass

from ticket_core.codes import new_code


@dataclass(frozen=True)
class CodeBook:
    """`key` is the secret under which erased codes are remembered: without it nobody can try the ten thousand million of them."""

    key: bytes
    draw: Callable[[], str] = new_code

    def __repr__(self) -> str:
        return "CodeBook()"

    def digest(self, code: str) -> bytes:
        """The keyed HMAC of a code, 32 bytes."""
        return hmac.digest(self.key, code.encode("ascii"), "sha256")
