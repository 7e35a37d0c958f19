"""The service line under test: a whole platform, and robot phones that call it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from uuid import uuid4

from centralino import records
from centralino.platform import Platform
from centralino.records import Records
from centralino.robot_call import Told, load_ear, parse, place
from centralino.setup import choose_voice, install_whisper, make_prompts
from foundation.clock import SystemClock
from ledger.model import Call
from pbx.robot.phone import RobotPhone
from phone.voice import render
from queue_manager.settings import QueueSettings
from tests.places import a_platform
from tests.polling import until
from tests.practices import step
from ticket_core.model import Audio, Closure, Message, MessageState, Practice, PracticeState

NUMBER = "800840840"
SPOKEN = {
    "it": {"said-it": "Buongiorno, vorrei segnalare un albero caduto sulla strada vicino alla scuola."},
    "en": {"said-en": "Good morning, I would like to report a fallen tree on the road near the school."},
}
DONE = {MessageState.TRANSCRIBED, MessageState.NO_SPEECH, MessageState.UNREADABLE, MessageState.FAILED}


@dataclass
class ServiceLine:
    """What a test does with the line: open or close it, call it, look at what came of a call."""

    platform: Platform
    phone: RobotPhone
    records: Records
    speech: Path
    _numbers: count[int] = field(default_factory=lambda: count(3331000000))

    def a_number(self) -> str:
        """A caller's number that no other call of this line has."""
        return f"+39{next(self._numbers)}"

    def said(self, language: str) -> Path:
        """A spoken message of five seconds."""
        return self.speech / language / f"said-{language}.wav"

    async def opened(self) -> None:
        """As in opening hours, whatever the clock says."""
        await self._override("open")

    async def closed(self) -> None:
        """As at night, whatever the clock says."""
        await self._override("closed")

    async def _override(self, kind: str) -> None:
        await self.records.calendar.clear_overrides("test")
        ends = SystemClock().now() + timedelta(hours=2)
        await self.records.calendar.add_override(kind, ends, "acceptance test", "test")

    async def call(self, *script: str, caller: str | None = None) -> Told:
        """Place one call (`{it}` and `{en}` in a step are the spoken messages); fails where the script is not heard."""
        told = await self.attempt(*script, caller=caller)
        assert not told.complaint, told.complaint
        return told

    async def attempt(self, *script: str, caller: str | None = None) -> Told:
        """As `call`, but the caller may hear something else."""
        spoken = {language: self.said(language) for language in SPOKEN}
        steps = parse([step.format(**spoken) for step in script])
        return await place(self.phone, NUMBER, self.a_number() if caller is None else caller, steps)

    async def page_of(self, told: Told) -> Call:
        """The call's closed page in the ledger."""
        return await self.page_of_number(told.caller)

    async def page_of_number(self, number: str) -> Call:
        """The closed page of the last call from a number."""
        page: Call | None = None

        async def is_closed() -> bool:
            nonlocal page
            calls = [call for call in await self.records.ledger.recent(50) if call.caller == number]
            page = await self.records.ledger.call(calls[0].call_id) if calls else None
            return page is not None and page.outcome is not None

        await until(is_closed, 60, "the call's page in the ledger, closed")
        assert page is not None
        return page

    async def practice_of(self, told: Told) -> Practice | None:
        """The practice that the call made or added to."""
        return await self.records.practices.practice_of_call((await self.page_of(told)).call_id)

    async def messages_of(self, told: Told) -> list[Message]:
        """The call's messages."""
        return await self.records.practices.messages_of_call((await self.page_of(told)).call_id)

    async def transcribed(self, message: Message) -> Message:
        """The message, once the worker is done with it."""
        found = message

        async def is_done() -> bool:
            nonlocal found
            again = await self.records.practices.message(message.id)
            assert again is not None
            found = again
            return found.state in DONE

        await until(is_done, 240, "the message's transcript")  # decoders let everything else go first
        return found

    async def a_practice(self, *states: PracticeState) -> Practice:
        """A practice taken through `states`, as an operator would."""
        practices, message_id = self.records.practices, uuid4()
        await practices.open_message(message_id, uuid4(), "it", None, f"{message_id}-1")
        practice = await practices.file_message(message_id, Audio("no/such.wav", 5.0, 5.0))
        for state in states:
            closure = Closure.WITHDRAWN if state is PracticeState.CLOSED else None
            practice = await step(practices, practice.id, state, "acceptance test", "operator", closure)
        return practice


def heard_between(told: Told, first: str, last: str) -> list[str]:
    """The prompts heard from `first` to `last`, both included."""
    names = told.names()
    begin = names.index(first)
    return names[begin : names.index(last, begin) + 1]


@asynccontextmanager
async def a_line(
    place: int = 0,
    operators: Sequence[str] = (),
    prepared: Callable[[Platform], None] | None = None,
    durable: bool = False,
    queue: QueueSettings | None = None,
    **settings: object,
) -> AsyncIterator[ServiceLine]:
    """A platform of this test's own, up, with robot phones; `operators` are phones that register (see `Platform.start_robots`).

    `prepared` makes its data folder ready in place of `prepare`.
    """
    async with a_platform(place, operators=tuple(operators), durable=durable, queue=queue, **settings) as platform:
        (prepared or prepare)(platform)
        await platform.start()
        await platform.start_robots(operators)
        speech = platform.folders.data / "speech"
        voice = choose_voice(platform.folders, platform.asterisk_root)
        for language, texts in SPOKEN.items():
            render(texts, language, voice, speech, platform.folders.prompts, platform.folders.studio)
        ear = load_ear(platform.folders.sounds)
        async with (
            records.opened(platform.tree, platform.database_url) as opened,
            RobotPhone(platform.robot_settings(), ear, "test").switched_on() as phone,
        ):
            yield ServiceLine(platform, phone, opened, speech)


def prepare(platform: Platform) -> None:
    """Prompts and the Whisper model, from the cache where they are."""

    def silent(text: str) -> None:
        return None

    make_prompts(platform.folders, platform.asterisk_root, silent)
    install_whisper(platform.folders, silent)
