"""A document's name as the requester called it, made safe to show, to save and to open. Pure."""

from __future__ import annotations

import re
import unicodedata

from ticket_core.attachments.kinds import Kind

LONGEST = 120
"""Characters."""

NAMELESS = "document"

_PATHS = re.compile(r"[/\\]")
_NOT_ON_WINDOWS = re.compile(r'[<>:"|?*]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.I)
_EXTENSION = re.compile(r"\.([A-Za-z0-9]{1,10})$")


def extension_of(name: str) -> str:
    """The extension in lower case without its dot; empty when there is none."""
    found = _EXTENSION.search(name.strip())
    return found[1].lower() if found else ""


def safe_name(name: str, kind: Kind) -> str:
    """No folders, no control or direction characters, at most `LONGEST` characters, an extension that fits the content.

    An extension that fits is kept; to another one the fitting one is added (`photo.jpg.js` that is text: `photo.jpg.js.txt`).
    """
    text = unicodedata.normalize("NFC", _PATHS.split(name)[-1])
    # Category C: controls, marks that turn the direction of writing, halves of characters.
    text = "".join(
        sign if sign.isprintable() else " " for sign in text if unicodedata.category(sign) not in {"Cf", "Cs"}
    )
    text = " ".join(_NOT_ON_WINDOWS.sub("_", text).split()).strip(". ") or NAMELESS
    if _RESERVED.match(text):
        text = f"_{text}"
    extension = extension_of(text)
    stem = text
    if extension in kind.extensions:
        stem, extension = text[: -len(extension) - 1], text[-len(extension) :]
    else:
        extension = kind.extensions[0]
    return f"{stem[: LONGEST - len(extension) - 1].rstrip('. ') or NAMELESS}.{extension}"
