"""`centralino practice`: practices found by what was written or said, and those that may be one request."""

from __future__ import annotations

from typing import Annotated

import typer

from centralino import who
from centralino.console import console
from centralino.practice_desk import Code, find, work
from centralino.practice_page import local, plain
from centralino.practice_typed import meant
from centralino.records import Records
from ticket_core.codes import grouped
from ticket_core.model import Channel, PracticeState
from ticket_core.search.model import Hit, Query, Sort, Suggestion

app = typer.Typer()

MOST = 100


@app.command("find")
def search(
    words: Annotated[
        str, typer.Argument(help='Italian or English, transcripts too: muro scuola, "a phrase", one or two, -without')
    ],
    state: Annotated[list[PracticeState] | None, typer.Option(help="only these states")] = None,
    channel: Annotated[list[Channel] | None, typer.Option(help="only these channels")] = None,
    relevance: Annotated[bool, typer.Option("--relevance", help="likeliest first, not newest first")] = False,
    limit: Annotated[int, typer.Option(min=1, max=MOST, help="at most so many")] = 20,
) -> None:
    """Find practices by words, in all their forms. What was looked for stands in [brackets]."""
    query = Query(
        words=words,
        states=frozenset(state or ()),
        channels=frozenset(channel or ()),
        sort=Sort.RELEVANCE if relevance else Sort.OPENED,
        limit=limit,
    )
    page = work(lambda records: records.search.find(query))
    zone = who.tree().hours.zone
    for hit in page.hits:
        console.print(f"{grouped(hit.code)}  {hit.state}, {local(hit.opened_at, zone)} by {hit.channel}: {_found(hit)}")
    if not page.hits:
        console.print("no practice has these words")
    elif page.cursor:
        console.print(f"and more than these {len(page.hits)}")


@app.command()
def duplicates(code: Code) -> None:
    """Practices that may be the same request, likeliest first; `practice merge` makes one of two."""
    wanted = meant(code)

    async def suggested(records: Records) -> tuple[Suggestion, ...]:
        return await records.search.suggest_duplicates((await find(records, wanted)).id)

    zone = who.tree().hours.zone
    suggestions = work(suggested)
    for one in suggestions:
        reasons = ", ".join(reason.replace("_", " ") for reason in one.reasons)
        opened = local(one.opened_at, zone)
        console.print(f"{grouped(one.code)}  {one.score:.2f}, {opened}: {reasons}. {plain(one.subject)}".rstrip())
    if not suggestions:
        console.print("none looks like the same request")


def _found(hit: Hit) -> str:
    pieces = (f"[{one.text}]" if one.marked else one.text for one in hit.snippet)
    return " ".join(plain("".join(pieces)).split())
