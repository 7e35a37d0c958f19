"""`centralino practice`: the steps that people take with one practice. Each prints how it stands then."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from centralino import who
from centralino.practice_desk import Author, Code, Reason, Seen, find, take_step, work
from centralino.practice_page import name_of
from centralino.practice_typed import Refused, line_of, meant, reason_of, signed, text_of
from centralino.records import Records
from ticket_core.model import Channel, Closure, Practice, PracticeClass

app = typer.Typer()


class Suspension(StrEnum):
    """What is waited for ("Il termine dei 40 giorni è sospeso quando è necessario acquisire ...")."""

    ADMINISTRATION = "administration"
    DOCUMENTS = "documents"


@app.command()
def take(code: Code, author: Author = "", seen: Seen = None) -> None:
    """Make a practice yours, and begin to work on it."""
    by = signed(author)
    take_step(code, lambda records, one, version: records.casework.take(one.id, by, version), seen)


@app.command()
def assign(
    code: Code,
    reason: Reason,
    operator: Annotated[str, typer.Option(help="the operator's login; without it nobody has it")] = "",
    office: Annotated[str, typer.Option(help="the office's name; default: where it is")] = "",
    author: Author = "",
    seen: Seen = None,
) -> None:
    """Give a practice to an operator, or to another office, where nobody has it yet."""
    by, why = signed(author), reason_of(reason)
    if not operator and not office:
        raise Refused("say to whom: --operator maria.rossi, --office 'Ufficio Volontariato', or both")

    async def step(records: Records, one: Practice, version: int) -> Practice:
        whom = await who.user(records.people, operator) if operator else None
        if whom is not None and not whom.active:
            raise Refused(f"{whom.login} does not work here any more: `centralino admin user list` shows who does")
        office_id = (await who.office(records.people, office)).id if office else None
        return await records.casework.assign(one.id, by, why, whom.login if whom else None, office_id, version)

    take_step(code, step, seen)


@app.command()
def classify(
    code: Code,
    as_: Annotated[PracticeClass, typer.Argument(metavar="CLASS", help="how hard the answer is: it sets the term")],
    reason: Reason = "",
    author: Author = "",
    seen: Seen = None,
) -> None:
    """Say how hard the answer is: the term is computed again, and what ran of it is kept."""
    by, why = signed(author), line_of("the reason", reason)
    take_step(code, lambda records, one, version: records.casework.classify(one.id, as_, by, why, version), seen)


@app.command()
def suspend(
    code: Code,
    for_: Annotated[
        Suspension, typer.Argument(metavar="FOR", help="another administration, or the requester's documents")
    ],
    what: Annotated[str, typer.Argument(help='which: "Comune di Roma", or "una fotografia"')],
    author: Author = "",
    seen: Seen = None,
) -> None:
    """Stop the term while another administration is asked, or documents are: the requester is told."""
    by, asked = signed(author), line_of("what is waited for", what)
    if not asked:
        raise Refused('say what is waited for, as "Comune di Roma" or "una fotografia"')

    async def step(records: Records, one: Practice, version: int) -> Practice:
        work_ = records.casework
        ask = work_.ask_administration if for_ is Suspension.ADMINISTRATION else work_.ask_documents
        return await ask(one.id, asked, by, version)

    take_step(code, step, seen)


@app.command()
def resume(code: Code, reason: Reason, author: Author = "", seen: Seen = None) -> None:
    """What was waited for is here: the term runs on from where it stood."""
    by, why = signed(author), reason_of(reason)
    take_step(code, lambda records, one, version: records.casework.resume(one.id, why, by, version), seen)


@app.command()
def answer(
    code: Code,
    text: Annotated[str, typer.Option(help="the answer: a file's name, or - for standard input")],
    by: Annotated[Channel, typer.Option(help="how it is given; by e-mail it is sent from here")] = Channel.EMAIL,
    author: Author = "",
    seen: Seen = None,
) -> None:
    """Answer: by e-mail the letter is queued, by any other channel it is written down as given."""
    who_, words = signed(author), text_of(text)
    if not words:
        raise Refused("the answer is empty: nothing was sent")
    take_step(code, lambda records, one, version: records.casework.answer(one.id, words, who_, by, version), seen)


@app.command()
def close(
    code: Code,
    because: Annotated[Closure, typer.Option(help="the closing reason")],
    reason: Reason,
    author: Author = "",
    seen: Seen = None,
) -> None:
    """Close a practice."""
    by, why = signed(author), reason_of(reason)
    take_step(code, lambda records, one, version: records.casework.close(one.id, because, why, by, version), seen)


@app.command()
def reopen(code: Code, reason: Reason, author: Author = "", seen: Seen = None) -> None:
    """Work on an answered or closed practice again: a new term begins."""
    by, why = signed(author), reason_of(reason)
    take_step(code, lambda records, one, version: records.casework.reopen(one.id, why, by, version), seen)


@app.command()
def merge(
    code: Code,
    into: Annotated[str, typer.Argument(help="the practice that is left, by its code or id")],
    reason: Reason,
    author: Author = "",
    seen: Seen = None,
) -> None:
    """Two practices are one request: the first closes as a duplicate, its code tells of the other from now on."""
    by, why, other = signed(author), reason_of(reason), meant(into)

    async def step(records: Records, one: Practice, version: int) -> Practice:
        kept = await find(records, other)
        if kept.id == one.id:
            raise Refused("a practice cannot be merged into itself: name two")
        return await records.casework.merge(one.id, kept.id, by, why, version)

    take_step(code, step, seen)


@app.command()
def erase(
    code: Code,
    reason: Reason,
    with_merged: Annotated[
        bool, typer.Option("--with-merged", help="also those that were merged into it, which are shown without this")
    ] = False,
    author: Author = "",
    seen: Seen = None,
) -> None:
    """Forget for good who asked and what, and the code; that something happened, and when, stays."""
    by, why, wanted = signed(author), reason_of(reason), meant(code)

    async def forget(records: Records) -> tuple[Practice, int]:
        practice = await find(records, wanted)
        merged = await records.casework.merged_into(practice.id)
        if merged and not with_merged:
            raise Refused(
                f"what was merged into it goes with it: {', '.join(map(name_of, merged))}. Say --with-merged to erase them all"
            )
        version = practice.version if seen is None else seen
        along = await records.casework.erase(practice.id, by, why, version)
        return await find(records, practice.id), along

    practice, along = work(forget)
    print(f"practice {name_of(practice)}: its audio and its attachments go with the next clean-up")
    if along:
        print(f"erased with it, because merged into it: {along}")
    if practice.merged_into:
        print(f"it was merged into {practice.merged_into}, which stays and may say the same: look at that one")
