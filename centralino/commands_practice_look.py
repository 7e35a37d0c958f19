"""`centralino practice`: practices looked at: many as a table, one as a page, and both for other programs."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import typer
from rich.table import Column, Table

from centralino import practice_export, who
from centralino.console import console
from centralino.practice_desk import Author, Code, find, gathered, work
from centralino.practice_page import Whole, clock_lines, days_left, local, page, plain, summary
from centralino.practice_typed import Refused, day_of, instant_of, meant, signed
from centralino.records import Records
from foundation.audit import Act
from foundation.clock import SystemClock
from ticket_core.codes import grouped
from ticket_core.model import Channel, PracticeState
from ticket_core.search.model import Hit, Query, Sort
from ticket_core.terms import read_clock

app = typer.Typer()

MOST = 200


class Format(StrEnum):
    """What an export is written as."""

    JSON = "json"
    CSV = "csv"


@app.command("list")
def show_list(
    state: Annotated[list[PracticeState] | None, typer.Option(help="only these states")] = None,
    channel: Annotated[list[Channel] | None, typer.Option(help="only these channels")] = None,
    due: Annotated[str, typer.Option(help="due on this day or before: 2026-12-24, or today")] = "",
    overdue: Annotated[bool, typer.Option("--overdue", help="due before today")] = False,
    office: Annotated[str, typer.Option(help="with the office of this name")] = "",
    operator: Annotated[str, typer.Option(help="with this operator")] = "",
    limit: Annotated[int, typer.Option(min=1, max=MOST, help="at most so many")] = 20,
) -> None:
    """Practices: the next due first where a due day is asked for, else those opened last."""
    tree = who.tree()
    counting = tree.terms.counting(tree.hours)
    today = counting.day(SystemClock().now())
    due_by = today if due == "today" else day_of(due) if due else None

    async def lines(records: Records) -> tuple[Hit, ...]:
        query = Query(
            states=frozenset(state or ()),
            channels=frozenset(channel or ()),
            office_id=(await who.office(records.people, office)).id if office else None,
            operator=operator.strip().lower() or None,
            due_by=due_by,
            overdue=overdue,
            exercises=True,
            sort=Sort.DUE if due_by or overdue else Sort.OPENED,
            limit=limit,
        )
        return (await records.search.find(query)).hits

    table = Table(
        Column("code", no_wrap=True), "state", "opened", "due", "left", "channel", "language", "operator", "subject"
    )
    for one in work(lines):
        left = days_left(one.due_on, today, counting) if one.due_on else "-"
        code = grouped(one.code) if one.code else f"{one.practice_id} (erased)"
        table.add_row(
            code, one.state + " (exercise)" * one.exercise, local(one.opened_at, tree.hours.zone),
            str(one.due_on or "-"), left, one.channel, one.language, one.operator or "-", plain(one.subject),
        )  # fmt: skip
    console.print(table)


@app.command()
def show(
    code: Code,
    at: Annotated[str, typer.Option(help="only its clock, as it was or will be at the end of this day")] = "",
) -> None:
    """One practice: state, due date, who has it, requester, clock, messages, letters, attachments, contacts, history."""
    wanted, tree = meant(code), who.tree()
    counting, zone, now = tree.terms.counting(tree.hours), tree.hours.zone, SystemClock().now()
    if not at:
        print(page(_whole(wanted), now, counting, zone))
        return
    instant = instant_of(at, zone)
    practice = work(lambda records: find(records, wanted))
    print(summary(practice, counting.day(now), counting))
    print(plain("\n".join(clock_lines(practice, instant, counting, zone))))


@app.command()
def export(
    code: Annotated[str | None, typer.Argument(help="one practice, by its code or id")] = None,
    everything: Annotated[bool, typer.Option("--all", help="a table of all practices")] = False,
    format_: Annotated[Format, typer.Option("--format", help="JSON, or CSV for spreadsheets")] = Format.JSON,
    author: Author = "",
) -> None:
    """One practice whole, or a table of all, on standard output; the audit says who had it."""
    by = signed(author)
    if (code is None) != everything:
        raise Refused("name one practice, or say --all")
    if code is None:
        work(lambda records: _export_all(records, format_, by))
        return
    whole, tree = _exported(meant(code), by), who.tree()
    reading = read_clock(whole.practice.clock, SystemClock().now(), tree.terms.counting(tree.hours))
    write = practice_export.write_json if format_ is Format.JSON else practice_export.write_csv
    write(whole, reading, sys.stdout)


async def _export_all(records: Records, format_: Format, author: str) -> None:
    write = practice_export.write_all_json if format_ is Format.JSON else practice_export.write_all_csv
    await write(records.overview.export(author), sys.stdout)


def _whole(wanted: UUID | str) -> Whole:
    async def read(records: Records) -> Whole:
        return await gathered(records, await find(records, wanted))

    return work(read)


def _exported(wanted: UUID | str, author: str) -> Whole:
    async def read(records: Records) -> Whole:
        practice = await find(records, wanted)
        await records.audit.write(author, Act.EXPORT, "practice", practice.id)
        return await gathered(records, practice)

    return work(read)
