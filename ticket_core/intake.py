"""What people type is made safe before it is kept: no control characters, one line where one is meant, an address that is one."""

from __future__ import annotations

import re
from dataclasses import replace

from ticket_core.events.names import one_line
from ticket_core.model import Request, Requester
from ticket_core.replies.rules import checked_address, many_lines

_LANGUAGE = re.compile(r"[a-z]{2,3}")
LONGEST_TEXT = 200_000


class BadRequest(ValueError):
    """The request cannot be taken as it is: the text says which field, why, and what would do. Nothing was written."""


def cleaned(request: Request) -> Request:
    """The same request, safe to keep. Raises `BadRequest`; `LetterRefused` (a ValueError too) for an e-mail address that is none."""
    if len(request.text) > LONGEST_TEXT:
        raise BadRequest(
            f"the text has {len(request.text)} characters, and at most {LONGEST_TEXT} are taken: send it as an attachment"
        )
    if not _LANGUAGE.fullmatch(request.language):
        raise BadRequest("the language is none: two or three small letters are meant, such as it, en or fr")
    return replace(
        request,
        requester=cleaned_requester(request.requester),
        subject=one_line(request.subject),
        text=many_lines(request.text),
    )


def cleaned_requester(requester: Requester) -> Requester:
    """The same, safe to keep; what is empty is None. Raises `LetterRefused` for an e-mail address that is none."""
    email = (requester.email or "").strip()
    return replace(
        requester,
        name=one_line(requester.name or "") or None,
        email=checked_address(email) if email else None,
        postal=many_lines(requester.postal or "") or None,
        fax=one_line(requester.fax or "") or None,
        phone=one_line(requester.phone or "") or None,
    )
