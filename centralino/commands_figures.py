"""`centralino figures`: what the queue came to, by the formulas of the ledger's figures."""

from __future__ import annotations

import sys
from datetime import datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from centralino import figures_export, who
from centralino.console import console
from centralino.practice_desk import Author, work
from centralino.practice_typed import Refused, day_of, instant_of, signed
from centralino.records import Records
from foundation.audit import Act
from foundation.clock import SystemClock
from ledger.accessibility import LineState
from ledger.figures import Facts, Target
from ledger.live import Live, live
from ledger.report import TooLong
from ledger.span import Span
from ledger.tables import By, Row, rows

app = typer.Typer()


@app.command("figures")
def show_figures(
    day: Annotated[str, typer.Option(help="one local day: 2026-11-20; default: today")] = "",
    from_: Annotated[str, typer.Option("--from", help="or from this local time: 2026-11-20, or 2026-11-20T09:30")] = "",
    to: Annotated[str, typer.Option("--to", help="to this one; of a date alone its end; default: now")] = "",
    by: Annotated[By, typer.Option(help="one row for each of these")] = By.TOTAL,
    within: Annotated[float, typer.Option(help="the service level's seconds", min=0.0, max=3600.0)] = 20.0,
    as_json: Annotated[bool, typer.Option("--json", help="for programs, with the data dictionary")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="for spreadsheets")] = False,
    author: Author = "",
    dictionary: Annotated[
        bool, typer.Option("--dictionary", help="what the columns mean, as CSV; nothing is read")
    ] = False,
) -> None:
    """Offered, answered, abandoned, service level, waits, handling and occupancy of a stretch of time. Exercises stay out.

    The audit says who took them away with --json or --csv.
    """
    if dictionary:
        figures_export.write_dictionary(by, sys.stdout)
        return
    zone, now = who.tree().hours.zone, SystemClock().now()
    span = _span(day, from_, to, zone, now)
    by_whom = signed(author) if as_json or as_csv else None

    async def read(records: Records) -> tuple[Facts, list[Row]]:
        try:
            facts = await records.reports.facts(span, now)
        except TooLong as error:
            raise Refused(str(error)) from None
        found = rows(facts, span, by, zone, Target(within_s=within), LineState())
        if by_whom is not None:
            await records.audit.write(by_whom, Act.EXPORT, f"figures by {by.value}", rows=len(found))
        return facts, found

    facts, found = work(read)
    _tell(found, live(facts) if now in span else None, by, zone, as_json, as_csv)


def _tell(found: list[Row], now: Live | None, by: By, zone: ZoneInfo, as_json: bool, as_csv: bool) -> None:
    if as_json:
        figures_export.write_json(found, now, by, zone, sys.stdout)
    elif as_csv:
        figures_export.write_csv(found, by, zone, sys.stdout)
    elif not found:
        print("nothing happened in this time")
    elif by is By.TOTAL:
        print("\n".join((*figures_export.lines(found[0]), *(figures_export.moment_lines(now) if now else ()))))
    else:
        console.print(figures_export.table(found, by, zone))


def _span(day: str, from_: str, to: str, zone: ZoneInfo, now: datetime) -> Span:
    """The stretch that was typed. Raises `Refused`."""
    if day and (from_ or to):
        raise Refused("say --day, or --from and --to")
    if from_ or to:
        since = instant_of(from_ or f"{now.astimezone(zone):%Y-%m-%d}", zone, time.min)
        until = (_end_of(to, zone) if len(to) == len("2026-12-24") else instant_of(to, zone)) if to else now
    else:
        today = day_of(day) if day else now.astimezone(zone).date()
        since, until = instant_of(f"{today}", zone, time.min), _end_of(f"{today}", zone)
    if since >= until:
        raise Refused("the stretch ends before it begins")
    return Span(since, until)


def _end_of(day: str, zone: ZoneInfo) -> datetime:
    try:
        return instant_of(f"{day_of(day) + timedelta(days=1)}", zone, time.min)
    except OverflowError:
        raise Refused(f"'{day}' is no day of this calendar's") from None
