"""Results of promises as values, and the file that keeps them between runs (not committed)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pytest

FILE = Path(__file__).parent.parent / ".promises.json"
GROUP = re.compile(r"@[\w-]+$")
SEED = re.compile(r"-?seed-\d+(?=[-\]])-?")


@dataclass(frozen=True)
class Figure:
    """One measured value."""

    name: str
    value: float
    unit: str = ""
    more_is_better: bool = False


@dataclass(frozen=True)
class Result:
    """How one test ended: `outcome` is pytest's word, `when` a date."""

    outcome: str
    when: str
    figures: Sequence[Figure] = field(default_factory=tuple)


def texts(item: pytest.Item) -> list[str]:
    """The promises a test holds."""
    return [str(mark.args[0]) for mark in item.iter_markers("promise")]


def plain_id(nodeid: str) -> str:
    """A test's id without the group that xdist adds, and without the seed: the promise is the same under any."""
    return SEED.sub("", GROUP.sub("", nodeid)).replace("[]", "")


def read(file: Path = FILE) -> dict[str, Result]:
    """What is known of every test, by its id."""
    if not file.exists():
        return {}
    kept = json.loads(file.read_text(encoding="utf-8"))
    return {
        test: Result(one["outcome"], one["when"], [Figure(**figure) for figure in one["figures"]])
        for test, one in kept.items()
    }


def update(results: Mapping[str, Result], file: Path = FILE) -> None:
    """Put new results in place of older ones of the same tests; written whole before it is seen."""
    merged = {test: asdict(result) for test, result in sorted({**read(file), **results}.items())}
    unfinished = file.with_suffix(".unfinished")
    unfinished.write_text(json.dumps(merged, indent=1) + "\n", encoding="utf-8")
    unfinished.replace(file)


def worst(figures: Sequence[Figure]) -> list[Figure]:
    """Of each name the worst value, in the order the names came."""
    found: dict[str, Figure] = {}
    for figure in figures:
        known = found.get(figure.name)
        if known is None or (figure.value < known.value) == figure.more_is_better:
            found[figure.name] = figure
    return list(found.values())
