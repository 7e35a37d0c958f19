"""Reads Asterisk's files and walks the dialplan: from where a call can come in, what can it ever reach and run?

An application, a function or a variable that nobody has looked at is a complaint: whoever adds one decides here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

APPLICATIONS = frozenset(
    {"Answer", "Goto", "GotoIf", "Gosub", "Hangup", "Playback", "Queue", "Record", "Return", "Set", "Stasis"}
)
"""None of these places a call, except Queue: its members are looked at."""

FUNCTIONS = frozenset(
    {"CALLERID", "CHANNEL", "DB", "FILE", "FILTER", "GLOBAL", "IF", "LEN", "LOCAL", "QUEUE_MEMBER", "SHIFT", "STAT", "STRFTIME", "UUID"}
)  # fmt: skip
"""None of these runs a program, reads an address or evaluates text again."""

PATHS = frozenset({"CALL_ID", "FALLBACK_SPOOL", "NOTE", "RECORDING", "SOUNDS"})
"""All that a file's name may be made of: settings, and an id that we draw."""

CALLERS = frozenset({"EXTEN", "CALLERID"})
"""What a caller writes. Read only where it is measured, filtered or already put right."""
PUT_RIGHT = (
    "Set(DIALLED=${FILTER(+0-9,${EXTEN})})",
    "Set(CALLERID(name)=)",
    "Set(NUMBER=${FILTER(+0-9,${CALLERID(num)})})",
    "Set(NUMBER=${IF($[${LEN(${NUMBER})} = ${LEN(${CALLERID(num)})}]?${NUMBER}:)})",
    'Set(NUMBER=${IF($["${CALLERID(num-pres):0:7}" = "allowed"]?${NUMBER}:)})',
    "Set(CALLERID(num)=${NUMBER})",
    # Behind `inbound`, which has put it right.
    "Gosub(fallback-note,s,1(caller,${CALLERID(num)}))",
    # Not from a phone: only our own processes send a call there, with an extension of theirs.
    "Stasis(queue,join,${CALL_ID},${DIALLED},${EXTEN})",
    "Stasis(ivr,${CALL_ID},${DIALLED},${EXTEN})",
    # The pattern of `operator-phone` lets four extensions through; the endpoint is known by its password.
    "Stasis(queue,keys,${CHANNEL(endpoint)},${EXTEN})",
)

OURS = frozenset({"ivr", "queue"})
"""The applications that answer callers."""

QUEUE_OPTIONS = frozenset("rC")  # ring, answered elsewhere: no transfer, no recording, no keys


@dataclass(frozen=True)
class Line:
    """One priority of an extension."""

    context: str
    application: str
    arguments: str

    def __str__(self) -> str:
        return f"{self.application}({self.arguments})"


@dataclass
class Context:
    """One context: its lines, labels and what it includes."""

    name: str
    lines: list[Line] = field(default_factory=list)
    labels: set[str] = field(default_factory=set)
    includes: list[str] = field(default_factory=list)


def sections(text: str) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Each `[section]` with its `name = value` and `name => value` lines, comments left out."""
    name, lines = "", list[tuple[str, str]]()
    for raw in text.splitlines():
        line = re.sub(r"(?<!\\);.*", "", raw).strip()
        if header := re.match(r"\[([^\]]+)\]", line):
            yield name, lines
            name, lines = header[1], []
        elif "=" in line:
            key, _, value = line.partition("=")
            lines.append((key.strip(), value.removeprefix(">").strip()))
    yield name, lines


def read_dialplan(etc: Path) -> dict[str, Context]:
    """Every context of `extensions.conf` and of what it includes."""
    text = (etc / "extensions.conf").read_text(encoding="utf-8")
    text = re.sub(r'#include "([^"]+)"', lambda found: (etc / found[1]).read_text(encoding="utf-8"), text)
    contexts: dict[str, Context] = {}
    for name, lines in sections(text):
        context = contexts.setdefault(name, Context(name))
        for key, value in lines:
            if key == "include":
                context.includes.append(value)
            elif key in ("exten", "same"):
                _add(context, value.partition(",")[2] if key == "exten" else value)
    return {name: context for name, context in contexts.items() if name not in ("", "globals")}


def _add(context: Context, priority: str) -> None:
    found = re.fullmatch(r"(?:n|\d+)(?:\(([\w-]+)\))?,(\w+)(?:\((.*)\))?", priority)
    assert found, f"[{context.name}] cannot be read: {priority}"
    if found[1]:
        context.labels.add(found[1])
    context.lines.append(Line(context.name, found[2], found[3] or ""))


def split(text: str, at: str = ",") -> list[str]:
    """The parts between separators outside of brackets."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter in "({[") - (letter in ")}]")
        if letter == at and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def entries(etc: Path) -> dict[str, str]:
    """Each SIP endpoint with the context in which its calls begin."""
    found = {}
    for name, lines in sections((etc / "pjsip.conf").read_text(encoding="utf-8")):
        values = dict(lines)
        if values.get("type") == "endpoint":
            found[name] = values.get("context", "default")
    return found


def known_by(etc: Path) -> dict[str, str]:
    """Each SIP endpoint with the ways in which it may be known; Asterisk's default where none is said."""
    found = {}
    for name, lines in sections((etc / "pjsip.conf").read_text(encoding="utf-8")):
        values = dict(lines)
        if values.get("type") == "endpoint":
            found[name] = values.get("identify_by", "username,ip")
    return found


def queues(etc: Path) -> Mapping[str, list[tuple[str, str]]]:
    """Each queue with its lines."""
    text = (etc / "queues.conf").read_text(encoding="utf-8")
    return {name: lines for name, lines in sections(text) if name not in ("", "general")}


class Walk:
    """Everything that can be reached from some contexts, and what is wrong with it."""

    def __init__(self, etc: Path, begin: Iterable[str]) -> None:
        self._contexts = read_dialplan(etc)
        self._queues = queues(etc)
        self.reached: set[str] = set()
        self.complaints: list[str] = []
        waiting = list(begin)
        while waiting:
            name = waiting.pop()
            if name in self.reached:
                continue
            self.reached.add(name)
            context = self._contexts.get(name)
            if context is None:
                self.complaints.append(f"there is no context {name}")
                continue
            waiting += context.includes
            for line in context.lines:
                waiting += self._look_at(line, context)

    def _look_at(self, line: Line, context: Context) -> list[str]:
        """Complain about a line; the contexts it leads to."""
        if line.application not in APPLICATIONS:
            return self._complain(line, f"nobody has decided about the application {line.application}")
        names = set(re.findall(r"\$\{([\w-]+)", line.arguments)) | set(re.findall(r"\b([A-Z_]{2,})\(", line.arguments))
        functions = {name for name in names if f"{name}(" in line.arguments}
        for function in sorted(functions - FUNCTIONS):
            self._complain(line, f"nobody has decided about the function {function}")
        if re.search(r"\$\{[^\w]", line.arguments):
            self._complain(line, "a variable's name is made of another")
        if names & CALLERS and str(line) not in PUT_RIGHT:
            self._complain(line, "it uses what a caller writes")
        for path in self._paths(line):
            if unknown := set(re.findall(r"\$\{(\w+)", path)) - PATHS:
                self._complain(line, f"a file's name is made of {', '.join(sorted(unknown))}")
        return self._targets(line, context)

    def _complain(self, line: Line, why: str) -> list[str]:
        self.complaints.append(f"[{line.context}] {line}: {why}")
        return []

    def _paths(self, line: Line) -> list[str]:
        named = re.findall(r"\bFILE\(((?:\$\{\w+\}|[^,()])*)", line.arguments)
        named += re.findall(r"\bSTAT\(\w,((?:\$\{\w+\}|[^,()])*)", line.arguments)
        if line.application in ("Playback", "Record"):
            named.append(split(line.arguments)[0])
        if line.application == "Set" and (variable := re.match(r"_*(NOTE|RECORDING)=(.*)", line.arguments)):
            named.append(variable[2])
        return named

    def _targets(self, line: Line, context: Context) -> list[str]:
        match line.application:
            case "Goto":
                return self._target(line, context, line.arguments)
            case "GotoIf":
                places = split(split(line.arguments, "?")[1], ":")
                return [name for place in places if place for name in self._target(line, context, place)]
            case "Gosub":
                return self._target(line, context, re.sub(r"\(.*\)$", "", line.arguments))
            case "Stasis":
                literal = split(line.arguments)[0] in OURS
                return [] if literal else self._complain(line, "it hands the call to another application")
            case "Queue":
                return self._queue(line)
        return []

    def _target(self, line: Line, context: Context, place: str) -> list[str]:
        if "$" in place:
            return self._complain(line, "where it leads is not written down")
        parts = place.split(",")
        if len(parts) == 1 and parts[0] not in context.labels:
            return self._complain(line, f"there is no label {place}")
        return parts[:1] if len(parts) == 3 else []

    def _queue(self, line: Line) -> list[str]:
        name, options, url, announce, _, agi, gosub = [*split(line.arguments), *[""] * 7][:7]
        lines = self._queues.get(name)
        if lines is None:
            return self._complain(line, f"there is no queue {name}")
        if url or announce or agi or set(options) - QUEUE_OPTIONS:
            self._complain(line, "it has options that nobody has looked at")
        if any(key == "member" or key == "context" for key, _ in lines):
            self._complain(line, "its members are not the operators on duty alone, or a key leads out of it")
        return [gosub] if gosub else []
