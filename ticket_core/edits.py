"""What of a practice a person may put right, and how a correction is told in the history."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from enum import Enum
from uuid import UUID

from ticket_core.intake import cleaned
from ticket_core.model import Channel, Kind, Request, Requester
from ticket_core.store import PracticeRow


class Keep(Enum):
    """Stands for a field that stays as it is, where None would empty it."""

    KEEP = "keep"


KEEP = Keep.KEEP


@dataclass(frozen=True, kw_only=True)
class Edit:
    """New values; what is left out stays. Another channel is another term."""

    channel: Channel | Keep = KEEP
    kind: Kind | Keep | None = KEEP
    language: str | Keep = KEEP
    requester: Requester | Keep = KEEP
    subject: str | Keep = KEEP
    text: str | Keep = KEEP
    topic_id: UUID | Keep | None = KEEP
    municipality: str | Keep | None = KEEP
    event_id: UUID | Keep | None = KEEP

    def cleaned(self) -> Edit:
        """The same, safe to keep. Raises as `intake.cleaned` does."""
        texts = Request(
            channel=Channel.WEB_FORM,
            requester=Requester() if isinstance(self.requester, Keep) else self.requester,
            language="it" if isinstance(self.language, Keep) else self.language,
            subject="" if isinstance(self.subject, Keep) else self.subject,
            text="" if isinstance(self.text, Keep) else self.text,
        )
        safe = cleaned(texts)
        return replace(
            self,
            requester=KEEP if isinstance(self.requester, Keep) else safe.requester,
            subject=KEEP if isinstance(self.subject, Keep) else safe.subject,
            text=KEEP if isinstance(self.text, Keep) else safe.text,
        )

    def apply(self, row: PracticeRow) -> tuple[str, ...]:
        """Change the row. Returns what changed, `field: before -> after` each; nothing for values that it has already."""
        changed = []
        for field in fields(self):
            value = getattr(self, field.name)
            before = row.requester() if field.name == "requester" else getattr(row, field.name)
            if value is KEEP or value == before:
                continue
            changed.append(f"{field.name}: {_told(before)} -> {_told(value)}")
            if isinstance(value, Requester):
                _set_requester(row, value)
            else:
                setattr(row, field.name, value)
        return tuple(changed)


def _set_requester(row: PracticeRow, requester: Requester) -> None:
    row.requester_type, row.name, row.caller = requester.type, requester.name, requester.phone
    row.email, row.postal, row.fax = requester.email, requester.postal, requester.fax
    row.no_reply_address = not requester.has_reply_address


def _told(value: object) -> str:
    if isinstance(value, Requester):
        known = {field.name: getattr(value, field.name) for field in fields(value)}
        return ", ".join(f"{name} {text}" for name, text in known.items() if text)
    return str(value) if value not in (None, "") else "nothing"


def without_person(requester: Requester) -> Requester:
    """The same requester with nothing that says who it is."""
    return replace(requester, name=None, email=None, postal=None, fax=None, phone=None)
