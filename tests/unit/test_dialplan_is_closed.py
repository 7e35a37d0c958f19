"""No call can be placed through the PBX by whoever calls it: proved on the files that Asterisk loads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from centralino.pbx_home import make_pbx_home
from centralino.settings import UpSettings
from ivr.settings import IvrSettings
from queue_manager.asterisk import QUEUE
from queue_manager.model import interface_of
from tests.dialplan import Walk, entries, known_by, queues, read_dialplan

OPERATORS = ("201", "202")
BY_US = ("fallback", "queue", "queue-away", "given-back")
"""Where the guard, `ivr` and `queue` send a call."""


@pytest.fixture
def etc() -> Iterator[Path]:
    """The PBX's files, filled in."""
    with TemporaryDirectory(prefix="centralino-") as folder:
        (Path(folder) / "root/usr/lib/asterisk/modules").mkdir(parents=True)
        settings = UpSettings(data=Path(folder) / "data", first_port=10000, operators=OPERATORS)
        yield make_pbx_home(settings, IvrSettings(), str(Path(folder) / "root")) / "etc"


def append(etc: Path, text: str, name: str = "extensions.conf") -> None:
    with (etc / name).open("a", encoding="utf-8") as file:
        file.write(f"\n{text}\n")


def test_whatever_can_be_reached_from_any_phone_places_no_call(etc: Path) -> None:
    walk = Walk(etc, {*entries(etc).values(), *BY_US})
    assert walk.complaints == []
    assert {"inbound", "fallback", "fallback-mailbox", "fallback-operators", "hours", "given-back-away"} <= walk.reached


def test_every_context_is_reached_so_that_none_is_left_unlooked_at(etc: Path) -> None:
    walk = Walk(etc, {*entries(etc).values(), *BY_US})
    assert set(read_dialplan(etc)) == walk.reached


def test_only_the_trunk_comes_in_and_an_operators_phone_reaches_its_four_keys_alone(etc: Path) -> None:
    contexts = entries(etc)
    assert {name: context for name, context in contexts.items() if context != "nowhere"} == {
        "trunk": "inbound", **dict.fromkeys(OPERATORS, "operator-phone")
    }  # fmt: skip
    assert Walk(etc, {"operator-phone"}).reached == {"operator-phone"}
    extensions = re.findall(
        r"^exten => ([^,]+),", (etc / "queue.conf").read_text().partition("[operator-phone]")[2], re.M
    )
    assert extensions == ["_*1[1-4]"]
    nowhere = read_dialplan(etc)["nowhere"]
    assert (nowhere.lines, nowhere.includes) == ([], [])


def test_no_endpoint_is_known_by_the_name_that_a_stranger_writes_into_from(etc: Path) -> None:
    assert known_by(etc) == {"trunk": "ip", "guard": "ip", **dict.fromkeys(OPERATORS, "auth_username")}


def test_the_queue_rings_endpoints_of_operators_and_has_no_members_of_its_own(etc: Path) -> None:
    assert list(queues(etc)) == [QUEUE]
    assert {interface_of(number).removeprefix("PJSIP/") for number in OPERATORS} <= entries(etc).keys()


INTO_FALLBACK = "[fallback]\nexten => x,1,"


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("Dial(PJSIP/0039@trunk)", "application Dial"),
        ("Originate(PJSIP/1@trunk,app,Wait)", "application Originate"),
        ("System(reboot)", "application System"),
        ("NoOp()", "application NoOp"),
        ("Goto(${EXTEN},1)", "what a caller writes"),
        ("Goto(${TARGET},s,1)", "not written down"),
        ("Goto(outside,s,1)", "no context outside"),
        ("Goto(missing)", "no label missing"),
        ('GotoIf($["${A}" = "b"]?c,s,1)', "no context c"),
        ("Gosub(d,s,1(${CALL_ID}))", "no context d"),
        ("Playback(${CALLERID(name)})", "what a caller writes"),
        ("Playback(${SOUNDS}/${NUMBER})", "made of NUMBER"),
        ("Record(${FALLBACK_SPOOL}/${DIALLED}.wav)", "made of DIALLED"),
        ("Set(FILE(${FALLBACK_SPOOL}/${NUMBER},,,al,u)=x)", "made of NUMBER"),
        ("Set(RECORDING=/tmp/${DIALLED}.wav)", "made of DIALLED"),
        ("Set(X=${SHELL(id)})", "function SHELL"),
        ("Set(X=${EVAL(${Y})})", "function EVAL"),
        ("Set(X=${${Y}})", "name is made of another"),
        ("Set(X=${CURL(http://example.org)})", "function CURL"),
        ("Set(X=${EXTEN})", "what a caller writes"),
        ("Stasis(other)", "another application"),
        ("Queue(fallback,rT)", "options"),
        ("Queue(others,r)", "no queue others"),
        ("Queue(fallback,r,,,9,,away)", "no context away"),
    ],
)
def test_the_walk_finds_what_would_open_it(etc: Path, line: str, complaint: str) -> None:
    append(etc, INTO_FALLBACK + line)
    assert [found for found in Walk(etc, {"inbound"}).complaints if complaint in found]


def test_the_walk_follows_what_a_context_includes(etc: Path) -> None:
    append(etc, "[fallback]\ninclude => outward\n[outward]\nexten => _X.,1,Dial(PJSIP/${EXTEN}@trunk)")
    assert "outward" in Walk(etc, {"inbound"}).reached
    assert [found for found in Walk(etc, {"inbound"}).complaints if "Dial" in found]


def test_the_walk_finds_a_member_that_stands_in_a_file(etc: Path) -> None:
    append(etc, "member => PJSIP/0039@trunk", "queues.conf")
    assert [found for found in Walk(etc, {"inbound"}).complaints if "members" in found]
