"""Callers who behave like people: they react to what they hear, whatever comes, and wait at a moment until a fault has struck."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from pbx.ari.client import AriError, ConnectionLost
from pbx.robot.ear import RATE_HZ, Ear
from pbx.robot.phone import NotAnswered, RobotCall, RobotPhone
from tests.chaos.listening import HEAD_S, Cue, Cues, Listener
from tests.chaos.phones import (
    OPERATOR_SAYS,
    THE_CALLER,
    THE_LINE,
    PhoneCall,
    Spoken,
    audible_moments,
    longest_silence,
    spoken_samples,
)

LOOK_EVERY_S = 0.2
PRESS_AGAIN_S = 8.0
INTO_THE_SPEECH_S = 1.5
CODE_DIGITS = 11
READING_S = 9.5  # eleven digits in groups, read out once


class Moment(StrEnum):
    """Where a call can be when a fault strikes."""

    RINGING = "ringing"
    GREETING = "greeting"
    MENU = "menu"
    STATUS_ASKED = "status asked"
    STATUS_TOLD = "status told"
    MAILBOX_PROMPT = "mailbox prompt"
    RECORDING = "recording"
    AFTER_MESSAGE = "after the message"
    CODE_TOLD = "code told"
    FALLBACK_NOTICE = "fallback notice"
    FALLBACK_RECORDING = "fallback recording"
    IN_LINE = "in line"
    TALKING = "talking"


class Wish(StrEnum):
    """What a caller wants of the line."""

    MESSAGE = "leave a message"
    STATUS = "know a practice's state"
    NOTHING = "listen, then hang up"
    OPERATOR = "talk to an operator"


# The prompt whose beginning says that the moment has come; the recordings begin with the beep.
SIGNS = {
    Moment.GREETING: "welcome",
    Moment.MENU: "menu-closed",
    Moment.STATUS_ASKED: "status-ask",
    Moment.STATUS_TOLD: "status-practice",
    Moment.MAILBOX_PROMPT: "mailbox",
    Moment.AFTER_MESSAGE: "after-message",
    Moment.CODE_TOLD: "code-is",
    Moment.FALLBACK_NOTICE: "not-a-rescue-number",
    Moment.IN_LINE: "queue-menu-message",
}
# What keeps a call in its moment: the key pressed when a prompt of it begins.
STAYS = {
    (Moment.GREETING, "privacy"): "9",
    (Moment.MENU, "menu-closed"): "*",
    (Moment.STATUS_TOLD, "status-menu"): "*",
    (Moment.AFTER_MESSAGE, "after-message"): "2",
    (Moment.CODE_TOLD, "code-use"): "*",
}
KEYS = {
    (Wish.MESSAGE, "welcome"): "3",
    (Wish.STATUS, "welcome"): "2",
    (Wish.OPERATOR, "welcome"): "1",
    (Wish.OPERATOR, "menu-open"): "1",
    (Wish.MESSAGE, "menu-closed"): "3",
    (Wish.MESSAGE, "menu-open"): "3",
    (Wish.STATUS, "menu-closed"): "2",
    (Wish.STATUS, "menu-open"): "2",
    (Wish.MESSAGE, "mailbox"): "5",
    (Wish.MESSAGE, "after-message"): "1",
}
# Who has heard these has what they came for, and hangs up.
CONTENT = {
    (Wish.STATUS, "status-menu"),
    (Wish.STATUS, "mailbox"),
    (Wish.MESSAGE, "code-use"),
    (Wish.NOTHING, "mailbox"),
}


@dataclass(frozen=True)
class Manner:
    """How a caller behaves: `speech_s` is how long they speak, `ends_with_key` whether # or hanging up ends it.

    Speaking they are at their moment after `holds_s`. With an operator they talk for `talks_s`: those who talk when the fault
    strikes, so long after it. With `reacts_after_s` they press their key again so long after a fault, as people do who hear nothing.
    """

    wish: Wish
    moment: Moment | None = None
    speech_s: float = 6.0
    ends_with_key: bool = True
    code: str = ""
    reacts_after_s: float | None = None
    holds_s: float = INTO_THE_SPEECH_S
    talks_s: float = 3.0
    patience_s: float = 150.0


class Struck:
    """The fault of one round: not yet, or at an instant (monotonic seconds)."""

    def __init__(self) -> None:
        self.event = asyncio.Event()
        self.at = float("inf")

    def now(self) -> None:
        """It has struck."""
        self.at = time.monotonic()
        self.event.set()


class Caller:
    """One call, placed by a robot phone. `struck` is set when the fault has come, and the caller goes on."""

    def __init__(
        self, number: str, manner: Manner, voice: NDArray[np.int16], cues: Cues, digits: Ear, struck: Struck
    ) -> None:
        self.manner = manner
        self.there = asyncio.Event()
        self.seen = PhoneCall(number, time.time(), heard=[])
        self._voice = voice
        self._cues = cues
        self._digits = digits
        self._struck = struck
        self._speaking: asyncio.Task[None] | None = None
        self._talking: asyncio.Task[None] | None = None
        self._speech: list[tuple[float, float]] = []
        self._gone = False
        self._answered: float | None = None
        self._readings: list[tuple[float, float]] = []

    def mark_the_fault(self) -> None:
        """Note where the call is at this instant, in which a fault strikes."""
        self.seen.at_the_fault = self._where()
        if self.seen.at_the_fault and self._answered is not None:
            self.seen.fault_at_s = time.monotonic() - self._answered

    def _where(self) -> str:
        if self.seen.answered_at is None:
            return Moment.RINGING
        if self.seen.ended_at is not None:
            return ""
        last = self.seen.heard[-1] if self.seen.heard else "the answer"
        moment = self.manner.moment
        return moment if moment and self.there.is_set() else f"after {last}"

    async def place(self, phone: RobotPhone, dialled: str) -> PhoneCall:
        """Dial, live through the call, return it as seen."""
        if self.manner.moment is Moment.RINGING:
            self.there.set()
        self.seen.dialled_at = time.time()
        try:
            async with phone.call(dialled, self.seen.number, answer_within_s=20.0) as call:
                self.seen.answered_at = time.time()
                self._answered = answered = time.monotonic() - call.seconds
                nervous = asyncio.create_task(self._press_again(call))
                await self._live(call)
                nervous.cancel()
                self.seen.ended_at = time.time()
                self.seen.ended_by = THE_CALLER if self._gone else THE_LINE
                await asyncio.to_thread(self._measure, call, answered)
        except NotAnswered:
            self.seen.ended_by = THE_LINE
        self.there.set()
        return self.seen

    # -- living through it

    async def _live(self, call: RobotCall) -> None:
        listener = Listener(self._cues)
        deadline = time.monotonic() + self.manner.patience_s
        while not call.ended.is_set():
            cue = await asyncio.to_thread(self._look, listener, call)
            if cue is not None:
                await self._react(call, self._note(cue, call))
            elif time.monotonic() > deadline:
                await self._leave(call)
            else:
                await call.wait(LOOK_EVERY_S)
        await self._stop_speaking(call)
        if self._talking:
            self._talking.cancel()
        while cue := await asyncio.to_thread(self._look, listener, call):
            self._note(cue, call)  # heard, but too late to react

    def _note(self, cue: Cue, call: RobotCall) -> str:
        assert self.seen.heard is not None
        self.seen.heard.append(cue.name)
        self.seen.heard_at.append(round(call.seconds, 1))
        prompt = cue.name.rpartition("/")[2]
        self._note_reading(prompt, cue.at_s)
        return prompt

    def _note_reading(self, prompt: str, at_s: float) -> None:
        if self._readings and self._readings[-1][1] > at_s:
            self._readings[-1] = (self._readings[-1][0], at_s - HEAD_S)
        if prompt in ("code-is", "message-added"):
            self._readings.append((at_s, at_s + READING_S))

    def _look(self, listener: Listener, call: RobotCall) -> Cue | None:
        return listener.next(call.sound.seconds, call.sound.heard(listener.from_s))

    async def _press_again(self, call: RobotCall) -> None:
        await self._struck.event.wait()
        if self.manner.reacts_after_s is not None and self.seen.heard:
            await call.wait(self.manner.reacts_after_s)
            key = KEYS.get((self.manner.wish, self.seen.heard[-1].rpartition("/")[2]))
            if key and not call.ended.is_set():
                await self._press(call, key)

    async def _react(self, call: RobotCall, cue: str) -> None:
        wish, moment, waits = self.manner.wish, self.manner.moment, not self._struck.event.is_set()
        if cue == "beep":
            self._begin_to_speak(call)
            return
        if self._speaking:
            await self._stop_speaking(call)
        if wish is Wish.OPERATOR and cue == OPERATOR_SAYS:
            self._talking = self._talking or asyncio.create_task(self._talk(call))
            return
        if (
            moment is not None
            and SIGNS.get(moment) == cue
            and (moment is not Moment.FALLBACK_NOTICE or self._is_fallback())
        ):
            self.there.set()
        if waits and (moment, cue) in STAYS:
            await self._press(call, STAYS[moment, cue])  # type: ignore[index]
        elif waits and moment is not None and SIGNS.get(moment) == cue:
            return
        elif (wish, cue) in CONTENT and not (waits and moment is not None):
            await self._leave(call)
        elif cue == "status-ask" and wish is Wish.STATUS:
            await self._press(call, f"{self.manner.code}#")
        elif (wish, cue) in KEYS and not (waits and moment in (Moment.GREETING, Moment.MENU)):
            await self._press(call, KEYS[wish, cue])

    def _is_fallback(self) -> bool:
        return self.seen.heard is not None and self.seen.heard[-1].startswith("en/")

    async def _press(self, call: RobotCall, keys: str) -> None:
        self.seen.keys += keys
        if not call.ended.is_set():
            with suppress(AriError, ConnectionLost):  # the call has ended at this very moment
                await call.press(keys)

    async def _leave(self, call: RobotCall) -> None:
        self._gone = True
        with suppress(TimeoutError):
            await call.hang_up()

    async def _talk(self, call: RobotCall) -> None:
        if self.manner.moment is Moment.TALKING:
            self.there.set()
            await self._struck.event.wait()
        await call.wait(self.manner.talks_s)
        await self._leave(call)

    # -- speaking

    def _begin_to_speak(self, call: RobotCall) -> None:
        if self._speaking is None or self._speaking.done():
            self._speaking = asyncio.create_task(self._speak(call))

    async def _speak(self, call: RobotCall) -> None:
        if self.manner.wish is not Wish.MESSAGE:
            await self._leave(call)
            return
        begun, begun_s = time.monotonic(), call.seconds
        try:
            await self._say(call)
        finally:
            seconds = min(time.monotonic() - begun, len(self._voice) / RATE_HZ)
            said = Spoken(begun_s, begun_s + seconds, spoken_samples(self._voice, seconds))
            self.seen.spoken.append(said)
            self._speech.append((begun, begun + seconds))
        if not self.manner.ends_with_key:
            await self._leave(call)
            return
        while not call.ended.is_set():
            await self._press(call, "#")
            await call.wait(PRESS_AGAIN_S)

    async def _say(self, call: RobotCall) -> None:
        talking = asyncio.create_task(call.sound.speak(self._voice))
        try:
            if self.manner.moment in (Moment.RECORDING, Moment.FALLBACK_RECORDING) and not self._struck.event.is_set():
                await call.wait(self.manner.holds_s)
                self.there.set()
                await self._struck.event.wait()
                await call.wait(self.manner.speech_s)
            else:
                await call.wait(self.manner.speech_s)
        finally:
            call.sound.hush()
            talking.cancel()

    async def _stop_speaking(self, call: RobotCall) -> None:
        if self._speaking is None:
            return
        speaking, self._speaking = self._speaking, None
        speaking.cancel()
        await asyncio.wait({speaking})

    # -- afterwards

    def _measure(self, call: RobotCall, answered: float) -> None:
        ended = answered + call.seconds
        audible = audible_moments(call.sound)
        self.seen.silent_s, at = longest_silence(answered, ended, audible, self._speech)
        self.seen.silent_at_s = at - answered
        if self._struck.at < ended:
            since = max(answered, self._struck.at)
            self.seen.silent_since_fault_s, _ = longest_silence(since, ended, audible, self._speech)
        self.seen.codes = [self._digits_from(call, *reading) for reading in self._readings]

    def _digits_from(self, call: RobotCall, from_s: float, to_s: float) -> str:
        reading = call.sound.heard(from_s)[: int((to_s - from_s) * RATE_HZ)]
        return "".join(hit.name[-1] for hit in self._digits.all_in(reading))[:CODE_DIGITS]
