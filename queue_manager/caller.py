"""A caller in line on the real PBX, for the script; and what the line knows of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Coroutine
from pathlib import Path
from typing import Any
from uuid import UUID

from dialplan.numbers import number_to_call
from foundation.clock import Clock
from ledger.model import StepKind
from pbx.ari.line import Line
from queue_manager.board import Board
from queue_manager.diary import Diary


class LineWaiter:
    """Implements `queue_manager.waiting.Waiter`, and `queue_manager.operator_keys.OwnPhone`."""

    def __init__(self, line: Line, sounds: Path, language: str) -> None:
        self._line = line
        self._sounds = sounds
        self._language = language

    async def answer(self) -> None:
        await self._line.answer()

    async def hang_up(self) -> None:
        await self._line.hang_up()

    async def say(self, *prompts: str) -> None:
        await self._line.play(*(f"sound:{self._sounds}/{self._language}/{name}" for name in prompts))

    async def music(self, wait_s: float) -> str | None:
        if self._line.has_keys():
            return await self._line.key(0.0)
        # A playback ends the music, so it begins again each time.
        await self._line.music()
        return await self._line.key(wait_s)

    async def key(self, wait_s: float) -> str | None:
        return await self._line.key(wait_s)


class Asking:
    """Implements `queue_manager.callback.Callbacks`. `keep` is told the number, and returns when it is written."""

    def __init__(
        self, caller: str | None, countries: Collection[str], keep: Callable[[str], Coroutine[Any, Any, bool]]
    ) -> None:
        self._caller = caller
        self._countries = countries
        self._keep = keep

    def number_to_call(self, shown: str) -> str | None:
        return number_to_call(shown, self._countries)

    def own_number(self) -> str | None:
        return self.number_to_call(self._caller or "")

    async def ask(self, number: str) -> bool:
        return await self._keep(number)


class Standing:
    """Implements `queue_manager.waiting.Told`, and writes down what was told."""

    def __init__(self, board: Board, diary: Diary, clock: Clock, call_id: UUID) -> None:
        self._board = board
        self._diary = diary
        self._clock = clock
        self._call_id = call_id

    def position(self) -> tuple[int, tuple[int, int] | None] | None:
        position = self._board.tell_position(self._call_id)
        if position is None:
            return None
        estimate = self._board.estimate(position, self._clock.monotonic())
        minutes = estimate.minutes if estimate else None
        low, high = minutes or (None, None)
        self._diary.step(self._call_id, StepKind.POSITION_TOLD, position=position, from_min=low, to_min=high)
        return position, minutes
