"""The report: `bench/out/report.json` for programs, a table for people."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.table import Column, Table

from bench.model import Figure, Machine

REPORT = Path(__file__).resolve().parent / "out" / "report.json"
DIGITS = 3


def as_json(machine: Machine, figures: Sequence[Figure]) -> dict[str, Any]:
    """The report's shape; a figure without a peer has None for peer, peer_name and ratio."""
    return {"machine": asdict(machine), "figures": [_figure(figure) for figure in figures]}


def _figure(figure: Figure) -> dict[str, Any]:
    return {
        "name": figure.quantity.name,
        "unit": figure.quantity.unit,
        "ours": round(figure.ours, DIGITS),
        "peer": _rounded(figure.peer),
        "peer_name": figure.quantity.peer_name,
        "ratio": _rounded(figure.ratio),
        "n": figure.n,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, DIGITS)


def write(path: Path, machine: Machine, figures: Sequence[Figure]) -> None:
    """Write the report whole: a reader never sees half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".tmp")
    draft.write_text(json.dumps(as_json(machine, figures), indent=2) + "\n", encoding="utf-8")
    draft.replace(path)


def as_table(figures: Sequence[Figure]) -> Table:
    """Value and quartiles of both sides; above 1 in the last column but one is better than the peer."""
    table = Table(
        Column("figure", no_wrap=True), Column("unit"), Column("ours", justify="right"), Column("peer", justify="right"),
        Column("peer is"), Column("ratio", justify="right"), Column("n", justify="right"),
    )  # fmt: skip
    for figure in figures:
        ratio = "-" if figure.ratio is None else f"{figure.ratio:.2f}"
        table.add_row(
            figure.quantity.name, figure.quantity.unit, _told(figure.ours, figure.ours_spread),
            _told(figure.peer, figure.peer_spread), figure.quantity.peer_name or "-", ratio, str(figure.n),
        )  # fmt: skip
    return table


def _told(value: float | None, spread: tuple[float, float] | None) -> str:
    if value is None:
        return "-"
    return f"{value:.1f}" if spread is None else f"{value:.1f} ({spread[0]:.1f} to {spread[1]:.1f})"
