"""A table of states, as data: what may follow what, and why. It checks a step, and draws its own diagram."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

State = TypeVar("State", bound=StrEnum)


class IllegalStep(Exception):
    """A step that the table does not have: the text says from, to and what is allowed. Nothing was changed."""


@dataclass(frozen=True)
class Steps(Generic[State]):
    """One table: from each state, the states that may follow and what makes them follow."""

    of: str
    first: State
    table: Mapping[State, Mapping[State, str]]

    def allowed(self, state: State) -> tuple[State, ...]:
        """What may follow `state`."""
        return tuple(self.table.get(state, {}))

    def check(self, state: State, to: State) -> None:
        """Raise `IllegalStep` unless the table has this step."""
        if to not in self.allowed(state):
            allowed = ", ".join(self.allowed(state)) or "nothing, it is final"
            raise IllegalStep(f"a {self.of} cannot go from {state} to {to}. From {state} it may go to: {allowed}.")

    def diagram(self) -> str:
        """Draw the table as a mermaid state diagram."""
        lines = ["stateDiagram-v2", f"    [*] --> {self.first}"]
        for state, followers in self.table.items():
            lines += [f"    {state} --> {to}: {why}" for to, why in followers.items()]
            lines += [] if followers else [f"    {state} --> [*]"]
        return "\n".join(lines) + "\n"
