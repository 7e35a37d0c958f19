"""What the phone scripts are promised by `phone.Call`: by the scripted caller, on the simulated PBX, and on the real one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio

from centralino.platform import Platform
from ivr.ari_call import AriCall
from pbx.ari.line import Line
from pbx.robot.phone import RobotPhone
from phone.call import Call, CallerHungUp, Ended, HandedOn, Recorded
from phone.fake_call import FakeCall, HangUp, Press, Speak
from tests.contract.exchange import Caller, Exchange, FakeExchange, RealExchange, a_call, make_prompt, the_ear
from tests.polling import until

pytestmark = pytest.mark.xdist_group("contract-line")

Reactions = Iterable[tuple[str, Press | HangUp]]
PROMPTS = ("welcome", "privacy", "closed")


class LiveCall(AriCall):
    """A call over ARI whose caller follows a script, as `FakeCall`'s does."""

    def __init__(
        self, exchange: Exchange, line: Line, caller: Caller, on: Reactions, takes: Iterable[Speak], sounds: Path
    ) -> None:
        super().__init__(line, uuid4(), "+390612345678", "it", sounds, answer_pause_s=0)
        self._exchange, self._caller_side = exchange, caller
        self._on, self._takes = list(on), list(takes)
        self._acting: set[asyncio.Task[None]] = set()
        self.said: list[str] = []

    def _media(self, prompts: tuple[str, ...]) -> list[str]:
        for name in prompts:
            self.said.append(name)
            for place, (prompt, action) in enumerate(self._on):
                if prompt == name:
                    del self._on[place]
                    self._act(self._react(action))
                    break
        return super()._media(prompts)

    async def record(self, name: str, limit_s: float, silence_s: float, end: str) -> Recorded:
        if self._takes:
            self._act(self._talk(name, self._takes.pop(0), end))
        return await super().record(name, limit_s, silence_s, end)

    def _act(self, doing: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(doing)
        self._acting.add(task)
        task.add_done_callback(self._acting.discard)

    async def _react(self, action: Press | HangUp) -> None:
        await asyncio.sleep(0.3 * self._exchange.second)
        await (self._caller_side.press(action.keys) if isinstance(action, Press) else self._caller_side.hang_up())

    async def _talk(self, name: str, take: Speak, end: str) -> None:
        await until((self._exchange.spool / "recording" / f"{name}.wav").exists, what="the recording's file")
        await self._caller_side.speak(take.talk_s)
        if take.then is Ended.HANG_UP:
            await self._caller_side.hang_up()
        elif take.then is Ended.KEY:
            await self._caller_side.press(end + take.keys)


class Stage:
    """Brings up a call of one kind with a caller who follows a script."""

    def __init__(self, exchange: Exchange | None, sounds: Path) -> None:
        self._exchange = exchange
        self._sounds = sounds

    @asynccontextmanager
    async def call(self, on: Reactions = (), takes: Iterable[Speak] = ()) -> AsyncIterator[FakeCall | LiveCall]:
        if self._exchange is None:
            yield FakeCall(on, takes)
            return
        async with AsyncExitStack() as stack:
            line, caller, _ = await stack.enter_async_context(a_call(self._exchange))
            yield LiveCall(self._exchange, line, caller, on, takes, self._sounds)


@pytest_asyncio.fixture(loop_scope="session", params=["scripted", "simulated", "real"])
async def stage(request: pytest.FixtureRequest, tmp_path: Path, two_asterisks: Platform) -> AsyncIterator[Stage]:
    """Each promise is tested on the scripted caller, on the simulated PBX and on the real one."""
    sounds = two_asterisks.folders.sounds
    for name in PROMPTS:
        make_prompt(sounds / "it", name)
    if request.param == "scripted":
        yield Stage(None, sounds)
    elif request.param == "simulated":
        yield Stage(FakeExchange(tmp_path), sounds)
    else:
        async with RobotPhone(two_asterisks.robot_settings(), the_ear(sounds)).switched_on() as phone:
            yield Stage(RealExchange(two_asterisks.pbx_settings(), phone), sounds)


async def test_the_first_key_stops_a_prompt_and_answers_the_next_question(stage: Stage) -> None:
    async with stage.call([("welcome", Press("7"))]) as call:
        await call.say("welcome")
        assert await call.ask("privacy", wait_s=3) == "7"


async def test_keys_typed_ahead_answer_questions_that_are_then_not_asked(stage: Stage) -> None:
    async with stage.call([("welcome", Press("12"))]) as call:
        assert await call.ask("welcome", wait_s=3) == "1"
        assert await call.ask(wait_s=3) == "2"
        assert await call.ask("closed", wait_s=0.2) is None
        assert list(call.said) == ["welcome", "closed"]


async def test_a_question_ends_with_its_end_key_which_is_no_answer(stage: Stage) -> None:
    async with stage.call([("welcome", Press("123#4"))]) as call:
        assert await call.ask("welcome", keys=9, end="#", wait_s=3) == "123"
        assert await call.ask(wait_s=3) == "4"


async def test_a_question_ends_with_its_last_key_and_the_others_are_kept(stage: Stage) -> None:
    async with stage.call([("welcome", Press("123"))]) as call:
        assert await call.ask("welcome", keys=2, wait_s=3) == "12"
        assert await call.ask(wait_s=3) == "3"


async def test_silence_is_no_answer_and_a_long_gap_ends_one(stage: Stage) -> None:
    async with stage.call([("welcome", Press("12"))]) as call:
        assert await call.ask("welcome", keys=5, end="#", wait_s=2) == "12"
        assert await call.ask("privacy", wait_s=0.2) is None


@pytest.mark.parametrize(
    ("take", "limit_s"),
    [(Speak(3.0), 30), (Speak(3.0, Ended.SILENCE), 30), (Speak(3.0, Ended.HANG_UP), 30), (Speak(6.0, Ended.LIMIT), 4)],
    ids=["key", "silence", "hang_up", "limit"],
)
async def test_a_recording_says_how_it_ended_and_how_long_somebody_talked(
    stage: Stage, take: Speak, limit_s: float
) -> None:
    async with stage.call(takes=[take]) as call:
        recorded = await call.record(uuid4().hex, limit_s, silence_s=2, end="#")
        assert recorded.ended is take.then
        assert recorded.talk_seconds == pytest.approx(min(take.talk_s, limit_s), abs=1.6)
        assert recorded.seconds >= recorded.talk_seconds - 1.6


async def test_keys_after_the_end_of_a_recording_are_typed_ahead(stage: Stage) -> None:
    async with stage.call(takes=[Speak(2.0, keys="31")]) as call:
        await call.record(uuid4().hex, 30, silence_s=3, end="#")
        assert await call.ask(wait_s=2) == "3"
        assert await call.ask(wait_s=2) == "1"


async def test_a_recording_of_a_name_that_has_ended_is_the_one_there_is(stage: Stage) -> None:
    async with stage.call(takes=[Speak(3.0)]) as call:
        name = uuid4().hex
        first = await call.record(name, 30, silence_s=3, end="#")
        again = await call.record(name, 30, silence_s=3, end="#")
        assert (again.name, again.seconds) == (first.name, first.seconds)


async def test_a_recording_can_be_played_back(stage: Stage) -> None:
    async with stage.call(takes=[Speak(2.0)]) as call:
        name = uuid4().hex
        await call.record(name, 30, silence_s=3, end="#")
        await call.replay(name)


async def test_a_hang_up_ends_every_verb_but_a_recording(stage: Stage) -> None:
    async with stage.call([("welcome", HangUp())]) as call:
        with pytest.raises(CallerHungUp):
            await call.say("welcome")
        verbs = (call.answer, lambda: call.say("closed"), lambda: call.ask(wait_s=3), call.hand_on)
        for verb in verbs:
            with pytest.raises(CallerHungUp):
                await verb()
        await call.hang_up()  # harmless


async def test_handing_a_caller_on_ends_the_script(stage: Stage) -> None:
    async with stage.call() as call:
        with pytest.raises(HandedOn):
            await call.hand_on()


def test_both_are_calls() -> None:
    """Held by the type checker; a missing verb would fail here too."""
    verbs = {name for name in vars(Call) if not name.startswith("_")} - {"language"}
    assert all(hasattr(kind, verb) for kind in (FakeCall, AriCall) for verb in verbs)
