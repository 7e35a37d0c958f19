"""A caller in line on the real PBX, for the script; and what the line knows of them."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

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
