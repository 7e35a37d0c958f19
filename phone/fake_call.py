"""`FakeCall`: a caller who follows a script, for tests of flows. It behaves as `phone.call.Call` says, without a telephone."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NoReturn
from uuid import UUID, uuid4

from phone.call import CallerHungUp, Ended, HandedOn, Recorded, RecordingFailed
from phone.catalogue import SOUNDS, catalogue

OPTIONAL = frozenset({"bulletin"})
"""Prompts that exist only while somebody has set them."""


@dataclass(frozen=True)
class Press:
    """Press these keys, one after the other, while the prompt plays: the first one stops it."""

    keys: str


@dataclass(frozen=True)
class HangUp:
    """Hang up while the prompt plays."""


@dataclass(frozen=True)
class Speak:
    """Talk into a recording for `talk_s` seconds; `then` is what ends it, `keys` are pressed after that."""

    talk_s: float
    then: Ended = Ended.KEY
    keys: str = ""


@dataclass(frozen=True)
class Broken:
    """A recording of which nothing usable is written."""


@dataclass(frozen=True)
class Heard:
    """One prompt, as it reached the caller's ear: `recording:NAME` for a replay."""

    language: str
    name: str


SILENCE = Speak(0.0, Ended.SILENCE)


class FakeCall:
    """A scripted caller.

    `on` lists (prompt, what the caller does when it begins to play); an entry is used once, the first of its prompt first,
    and a prompt without one is heard in silence. `takes` are the recordings in order; after them the caller is silent.
    `hang_up_at` is the number, from 1, of the verb during which the caller hangs up, whatever it is. `recordings` are those
    that an earlier process left under their names. A prompt that no catalogue knows is a `LookupError`.
    """

    def __init__(
        self,
        on: Iterable[tuple[str, Press | HangUp]] = (),
        takes: Iterable[Speak | Broken] = (),
        *,
        language: str = "it",
        caller: str | None = "+390612345678",
        call_id: UUID | None = None,
        hang_up_at: int | None = None,
        recordings: Mapping[str, Recorded] | None = None,
    ) -> None:
        self.language = language
        self.heard: list[Heard] = []
        self.recordings = dict(recordings or {})
        self.verbs = 0
        self.gone = self.handed_on = False
        self._id = call_id or uuid4()
        self._caller = caller
        self._reactions = list(on)
        self._takes = deque(takes)
        self._keys: deque[str] = deque()
        self._hang_up_at = hang_up_at

    @property
    def id(self) -> UUID:
        return self._id

    @property
    def caller(self) -> str | None:
        return self._caller

    @property
    def said(self) -> list[str]:
        """The names of all that was heard, in order."""
        return [heard.name for heard in self.heard]

    @property
    def unused(self) -> list[tuple[str, Press | HangUp]]:
        """What the script still holds: not empty means that the caller never heard what it waited for."""
        return list(self._reactions)

    async def answer(self) -> None:
        self._verb()

    async def say(self, *prompts: str) -> None:
        self._verb()
        self._play(prompts)

    async def ask(self, *prompts: str, keys: int = 1, end: str | None = None, wait_s: float = 5.0) -> str | None:
        self._verb()
        if not self._keys:
            self._play(prompts)
        answer = ""
        while len(answer) < keys:
            if not self._keys:
                return answer or None
            key = self._keys.popleft()
            if key == end:
                return answer
            answer += key
        return answer

    async def record(self, name: str, limit_s: float, silence_s: float, end: str) -> Recorded:
        self.verbs += 1
        if name in self.recordings:
            return self.recordings[name]
        take = self._takes.popleft() if self._takes and not self.gone else SILENCE
        if isinstance(take, Broken):
            raise RecordingFailed(name)
        self.gone = self.gone or self.verbs == self._hang_up_at or take.then is Ended.HANG_UP
        self._keys = deque(take.keys)
        talk_s = min(take.talk_s, limit_s)
        ended = Ended.HANG_UP if self.gone else Ended.LIMIT if take.talk_s > limit_s else take.then
        seconds = talk_s + silence_s if ended is Ended.SILENCE else talk_s
        recorded = Recorded(name, seconds, talk_s, ended)
        self.recordings[name] = recorded
        return recorded

    async def replay(self, recording: str) -> None:
        self._verb()
        if recording not in self.recordings:
            raise LookupError(f"no recording {recording}")
        self._hear(f"recording:{recording}")

    async def hand_on(self) -> NoReturn:
        self._verb()
        self.handed_on = self.gone = True
        raise HandedOn

    async def hang_up(self) -> None:
        self.gone = True

    def _verb(self) -> None:
        self.verbs += 1
        self.gone = self.gone or self.verbs == self._hang_up_at
        if self.gone:
            raise CallerHungUp

    def _play(self, prompts: tuple[str, ...]) -> None:
        known = {*catalogue(self.language), *SOUNDS, *OPTIONAL}
        unknown = [name for name in prompts if name not in known]
        if unknown:
            raise LookupError(f"no prompt of this name: {', '.join(unknown)}")
        for name in prompts:
            if self._hear(name):
                return

    def _hear(self, name: str) -> bool:
        """Play one sound; True when a key stopped it."""
        self.heard.append(Heard(self.language, name))
        for place, (prompt, action) in enumerate(self._reactions):
            if prompt == name:
                del self._reactions[place]
                return self._react(action)
        return False

    def _react(self, action: Press | HangUp) -> bool:
        if isinstance(action, HangUp):
            self.gone = True
            raise CallerHungUp
        self._keys.extend(action.keys)
        return True
