"""A line with callers on it, a fault in the middle, and the reckoning at the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from time import monotonic

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.exc import DBAPIError

from centralino.platform import Platform
from centralino.robot_call import load
from pbx.robot.ear import Ear
from tests.acceptance.line import NUMBER, ServiceLine, a_line
from tests.chaos import faults
from tests.chaos.agree import Agreement, Circumstances, agree
from tests.chaos.books import Bookkeeper, bookkeeper
from tests.chaos.callers import Caller, Manner, Struck
from tests.chaos.listening import Cues
from tests.chaos.phones import PhoneCall
from tests.chaos.plan import AT_ONCE, HELD
from tests.chaos.voices import a_voice

LONGEST_SPEECH_S = 100.0
ARRIVING_S = 75.0
NO_CUES = ("digit-", "date-", "month-", "at-", "from-", "to-", "day-", "pause-", "bulletin")


@dataclass
class Scene:
    """What a test plays on."""

    line: ServiceLine
    books: Bookkeeper
    cues: Cues
    digits: Ear
    material: NDArray[np.int16]
    code: str = ""
    phones: list[PhoneCall] = field(default_factory=list)

    def caller(self, manner: Manner, struck: Struck) -> Caller:
        """Somebody new, with a number and a voice of their own."""
        number = self.line.a_number()
        return Caller(number, manner, a_voice(self.material, number, LONGEST_SPEECH_S), self.cues, self.digits, struck)

    async def ready(self) -> None:
        """Everything up, the line closed, a new list of calls, books from here on, and a practice whose code callers can ask for."""
        await faults.all_up(self.platform)
        await self.line.closed()  # once more: all tests together last longer than one closure
        if not self.code:
            self.code = (await self.line.a_practice()).code
        self.phones.clear()
        await self.books.begin()

    @property
    def platform(self) -> Platform:
        """The platform under test."""
        return self.line.platform

    async def calls(self, *manners: Manner, struck: Struck | None = None) -> list[PhoneCall]:
        """Place calls at once and live through them; they are on the list."""
        struck = struck or Struck()
        placed = await asyncio.gather(*(self.caller(one, struck).place(self.line.phone, NUMBER) for one in manners))
        self.phones += placed
        return list(placed)

    async def strike_among(self, manners: Sequence[Manner], fault: Callable[[], Awaitable[None]]) -> list[PhoneCall]:
        """Bring each caller to their moment, let the fault strike while all are there, and live on to the end of every call."""
        struck = Struck()
        callers = [self.caller(manner, struck) for manner in manners]
        first = [caller for caller in callers if caller.manner.moment in HELD]
        last = [caller for caller in callers if caller.manner.moment in AT_ONCE]
        then = [caller for caller in callers if caller not in first and caller not in last]
        tasks = []
        for wave in (first, then, last):
            tasks += [asyncio.create_task(caller.place(self.line.phone, NUMBER)) for caller in wave]
            await _all_there(wave)
        for caller in callers:
            caller.mark_the_fault()
        struck.now()
        done = asyncio.ensure_future(fault())
        placed = await asyncio.gather(*tasks)
        await done
        self.phones += placed
        return list(placed)

    async def knows(self, code: str) -> bool:
        """Whether a practice has this code; False also while the database does not answer."""
        with suppress(DBAPIError):
            return await self.line.records.practices.find(code) is not None
        return False

    async def reckon(self, happened: Circumstances | None = None, within_s: float = 60.0) -> Agreement:
        """Compare, again and again until both sides agree or the time is up."""
        deadline = monotonic() + within_s
        while True:
            found = await asyncio.to_thread(agree, list(self.phones), await self.books.read(), happened)
            if not found.differences or monotonic() > deadline:
                return found
            await asyncio.sleep(1.0)


async def _all_there(callers: Sequence[Caller]) -> None:
    waiting = [asyncio.create_task(caller.there.wait()) for caller in callers]
    if waiting:
        _, late = await asyncio.wait(waiting, timeout=ARRIVING_S)
        for task in late:
            task.cancel()


@asynccontextmanager
async def a_scene(place: int = 2) -> AsyncIterator[Scene]:
    """A platform of its own, with robot phones; `Scene.ready` closes it."""
    async with a_line(place, durable=True) as line:
        sounds = sorted(line.platform.folders.sounds.glob("*/*.wav"))
        named = {path.stem if path.stem == "beep" else f"{path.parent.name}/{path.stem}": load(path) for path in sounds}
        cues = Cues({name: sound for name, sound in named.items() if not _is_piece(name)})
        digits = Ear({name: sound for name, sound in named.items() if "/digit-" in name})
        material = np.concatenate([load(line.said(language)) for language in ("it", "en")])
        async with bookkeeper(line.platform) as books:
            yield Scene(line, books, cues, digits, material)


def _is_piece(name: str) -> bool:
    return name.rpartition("/")[2].startswith(NO_CUES)


def told(calls: Sequence[PhoneCall]) -> str:
    """Every call in a line."""
    return "\n".join(call.story() for call in calls)
