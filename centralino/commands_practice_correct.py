"""`centralino practice correct`: what was written down of a practice, put right."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID

import typer

from centralino.practice_desk import Author, Code, Reason, Seen, take_step
from centralino.practice_typed import Refused, email_of, language_of, line_of, number_of, reason_of, signed, text_of
from centralino.records import NotFound, Records
from ticket_core.edits import KEEP, Edit, Keep
from ticket_core.model import Channel, Kind, Practice, RequesterType

app = typer.Typer()

Changed = Annotated[str | None, typer.Option(help="the right one; empty for none")]


@app.command()
def correct(
    code: Code,
    reason: Reason,
    channel: Annotated[Channel | None, typer.Option(help="how it came: another channel is another term")] = None,
    kind: Annotated[Kind | None, typer.Option(help="what is asked")] = None,
    language: Annotated[str | None, typer.Option(help="it, en, ...")] = None,
    type_: Annotated[RequesterType | None, typer.Option("--type", help="who asks")] = None,
    name: Changed = None,
    email: Changed = None,
    postal: Changed = None,
    phone: Changed = None,
    fax: Changed = None,
    subject: Changed = None,
    text: Annotated[str | None, typer.Option(help="a file's name, or - for standard input")] = None,
    topic: Annotated[str | None, typer.Option(help="a topic's slug; empty for none")] = None,
    municipality: Annotated[str | None, typer.Option(help="an ISTAT code, or a name; empty for none")] = None,
    author: Author = "",
    seen: Seen = None,
) -> None:
    """Put right what was written down; what stood there stays in the history."""
    by, why = signed(author), reason_of(reason)
    given = {
        "type": type_,
        "name": None if name is None else line_of("the name", name),
        "email": None if email is None else email_of(email) or "",
        "postal": None if postal is None else line_of("the postal address", postal),
        "phone": None if phone is None else number_of(phone) or "",
        "fax": None if fax is None else number_of(fax) or "",
    }
    wrong: dict[str, Any] = {field: value or None for field, value in given.items() if value is not None}
    edit = Edit(
        channel=channel or KEEP,
        kind=kind or KEEP,
        language=KEEP if language is None else language_of(language),
        subject=KEEP if subject is None else line_of("the subject", subject),
        text=KEEP if text is None else text_of(text),
    )

    async def step(records: Records, one: Practice, version: int) -> Practice:
        requester = replace(one.requester, **wrong)
        whole = replace(
            edit,
            requester=requester if wrong else KEEP,
            topic_id=await _topic(records, topic),
            municipality=await _municipality(records, municipality),
        )
        return await records.casework.correct(one.id, whole, by, why, version)

    take_step(code, step, seen)


async def _topic(records: Records, slug: str | None) -> UUID | Keep | None:
    if not slug:
        return KEEP if slug is None else None
    found = await records.topics.find(slug)
    if found is None:
        raise NotFound(
            f"there is no topic '{slug}'. There are: {', '.join(one.slug for one in await records.topics.all())}"
        )
    return found.id


async def _municipality(records: Records, typed: str | None) -> str | Keep | None:
    if not typed:
        return KEEP if typed is None else None
    known = await records.places.get(typed)
    found = [known] if known else await records.places.find(typed)
    same = [one for one in found if one.name.lower() == typed.strip().lower()] or found
    if len(same) != 1:
        some = ", ".join(f"{one.istat} {one.name} ({one.province})" for one in same) or "none of the list"
        raise Refused(f"'{typed}' is not one municipality: {some}")
    return same[0].istat
