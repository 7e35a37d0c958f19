"""`phone.Call` on a line of the real PBX: prompt names become sounds, a gone channel becomes `CallerHungUp`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic
from typing import NoReturn
from uuid import UUID

from foundation import logs
from ivr import metrics
from pbx.ari.line import ChannelGone, Line
from pbx.ari.recordings import BadRecording
from phone.call import CallerHungUp, Ended, HandedOn, Recorded, RecordingFailed

log = logs.get(__name__)


class AriCall:
    """One caller, for the flows."""

    def __init__(
        self,
        line: Line,
        call_id: UUID,
        caller: str | None,
        language: str,
        sounds: Path,
        answer_pause_s: float,
    ) -> None:
        self._line = line
        self._id = call_id
        self._caller = caller
        self.language = language
        self._sounds = sounds
        self._answer_pause_s = answer_pause_s
        self._arrived = monotonic()
        self._awaits_first_prompt = False

    @property
    def id(self) -> UUID:
        return self._id

    @property
    def caller(self) -> str | None:
        return self._caller

    async def answer(self) -> None:
        async with _hang_ups():
            await self._line.answer()
            self._awaits_first_prompt = True
            await asyncio.sleep(self._answer_pause_s)

    async def say(self, *prompts: str) -> None:
        self._measure_first_prompt()
        async with _hang_ups():
            await self._line.play(*self._media(prompts))

    async def ask(self, *prompts: str, keys: int = 1, end: str | None = None, wait_s: float = 5.0) -> str | None:
        async with _hang_ups():
            if prompts and not self._line.has_keys():
                await self._line.play(*self._media(prompts))
            answer = ""
            while len(answer) < keys:
                key = await self._line.key(wait_s)
                if key is None:
                    return answer or None
                if key == end:
                    return answer
                answer += key
            return answer

    async def record(self, name: str, limit_s: float, silence_s: float, end: str) -> Recorded:
        try:
            async with _hang_ups():
                take = await self._line.record(name, limit_s, silence_s, end)
        except BadRecording as error:
            raise RecordingFailed(str(error)) from error
        return Recorded(take.name, take.seconds, take.talk_seconds, Ended(take.ended))

    async def replay(self, recording: str) -> None:
        async with _hang_ups():
            await self._line.play(f"recording:{recording}")

    async def hand_on(self) -> NoReturn:
        async with _hang_ups():
            self._line.has_keys()  # reads what has come; keys pressed before are no choice among what the operators' line offers
            if self._line.gone:
                raise ChannelGone
        raise HandedOn

    async def hang_up(self) -> None:
        await self._line.hang_up()

    def _measure_first_prompt(self) -> None:
        if self._awaits_first_prompt:
            metrics.FIRST_PROMPT_SECONDS.observe(monotonic() - self._arrived)
        self._awaits_first_prompt = False

    def _media(self, prompts: tuple[str, ...]) -> list[str]:
        return [f"sound:{self._sounds}/{self.language}/{name}" for name in prompts]


@asynccontextmanager
async def _hang_ups() -> AsyncIterator[None]:
    try:
        yield
    except ChannelGone:
        raise CallerHungUp from None
