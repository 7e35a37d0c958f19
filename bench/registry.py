"""The benches by name. To add one: a module with an async function from `Bed` to figures, and its line here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from bench.bed import Bed
from bench.greeting import greeting
from bench.model import Figure
from bench.status import status
from bench.sustained import sustained

Bench = Callable[[Bed], Awaitable[list[Figure]]]

BENCHES: Mapping[str, Bench] = {"greeting": greeting, "status": status, "calls": sustained}


class UnknownBench(Exception):
    """There is no bench of this name: the text names those that there are."""


def chosen(name: str) -> Mapping[str, Bench]:
    """The bench of this name, or all of them for "". Raises `UnknownBench`."""
    if not name:
        return BENCHES
    if name not in BENCHES:
        raise UnknownBench(f"no bench is called '{name}': there are {', '.join(sorted(BENCHES))}")
    return {name: BENCHES[name]}
