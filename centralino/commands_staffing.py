"""`centralino staffing`: how many operators a number of calls needs. It reads no records."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from centralino.console import console
from centralino.practice_typed import Refused
from ledger.staffing import Forecast, Load, forecast, operators_needed

app = typer.Typer()

AROUND = 2


@app.command("staffing")
def show_staffing(
    calls: Annotated[float, typer.Option(help="calls that come")],
    minutes: Annotated[float, typer.Option(help="within so many minutes")] = 60.0,
    handling: Annotated[float, typer.Option(help="seconds of talk, hold and wrap-up that a call takes")] = 180.0,
    target: Annotated[float, typer.Option(help="percent of the callers to be answered in time")] = 80.0,
    within: Annotated[float, typer.Option(help="seconds that are in time")] = 20.0,
    patience: Annotated[
        float | None, typer.Option(help="seconds after which callers leave, on average; default: they wait for ever")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="for programs")] = False,
) -> None:
    """The fewest operators that keep the service level, and what two fewer and two more would give."""
    try:
        load = Load(calls, minutes * 60, handling)
        needed = operators_needed(load, target / 100, within, patience)
        around = list(_around(load, needed, within, patience))
    except ValueError as error:
        raise Refused(str(error)) from None
    if as_json:
        print(
            json.dumps(
                {"erlangs": load.erlangs, "needed": needed.operators, "forecasts": [asdict(one) for one in around]}
            )
        )
        return
    console.print(_table(around, needed.operators, within))
    leaving = (
        f"Erlang A, callers leave after {patience:g} s on average" if patience else "Erlang C, callers wait for ever"
    )
    print(
        f"{needed.operators} operators answer {needed.service_level:.1%} within {within:g} s ({load.erlangs:.2f} erlangs; {leaving})"
    )


def _around(load: Load, needed: Forecast, within_s: float, patience_s: float | None) -> Iterator[Forecast]:
    for operators in range(max(1, needed.operators - AROUND), needed.operators + AROUND + 1):
        yield forecast(load, operators, within_s, patience_s)


def _table(forecasts: list[Forecast], needed: int, within_s: float) -> Table:
    table = Table("operators", "wait", f"answered in {within_s:g} s", "speed of answer, s", "leave", "occupancy")
    for one in forecasts:
        speed = "without end" if one.answer_speed_s is None else f"{one.answer_speed_s:.1f}"
        mark = " *" if one.operators == needed else ""
        table.add_row(
            f"{one.operators}{mark}", f"{one.waits:.1%}", f"{one.service_level:.1%}", speed, f"{one.leaves:.1%}", f"{one.occupancy:.1%}"
        )  # fmt: skip
    return table
