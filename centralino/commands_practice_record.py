"""`centralino practice`: what is written down of a practice: the request, documents, other contacts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from uuid import UUID, uuid5

import typer

from centralino import who
from centralino.practice_desk import Author, Code, find, take_step, told, work
from centralino.practice_typed import (
    Refused,
    email_of,
    language_of,
    line_of,
    meant,
    number_of,
    past_instant_of,
    signed,
    text_of,
)
from centralino.records import Records
from foundation.clock import SystemClock
from ticket_core.attachments.model import Attachment, Refusal
from ticket_core.model import Channel, Kind, Practice, Request, Requester, RequesterType

app = typer.Typer()

# The id of a contact is made from what it says: typed again it is the same one.
CONTACTS = UUID("0b6f2f0e-5d52-4a0b-8a5e-6c1c8f4f3a77")


@app.command()
def new(
    channel: Annotated[Channel, typer.Option(help="how it came")],
    text: Annotated[str, typer.Option(help="the request: a file's name, or - for standard input")],
    kind: Annotated[Kind | None, typer.Option(help="what is asked")] = None,
    type_: Annotated[RequesterType, typer.Option("--type", help="who asks")] = RequesterType.CITIZEN,
    name: Annotated[str, typer.Option(help="first name and surname, or the body's name")] = "",
    email: Annotated[str, typer.Option(help="where the answer goes")] = "",
    postal: Annotated[str, typer.Option(help="the postal address, on one line")] = "",
    phone: Annotated[str, typer.Option(help="a telephone number")] = "",
    fax: Annotated[str, typer.Option(help="a fax number")] = "",
    subject: Annotated[str, typer.Option(help="what it is about, on one line")] = "",
    language: Annotated[str, typer.Option(help="it, en; others get the fixed notice")] = "it",
    received: Annotated[
        str, typer.Option(help="when it was received, local time: 2026-11-20T09:30; default: now")
    ] = "",
    exercise: Annotated[bool, typer.Option("--exercise", help="a trial: stays out of every statistic")] = False,
    author: Author = "",
) -> None:
    """Write down a request, and acknowledge it as its channel asks for."""
    now, hours = SystemClock().now(), who.tree().hours
    requester = Requester(
        type_, line_of("the name", name) or None, email_of(email), line_of("the postal address", postal) or None,
        number_of(fax), number_of(phone),
    )  # fmt: skip
    request = Request(
        channel=channel,
        language=language_of(language),
        kind=kind,
        requester=requester,
        subject=line_of("the subject", subject),
        text=text_of(text),
        counts_from=past_instant_of(received, hours.zone, now) if received else None,
        exercise=exercise,
    )
    by = signed(author)
    opened = work(lambda records: records.casework.open(request, by))
    print(told(opened))
    if opened.no_reply_address:
        print("There is no address to answer to: `centralino practice correct` adds one.")


@app.command()
def attach(
    code: Code,
    file: Annotated[str, typer.Argument(help="the document")],
    name: Annotated[str, typer.Option(help="what it is called; default: as the file")] = "",
    author: Author = "",
) -> None:
    """Add a document to a practice; the same one again changes nothing."""
    wanted, by = meant(code), signed(author)

    async def add(records: Records) -> Attachment | str:
        practice = await find(records, wanted)
        answer = await records.attachments.add(practice.id, name or Path(file).name, stream, by, practice.channel)
        return records.attachments.says(answer, "en") if isinstance(answer, Refusal) else answer

    try:
        stream = Path(file).open("rb")  # noqa: SIM115  closed below, when it could be opened
    except OSError as error:
        raise Refused(f"the document {file} cannot be read: {error.strerror}") from None
    with stream:
        kept = work(add)
    if isinstance(kept, str):
        raise Refused(kept)
    print(f"{kept.name} is kept: {kept.media_type}, {kept.bytes} bytes, SHA-256 {kept.sha256}")


@app.command()
def link(
    code: Code,
    channel: Annotated[Channel, typer.Argument(help="how the contact came")],
    reference: Annotated[str, typer.Argument(help='which one: "call 4f1c...", "letter of 20 November"')],
    at: Annotated[str, typer.Option(help="when it came, local time; default: now")] = "",
    author: Author = "",
) -> None:
    """Another contact belongs to a practice; the same one again changes nothing."""
    by, which, now, zone = (
        signed(author),
        line_of("the reference", reference),
        SystemClock().now(),
        who.tree().hours.zone,
    )
    if not which:
        raise Refused("say which contact it is, as 'letter of 20 November'")
    came = past_instant_of(at, zone, now) if at else now

    async def step(records: Records, one: Practice, version: int) -> Practice:
        contact_id = uuid5(CONTACTS, f"{one.id} {channel} {which}")
        await records.casework.link_contact(contact_id, one.id, channel, which, came, by)
        return await find(records, one.id)

    take_step(code, step, None)
