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
from ledger.model import OperatorState
from pbx.ari import operations as op
from pbx.ari.client import Ari
from pbx.ari.transport import WebSocketTransport
from pbx.robot.ear import Ear
from queue_manager.asterisk import PHONES
from queue_manager.model import Duty, interface_of
from queue_manager.settings import QueueSettings
from tests.acceptance.line import NUMBER, ServiceLine, a_line
from tests.acceptance.test_fallback import phones
from tests.chaos import faults
from tests.chaos.agree import Agreement, Circumstances, agree
from tests.chaos.books import Bookkeeper, bookkeeper
from tests.chaos.callers import Caller, Manner, Struck
from tests.chaos.listening import Cues
from tests.chaos.phones import PhoneCall
from tests.chaos.plan import OTHER_WAVE, WAVES
from tests.chaos.voices import a_voice
from tests.polling import until

ANSWER = tuple(str(number) for number in range(201, 221, 2))
RING_LONG = tuple(str(number) for number in range(271, 276))
OPERATORS = (*ANSWER, *RING_LONG)
"""Off duty but where a test says otherwise. Those of `RING_LONG` answer too, but let it ring for ten seconds first."""
QUEUE = QueueSettings(wrap_up_s=1.0)
LONGEST_SPEECH_S = 100.0
ARRIVING_S = 75.0
OFF = OperatorState.OFF
AWAY = PHONES["5"]
NO_CUES = (
    "digit-", "number-", "position-", "minutes-", "and-minutes-", "date-", "month-", "at-", "from-", "to-", "day-", "pause-", "bulletin",
)  # fmt: skip


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
        await self.on_duty()
        if not self.code:
            self.code = (await self.line.a_practice()).code
        self.phones.clear()
        await self.books.begin()

    async def on_duty(self, *numbers: str) -> None:
        """These operators are on duty and no others, and the queue knows it."""
        wanted = {number: Duty.ON if number in numbers else Duty.OFF for number in OPERATORS}
        are = {row.number: row.duty for row in await self.line.records.duties.all()}
        for number, duty in wanted.items():
            if are.get(number, Duty.OFF) is not duty:
                await self.line.records.duties.set(number, duty)

        async def is_known() -> bool:
            seats = await self.seats()
            return all((seats.get(number, OFF) == OFF) == (duty is Duty.OFF) for number, duty in wanted.items())

        await until(is_known, 20, f"the queue's knowledge that {', '.join(numbers) or 'nobody'} is on duty")
        await until(
            lambda: self._can_be_reached(numbers), 60, "phones in reach: a PBX that has just started asks first"
        )

    async def _can_be_reached(self, numbers: Sequence[str]) -> bool:
        rung = await phones(self.line) or {}
        return all(rung.get(interface_of(number), AWAY) != AWAY for number in numbers)

    async def seats(self) -> dict[str, OperatorState]:
        """What each operator does now, by the ledger."""
        return {step.number: step.state for step in await self.line.records.ledger.operators_now()}

    async def nothing_up(self) -> bool:
        """Whether the PBX has no channel and no bridge."""
        settings = self.platform.pbx_settings()
        found: list[int] = []
        looked = asyncio.Event()

        async def look() -> None:
            found.extend([len(await ari.request(what)) for what in (op.LIST_CHANNELS, op.LIST_BRIDGES)])
            looked.set()

        ari = Ari("soak", lambda: WebSocketTransport.connect(settings, "soak"), lambda event: None, look)
        running = asyncio.create_task(ari.run())
        await asyncio.wait_for(looked.wait(), 10)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return found == [0, 0]

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

    async def strike_among(
        self,
        manners: Sequence[Manner],
        fault: Callable[[], Awaitable[None]],
        all_there: Callable[[], Awaitable[None]] | None = None,
    ) -> list[PhoneCall]:
        """Bring each caller to their moment, let the fault strike while all are there, and live on to the end of every call.

        `all_there` is done just before the fault.
        """
        struck = Struck()
        callers = [self.caller(manner, struck) for manner in manners]
        tasks = []
        for wave in _waves(callers):
            tasks += [asyncio.create_task(caller.place(self.line.phone, NUMBER)) for caller in wave]
            await _all_there(wave)
        if all_there:
            await all_there()
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


def _waves(callers: Sequence[Caller]) -> list[list[Caller]]:
    waves: dict[int, list[Caller]] = {}
    for caller in callers:
        moment = caller.manner.moment
        waves.setdefault(WAVES.get(moment, OTHER_WAVE) if moment else OTHER_WAVE, []).append(caller)
    return [waves[number] for number in sorted(waves)]


async def _all_there(callers: Sequence[Caller]) -> None:
    waiting = [asyncio.create_task(caller.there.wait()) for caller in callers]
    if waiting:
        _, late = await asyncio.wait(waiting, timeout=ARRIVING_S)
        for task in late:
            task.cancel()


@asynccontextmanager
async def a_scene(place: int = 2) -> AsyncIterator[Scene]:
    """A platform of its own, with robot phones; `Scene.ready` closes it."""
    async with a_line(place, OPERATORS, durable=True, queue=QUEUE) as line:
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
