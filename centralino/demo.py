"""`make demo`: the main job, whole, with real calls of robot phones, each told as a timeline."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from time import monotonic
from zoneinfo import ZoneInfo

from rich.console import Console

from centralino import records
from centralino.platform import Platform
from centralino.records import Records
from centralino.robot_call import Told, load_ear, parse, place
from centralino.settings import Tree
from centralino.setup import choose_voice
from centralino.supervisor import until
from foundation.clock import SystemClock
from ledger.model import Call, StepKind
from pbx.robot.phone import RobotPhone
from phone.voice import render
from queue_manager.model import Duty
from ticket_core.codes import CODE_DIGITS
from ticket_core.model import Message, MessageState, Practice

SPOKEN = {
    "it": {
        "demo-tree": "Buongiorno, sono Maria Rossi, di Rieti. Vorrei segnalare un albero caduto sulla strada "
        "vicino alla scuola. Il mio indirizzo è via Garibaldi dieci.",
        "demo-river": "Buonasera, chiamo perché il fiume vicino a casa è molto alto dopo la pioggia di ieri.",
    },
    "en": {
        "demo-english": "Good morning, my name is John Smith. "
        "I would like to know what to do at home during an earthquake.",
    },
}
TO_MAILBOX = ("hear it/menu-closed", "press 3", "hear beep")
FINAL = {
    MessageState.TRANSCRIBED, MessageState.NO_SPEECH, MessageState.UNREADABLE, MessageState.FAILED, MessageState.WAITING_FOR_MODEL,
}  # fmt: skip
TRANSCRIBED_WITHIN_S = 120.0
OPERATOR = "anna"
ANSWERS = "201"


@dataclass(frozen=True)
class Scene:
    """One call of the demo; `asks_for` is the code of a practice that already exists, `kills` a service that dies while she speaks."""

    title: str
    caller: str
    script: Sequence[str]
    asks_for: str = ""
    kills: str = ""


def with_an_operator(tree: Tree) -> Tree:
    """The settings with the phone that answers in the demo, whatever others there are."""
    operators = (ANSWERS, *(number for number in tree.up.operators if number != ANSWERS))
    return tree.model_copy(update={"up": tree.up.model_copy(update={"operators": operators})})


async def demonstrate(tree: Tree, platform: Platform, console: Console) -> None:
    """Start, call, tell, stop. The line is closed at first, as at night; then it opens, and an operator is there."""
    begun = monotonic()
    try:
        await platform.start()
        await platform.start_robots([ANSWERS])
        speech = await asyncio.to_thread(_speech, platform, platform.asterisk_root)
        ear = await asyncio.to_thread(load_ear, platform.folders.sounds)
        console.print(f"the platform is up, {monotonic() - begun:.1f} s after the start\n")
        async with records.opened(tree, platform.database_url) as opened:
            ends = SystemClock().now() + timedelta(hours=1)
            await opened.calendar.add_override("closed", ends, "demonstration: as at night", "demo")
            async with RobotPhone(platform.robot_settings(), ear, "demo").switched_on() as phone:
                stage = Stage(platform, opened, phone, tree.up.number, tree.hours.zone, console)
                await _play(stage, speech)
                await opened.calendar.clear_overrides("demo")
                await opened.calendar.add_override("open", ends, "demonstration: as at ten in the morning", "demo")
                await _play_in_line(stage, speech)
            await opened.calendar.clear_overrides("demo")
    finally:
        await platform.stop()


@dataclass(frozen=True)
class Stage:
    """What the scenes are played with."""

    platform: Platform
    records: Records
    phone: RobotPhone
    number: str
    zone: ZoneInfo
    console: Console


async def _play(stage: Stage, speech: dict[str, Path]) -> None:
    first = [
        Scene("A citizen leaves a message out of hours", "+390746123456", [
            *TO_MAILBOX, f"speak {speech['demo-tree']}", "press #", "hear it/after-message", "press 1", "stay",
        ]),
        Scene("A citizen hangs up while speaking", "+393331234567", [
            *TO_MAILBOX, f"speak {speech['demo-river']}", "hang up",
        ]),
        Scene("An English caller, number withheld", "", [
            "hear it/language-offer", "press 9", "hear-start en/welcome", "press 3", "hear beep",
            f"speak {speech['demo-english']}", "press #", "hear en/after-message", "press 1", "stay",
        ]),
    ]  # fmt: skip
    told = await _together(stage, first)
    code = told[0].digits_after("it/code-is")[:CODE_DIGITS]
    await _work_on(stage, code)
    mistyped = code[:-1] + str((int(code[-1]) + 1) % 10)
    ask = ["hear it/language-offer", "press 2", "hear it/status-ask"]
    second = [
        Scene("She calls again, keys the code she heard, and is told what is missing", "+390746123456", [
            *ask, f"press {code}#", "hear it/status-awaiting-documents", "hear it/status-menu", "hang up",
        ], code),
        Scene("Somebody mistypes the last digit", "+390612345678", [
            *ask, f"press {mistyped}#", "hear it/code-not-correct", "hang up",
        ]),
    ]  # fmt: skip
    await _together(stage, second)
    third = [
        Scene("The process that talks to her is killed while she speaks", "+390746654321", [
            "hear-start it/welcome", "press 3", "hear-start it/mailbox", "press 5", "hear beep",
            f"speak {speech['demo-river']}", "wait 2", "press #", "hear it/after-message", "press 1", "stay",
        ], kills="ivr"),
    ]  # fmt: skip
    await _together(stage, third)


async def _play_in_line(stage: Stage, speech: dict[str, Path]) -> None:
    """One operator, whose robot phone answers and says the opening hours, and four citizens who ask for a person."""
    await stage.records.duties.set(ANSWERS, Duty.ON)
    operator_speaks, asks = "hear it/other-channels", "press 1"
    scenes = [
        Scene("She asks for a person and speaks to the operator", "+390746111111", [asks, operator_speaks, "hang up"]),
        Scene("He waits, hears his place, and is next", "+390746222222", [
            "wait 3", asks, "hear it/position-1", operator_speaks, "hang up",
        ]),
        Scene("She waits, and would rather leave a message", "+390746333333", [
            "wait 5", asks, "hear it/position-2", "press 1", "hear beep", f"speak {speech['demo-tree']}", "press #",
            "hear it/after-message", "press 1", "stay",
        ]),
        Scene("His line is cut while he waits", "+390746444444", ["wait 7", asks, "hear-start it/queue-menu", "hang up"]),
    ]  # fmt: skip
    back = Scene("He calls again within the minute, and has the place he had", "+390746444444", [
        asks, operator_speaks, "hang up",
    ])  # fmt: skip
    told = await asyncio.gather(*(_place(stage, scene) for scene in scenes[:3]), _cut_and_back(stage, scenes[3], back))
    stage.console.print()
    for scene, one in zip([*scenes[:3], back], told, strict=True):
        await _tell(stage, scene, one)


async def _cut_and_back(stage: Stage, cut: Scene, back: Scene) -> Told:
    await _place(stage, cut)
    return await _place(stage, back)


async def _work_on(stage: Stage, code: str) -> None:
    """What an operator does, without a panel yet: the term stands still from here on."""
    practice = await stage.records.practices.find(code)
    if practice is None:
        raise SystemExit("the code that was told is no practice's: see data/logs/ivr.log")
    await stage.records.casework.take(practice.id, OPERATOR)
    asked = await stage.records.casework.ask_documents(practice.id, "una fotografia dell'albero", OPERATOR)
    stage.console.print("== An operator takes her practice and asks for a photograph")
    stage.console.print(records.describe(asked, await stage.records.practices.messages_of(practice.id), stage.zone))
    verdict = await stage.records.histories.verify()
    stage.console.print(
        f"{verdict.entries} entries in the histories of {verdict.practices} practices verified, {len(verdict.faults)} faults\n"
    )


async def _together(stage: Stage, scenes: Sequence[Scene]) -> list[Told]:
    """Place the scenes' calls at once, then tell one after the other."""
    calls = f"{len(scenes)} calls at once: each is told when all have ended" if len(scenes) > 1 else "1 call"
    stage.console.print(f"{calls}\n")
    told = await asyncio.gather(*(_place(stage, scene) for scene in scenes))
    stage.console.print()
    for scene, one in zip(scenes, told, strict=True):
        await _tell(stage, scene, one)
    return told


async def _place(stage: Stage, scene: Scene) -> Told:
    """Place the scene's call, and say that it ended."""
    told, _ = await asyncio.gather(
        place(stage.phone, stage.number, scene.caller, parse(scene.script)), _kill_while_she_speaks(stage, scene.kills)
    )
    length_s = max((hit.end_s for hit in told.heard), default=0.0)
    stage.console.print(f"  ended after {length_s:.0f} s: {scene.title}")
    return told


async def _kill_while_she_speaks(stage: Stage, service: str) -> None:
    if not service:
        return
    takes = stage.platform.folders.spool / "recording"
    before = await asyncio.to_thread(os.listdir, takes)

    async def she_is_recorded() -> bool:
        return set(await asyncio.to_thread(os.listdir, takes)) > set(before)

    await until(she_is_recorded)
    await asyncio.sleep(2.0)
    stage.platform.supervisor.running[service].kill()
    stage.console.print(f"  killed while she speaks: {service}")


async def _tell(stage: Stage, scene: Scene, told: Told) -> None:
    stage.console.print(f"== {scene.title}")
    for line in told.timeline():
        stage.console.print(line)
    if told.complaint:
        raise SystemExit(f"the demo did not go as it should: {told.complaint}")
    practice, messages = await _practice_of(stage.records, scene, told)
    if practice:
        stage.console.print(records.describe(practice, messages, stage.zone))
    call = await stage.records.ledger.call((await _call_of(stage.records, told)).call_id)
    if call and (line := told_of_line(call)):
        stage.console.print(f"ledger: {line}")
    stage.console.print()


def told_of_line(call: Call) -> str:
    """What the ledger says of a call's time in line, in one line; "" for one that was in none."""
    words = {
        StepKind.QUEUED: "in line at {position} ({via})", StepKind.POSITION_TOLD: "told {position}",
        StepKind.OFFERED: "offered to {operator}", StepKind.BRIDGED: "with {operator} after {waited_s} s",
        StepKind.TALKED: "talked {talk_s} s", StepKind.ABANDONED: "hung up after {waited_s} s",
        StepKind.LEFT_QUEUE: "left for {why} after {waited_s} s",
    }  # fmt: skip
    return ", ".join(words[step.kind].format(**step.detail) for step in call.steps if step.kind in words)


async def _practice_of(opened: Records, scene: Scene, told: Told) -> tuple[Practice | None, list[Message]]:
    """The practice the call made or asked for, with its messages, once they are transcribed."""
    if scene.asks_for:
        practice = await opened.practices.find(scene.asks_for)
    else:
        practice = await opened.practices.practice_of_call((await _call_of(opened, told)).call_id)
    if practice is None:
        return None, []
    deadline = monotonic() + TRANSCRIBED_WITHIN_S
    while True:
        messages = await opened.practices.messages_of(practice.id)
        if all(message.state in FINAL for message in messages) or monotonic() > deadline:
            return await opened.practices.practice(practice.id), messages
        await asyncio.sleep(0.2)


async def _call_of(opened: Records, told: Told) -> Call:
    """The newest call from the robot's number."""
    for call in await opened.ledger.recent(20):
        if (call.caller or "") == told.caller:
            return call
    raise SystemExit("the ledger has no such call: see data/logs/ivr.log")


def _speech(platform: Platform, root: str) -> dict[str, Path]:
    """What the robots say, spoken by the prompts' own voice."""
    folders = platform.folders
    voice, target = choose_voice(folders, root), folders.data / "demo"
    for language, texts in SPOKEN.items():
        render(texts, language, voice, target, folders.prompts, folders.studio)
    return {name: target / language / f"{name}.wav" for language, texts in SPOKEN.items() for name in texts}
