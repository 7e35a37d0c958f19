"""Fetch one file over https, with a limit on its size and on silence."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from voicemail_worker.model import ModelError

SILENCE_S = 20.0
LARGEST = 4 * 1024**3
BLOCK = 256 * 1024


def fetch(address: str, target: Path, progress: Callable[[int, int | None], None] | None = None) -> None:
    """Write what `address` holds to `target`. Raises `ModelError` when it cannot be had whole."""
    if not address.startswith("https://"):
        raise ModelError(f"{address} is not an https address: a model fetched in the clear could be anybody's.")
    try:
        with urllib.request.urlopen(address, timeout=SILENCE_S) as answer:  # noqa: S310 - https only, checked above
            length = answer.headers.get("Content-Length")
            expected = int(length) if length and length.isdigit() else None
            got = _copy(answer, target, expected, progress)
    except (OSError, http.client.HTTPException) as error:
        cause = getattr(error, "reason", None) or error
        raise ModelError(
            f"{address} cannot be fetched ({cause}). Fetch it on another machine and give its path:"
            " centralino models add LANGUAGE PATH"
        ) from None
    if expected is not None and got != expected:
        raise ModelError(f"{address} broke off after {got} of {expected} bytes. Try again.")


def _copy(
    answer: http.client.HTTPResponse,
    target: Path,
    expected: int | None,
    progress: Callable[[int, int | None], None] | None,
) -> int:
    got = 0
    with target.open("wb") as file:
        while block := answer.read(BLOCK):
            got += len(block)
            if got > LARGEST:
                raise ModelError(f"the model is larger than {LARGEST // 1024**3} GiB: that is no Vosk model.")
            file.write(block)
            if progress:
                progress(got, expected)
    return got
