"""Many callers at once: SIPp, whose log of what each call did becomes the same list that robots keep."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pbx.robot import g711
from pbx.robot.rtp import RATE_HZ
from tests.chaos.phones import THE_CALLER, THE_LINE, PhoneCall, Spoken

ANSWER_WITHIN_MS = 20_000
AT_ONCE = 120
LAST_CALL_S = 60


@dataclass(frozen=True)
class Step:
    """One thing a caller does: wait so many seconds, then press a key, speak so long, or only note a word in the log."""

    wait_s: float
    key: str = ""
    speak_s: float = 0.0


@dataclass(frozen=True)
class Habit:
    """What one kind of caller does from answer to hang-up, and how many of them call how often."""

    name: str
    steps: Sequence[Step]
    calls: int
    a_second: float


INVITE = """INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:[field0]@[local_ip]:[local_port]>;tag=[pid]t[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>
P-Asserted-Identity: <sip:[field0]@[local_ip]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:load@[local_ip]:[local_port]>
Max-Forwards: 70
Content-Type: application/sdp
Content-Length: [len]

v=0
o=- 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [auto_media_port] RTP/AVP 8
a=rtpmap:8 PCMA/8000
"""
INSIDE = """{method} sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:[field0]@[local_ip]:[local_port]>;tag=[pid]t[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
CSeq: {number} {method}
Contact: <sip:load@[local_ip]:[local_port]>
Max-Forwards: 70
"""
KEY = """Content-Type: application/dtmf-relay
Content-Length: [len]

Signal={key}
Duration=120
"""


def _send(text: str, retransmit: bool = True) -> str:
    how = ' retrans="500"' if retransmit else ""
    return f"<send{how}><![CDATA[\n{text}\n]]></send>\n"


def _note(word: str) -> str:
    return f'<log message="[field0] {word} [timestamp]"/>'


def _nop(*actions: str) -> str:
    return f"<nop><action>{''.join(actions)}</action></nop>\n"


def scenario(habit: Habit, speech: Path) -> str:
    """SIPp's scenario of a habit; every step is noted in its log."""
    parts = [_nop(_note("dialled")), _send(INVITE)]
    parts += [f'<recv response="{code}" optional="true"/>\n' for code in (100, 180, 183)]
    parts.append(f'<recv response="200" timeout="{ANSWER_WITHIN_MS}"><action>{_note("answered")}</action></recv>\n')
    parts.append(_send(INSIDE.format(method="ACK", number=1) + "Content-Length: 0\n", retransmit=False))
    number = 1
    for step in habit.steps:
        if step.wait_s:
            parts.append(f'<pause milliseconds="{int(step.wait_s * 1000)}"/>\n')
        if step.key:
            number += 1
            parts.append(_nop(_note(f"key:{step.key}")))
            parts.append(_send(INSIDE.format(method="INFO", number=number) + KEY.format(key=step.key)))
            parts.append('<recv response="200"/>\n')
        if step.speak_s:
            parts.append(_nop(_note("speaks"), f'<exec rtp_stream="{speech},1,8"/>'))
            parts.append(f'<pause milliseconds="{int(step.speak_s * 1000)}"/>\n')
            parts.append(_nop(_note("spoke")))
    parts.append(_nop(_note("leaves")))
    parts.append(_send(INSIDE.format(method="BYE", number=number + 1) + "Content-Length: 0\n"))
    parts.append('<recv response="200"/>\n')
    return f'<?xml version="1.0"?>\n<scenario name="{habit.name}">\n{"".join(parts)}</scenario>\n'


@dataclass
class Load:
    """SIPp processes at work, one a habit."""

    folder: Path
    speech: NDArray[np.int16]
    processes: list[asyncio.subprocess.Process]

    async def finish(self) -> list[PhoneCall]:
        """Wait for the last call; every call as its phone saw it."""
        for process in self.processes:
            await process.wait()
        logs = sorted(self.folder.glob("*.log"))
        return [call for log in logs for call in read_log(log.read_text(encoding="ascii"), self.speech)]

    def stop(self) -> None:
        """End them now."""
        for process in self.processes:
            if process.returncode is None:
                process.kill()


async def start(
    folder: Path,
    habits: Sequence[Habit],
    speech: NDArray[np.int16],
    first_number: int,
    target: str,
    dialled: str,
    port: int,
) -> Load:
    """Begin to call `dialled` at `target` (host:port) from numbers counted from `first_number`; SIPp's own ports from `port`."""
    program = shutil.which("sipp")
    assert program, "SIPp is not installed: run `make setup-dev`"
    spoken = folder / "speech.al"
    spoken.write_bytes(g711.encode(speech))
    load = Load(folder, g711.decode(g711.encode(speech)), [])
    for place, habit in enumerate(habits):
        plan, numbers, log = (folder / f"{habit.name}.{kind}" for kind in ("xml", "csv", "log"))
        plan.write_text(scenario(habit, spoken), encoding="ascii")
        mine = (f"+39{first_number + n}" for n in range(habit.calls))
        numbers.write_text("SEQUENTIAL\n" + "\n".join(mine) + "\n", encoding="ascii")
        first_number += habit.calls
        arguments = [
            target, "-sf", str(plan), "-inf", str(numbers), "-s", dialled, "-i", "127.0.0.1", "-mi", "127.0.0.1",
            "-p", str(port + place), "-mp", str(port + 100 + 400 * place), "-m", str(habit.calls),
            "-r", str(int(habit.a_second * 10)), "-rp", "10000", "-l", str(AT_ONCE),
            "-trace_logs", "-log_file", str(log), "-trace_err", "-error_file", str(folder / f"{habit.name}.err"),
            "-timeout", f"{int(habit.calls / habit.a_second) + LAST_CALL_S}s", "-nostdin",
        ]  # fmt: skip
        with (folder / f"{habit.name}.out").open("wb") as words:
            load.processes.append(
                await asyncio.create_subprocess_exec(program, *arguments, stdout=words, stderr=words, cwd=folder)
            )
    return load


def read_log(text: str, speech: NDArray[np.int16]) -> list[PhoneCall]:
    """The calls of one log: lines of number, word and time."""
    calls: dict[str, PhoneCall] = {}
    speaks: dict[str, float] = {}
    for line in text.splitlines():
        number, word, *_, instant = line.split()
        at = float(instant)
        call = calls.setdefault(number, PhoneCall(number, at))
        began = call.answered_at or at
        call.ended_at = at
        key = word.partition(":")[2]
        match word.partition(":")[0]:
            case "answered":
                call.answered_at, call.ended_by = at, THE_LINE
            case "key":
                call.keys += key
            case "speaks":
                speaks[number] = at
            case "spoke":
                seconds = min(at - speaks[number], len(speech) / RATE_HZ)
                call.spoken.append(Spoken(speaks[number] - began, at - began, speech[: int(seconds * RATE_HZ)]))
            case "leaves":
                call.ended_by = THE_CALLER
    return list(calls.values())
