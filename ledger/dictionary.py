"""What each column of a table of figures means: exported with it, so that nobody has to ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Meaning:
    """A column's unit, and what stands in it. A cell is empty where there is nothing to divide by, or nothing was measured."""

    unit: str
    text: str


def _calls(text: str) -> Meaning:
    return Meaning("calls", text)


def _seconds(text: str) -> Meaning:
    return Meaning("seconds", text)


def _share(text: str) -> Meaning:
    return Meaning("share, 0 to 1", text)


FRAME: Mapping[str, Meaning] = {
    "since": Meaning("instant", "the stretch's beginning, which belongs to it"),
    "until": Meaning(
        "instant", "the stretch's end, which does not; a call belongs to the stretch in which it entered the line"
    ),
    "queue": Meaning(
        "name", "the queue; empty for all together, (none) for callers who were refused or came by the fallback"
    ),
}

QUEUE: Mapping[str, Meaning] = {
    "offered": _calls("O: entered the line; exercises and callbacks are not among them"),
    "answered": _calls("A: bridged to an operator"),
    "abandoned": _calls("B: left before that without having chosen to; the short ones and those sent on are among them"),
    "abandoned_short": _calls("Bs: hung up within 5 seconds"),
    "sent_on": _calls("entered the line and were sent to the mailbox by us"),
    "chose_message": _calls("part of E: left the line for the mailbox by their own choice"),
    "chose_callback": _calls("part of E: left the line to be called back"),
    "waiting": _calls("in the line at the instant of the report"),
    "callbacks": _calls("calls made to call somebody back"),
    "service_level": _share("A in time / (O - Bs - E who left before that time - those waiting for less than it)"),
    "answer_speed_s": _seconds("mean wait of the answered, from the choice of an operator"),
    "abandonment": _share("(B - Bs) / (A + B - Bs)"),
    "longest_wait_s": _seconds("the longest wait of anybody in the line, whatever became of them"),
    "handled": _calls("calls whose talk with an operator is over"),
    "handling_s": _seconds("mean of talk + hold + wrap-up of a handled call"),
    "occupancy": _share("(talk + hold + wrap-up) / (the same + idle or rung) of the operators' time in the stretch; pauses out"),
    "saturated": _calls("sent on or refused because all were busy, the line was full or the wait too long"),
    "unstaffed": _calls("sent on or refused because nobody was on duty or the line was closing"),
    "blocked": _calls("refused by the trunk or by the PBX's limit"),
    "accessibility": _share("seconds the line could be reached / seconds open"),
    "arrived": _calls("all calls that came, with or without asking for an operator; exercises are not among them"),
    "busiest_hour": _calls("the most that came within any 60 minutes of the stretch"),
    "of_promised": Meaning("ratio", "busiest_hour / the 100 calls an hour that the charter promises"),
}  # fmt: skip

OPERATOR: Mapping[str, Meaning] = {
    "number": Meaning("name", "the operator's phone"),
    "answered": _calls("callers in the line who were bridged to this operator"),
    "missed": Meaning("offers", "times the phone was rung in vain"),
    "handled": _calls("calls in which this operator's talk is over, callbacks among them"),
    "talk_s": _seconds("talk in all, without hold"),
    "hold_s": _seconds("hold in all"),
    "wrap_up_s": _seconds("wrap-up in all"),
    "handling_s": _seconds("mean of talk + hold + wrap-up of a handled call"),
    "occupancy": _share("(talk + hold + wrap-up) / (the same + idle or rung) of the operator's time in the stretch; pauses out"),
    "idle_s": _seconds("idle or rung"),
    "paused_s": _seconds("on a pause"),
    "unreachable_s": _seconds("on duty with a phone that could not be rung"),
}  # fmt: skip
