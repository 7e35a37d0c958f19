"""Reconciling: the phones' own list against ledger, practices, messages and audio, call by call. The difference is sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from ledger.model import Call, Outcome
from tests.chaos.phones import THE_LINE, PhoneCall
from tests.chaos.voices import TAIL_S, missing_s
from ticket_core.model import Message, MessageState, Practice

LEAST_S = 2.0
BORDER_S = 1.5  # said for so little longer than the least, the PBX may have counted less talk than the phone sent
CRASH_TAIL_S = 2.0
LEGITIMATE_ENDS = ("goodbye", "fallback-thanks", "apology")

O = Outcome  # noqa: E741 (the table below is read by its outcomes)


@dataclass(frozen=True)
class Books:
    """What the platform wrote since a test began. `audio` reads a kept recording, 8 kHz 16-bit; `spool` names what lies in the spool."""

    calls: Sequence[Call]
    practices: Sequence[Practice]
    messages: Sequence[Message]
    callbacks: frozenset[str]
    kept: frozenset[str]
    spool: Sequence[str]
    audio: Callable[[Message], NDArray[np.int16]]


@dataclass(frozen=True)
class Circumstances:
    """What happened that the phones cannot know: whether the PBX crashed (its calls drop, the last seconds may be lost)."""

    pbx_crashed: bool = False
    disk_full: bool = False


@dataclass
class Agreement:
    """The difference, and what was compared."""

    calls: int = 0
    messages: int = 0
    differences: list[str] = field(default_factory=list)


def went_to_fallback(call: PhoneCall) -> bool:
    """Whether the phone heard the dialplan's fallback: both languages, one after the other, unasked."""
    prompts = [name.partition("/")[::2] for name in call.heard or ()]
    return any(
        (one, other) in (("not-a-rescue-number", "welcome"), ("mailbox", "mailbox")) and languages == ("it", "en")
        for ((first, one), (second, other)) in pairwise(prompts)
        for languages in [(first, second)]
    ) or call.has_heard("fallback-thanks")


def message_said(call: PhoneCall) -> bool:
    """Whether something was said after a beep that is surely long enough for a message."""
    return any(one.seconds >= LEAST_S + BORDER_S for one in call.spoken)


def perhaps_said(call: PhoneCall) -> bool:
    """As `message_said`, but too near the limit for the phone to tell."""
    return any(one.seconds >= LEAST_S - BORDER_S for one in call.spoken) and not message_said(call)


def allowed_outcomes(call: PhoneCall, happened: Circumstances) -> set[Outcome]:
    """The outcomes that the phone's experience allows."""
    if call.heard is None:
        return _unheard(call)
    if call.has_heard("apology") or (happened.disk_full and message_said(call)):
        return {O.ERROR, O.MISSED}
    if message_said(call):
        return {O.MESSAGE_LEFT}
    if call.talked:
        return {O.ANSWERED}
    told = {O.STATUS_HEARD} if call.has_heard("status-practice") else set()
    told |= {O.INFORMATION_HEARD} if call.has_heard("other-channels") else set()
    asked = went_to_fallback(call) or call.has_heard("mailbox", "beep", "too-short", "not-recorded")
    outcomes = told | ({O.MISSED} if asked else set()) or {O.ABANDONED}
    if perhaps_said(call):
        outcomes |= {O.MESSAGE_LEFT}
    if happened.pbx_crashed or call.at_the_fault:
        outcomes |= {O.ABANDONED, O.MISSED}  # the phone may hear a prompt begin that nobody lived to write down
    return outcomes


def _unheard(call: PhoneCall) -> set[Outcome]:
    """A phone that does not listen knows what it did, not what was done to it."""
    outcomes = {O.ABANDONED, O.MISSED}
    if call.spoken:
        outcomes = {O.MESSAGE_LEFT} if message_said(call) and not call.at_the_fault else {*outcomes, O.MESSAGE_LEFT}
    return outcomes | ({O.STATUS_HEARD} if call.codes or "#" in call.keys else set())


def agree(phones: Iterable[PhoneCall], books: Books, happened: Circumstances | None = None) -> Agreement:
    """Compare. An empty list of differences means that both sides tell the same story of every call."""
    happened = happened or Circumstances()
    result = Agreement()
    pages = _by(books.calls, lambda page: page.caller or "")
    messages = _by(books.messages, lambda message: message.call_id)
    practices = {practice.id: practice for practice in books.practices}
    codes: dict[str, str] = {}
    for call in phones:
        result.calls += 1
        mine = pages.pop(call.number, [])
        problems = list(_page(call, mine, happened))
        if len(mine) == 1:
            left = messages.pop(mine[0].call_id, [])
            result.messages += any(message.practice_id is not None for message in left)
            problems += _message(call, left, practices, books, happened)
            problems += _codes(call, left, practices, codes)
            problems += _callback(call, mine[0], books)
        problems += _end(call, happened)
        result.differences += [f"{problem} -- {call.story()}" for problem in problems]
    result.differences += _strangers(pages, messages, books)
    return result


def _page(call: PhoneCall, pages: Sequence[Call], happened: Circumstances) -> Iterable[str]:
    if call.answered_at is None:
        if len(pages) > 1:
            yield f"{len(pages)} pages for a call that was not answered"
        return
    if len(pages) != 1:
        yield f"{len(pages)} pages in the ledger for an answered call"
        return
    [page] = pages
    allowed = allowed_outcomes(call, happened)
    if page.outcome is None:
        yield "its page is still open"
    elif page.outcome not in allowed:
        wanted = " or ".join(sorted(outcome.value for outcome in allowed))
        yield f"the ledger says {page.outcome.value}, what the phone lived through says {wanted}"


def _message(
    call: PhoneCall,
    messages: Sequence[Message],
    practices: Mapping[UUID, Practice],
    books: Books,
    happened: Circumstances,
) -> Iterable[str]:
    filed = {message.practice_id for message in messages if message.practice_id is not None}
    unsettled = [message for message in messages if message.state is MessageState.RECORDING]
    if unsettled:
        yield "a message of it is neither filed nor given up"
    if len(filed) > 1:
        yield f"{len(filed)} practices for one call"
    if filed - practices.keys():
        yield "its message names a practice that is not there"
    promised = message_said(call) and not call.has_heard("apology") and not happened.disk_full
    # A phone that does not listen cannot know whether anybody recorded while a fault lasted: it speaks on over a notice.
    knows = call.heard is not None or not call.at_the_fault
    if promised and not filed and knows:
        yield "what was said is no practice"
    if filed and not call.spoken:
        yield "a practice for a call in which nothing was said"
    if filed and promised and knows:
        yield from _audio(call, messages, books, happened)


def _audio(call: PhoneCall, messages: Sequence[Message], books: Books, happened: Circumstances) -> Iterable[str]:
    try:
        recordings = [books.audio(message) for message in messages if message.audio_path is not None]
    except OSError as error:
        yield f"its audio cannot be read: {error}"
        return
    kept = np.concatenate([*recordings, np.zeros(0, dtype=np.int16)])
    for said in call.spoken:
        lost_s = TAIL_S
        if happened.pbx_crashed and call.fault_at_s is not None:
            lost_s = CRASH_TAIL_S + max(0.0, said.ended_s - call.fault_at_s)
        if said.seconds < LEAST_S + BORDER_S:
            continue
        missing = missing_s(said.samples, kept, lost_s)
        if missing:
            seconds = ", ".join(f"{at:g}" for at in missing)
            yield f"of {said.seconds:.1f} s said the audio ({len(kept) / 8000:.1f} s) lacks the seconds from {seconds}"


def _codes(
    call: PhoneCall, messages: Sequence[Message], practices: Mapping[UUID, Practice], seen: dict[str, str]
) -> Iterable[str]:
    filed = {message.practice_id for message in messages}
    mine = {practice.code for number, practice in practices.items() if number in filed}
    adds = any(message.adds_to is not None for message in messages)
    for heard in filter(None, call.codes):
        if not any(code.startswith(heard) for code in mine):
            yield f"it heard the code {heard}, and its practice has {', '.join(mine) or 'none'}"
    for code in mine if not adds else ():
        other = seen.setdefault(code, call.number)
        if other != call.number:
            yield f"its code is also that of {other}"


def _callback(call: PhoneCall, page: Call, books: Books) -> Iterable[str]:
    wants = page.outcome in (O.MISSED, O.ERROR)
    if wants and call.number not in books.callbacks:
        yield f"the ledger says {page.outcome}, and it is not on the call-back list"


def _end(call: PhoneCall, happened: Circumstances) -> Iterable[str]:
    dropped = call.ended_by == THE_LINE and call.answered_at is not None and call.heard is not None
    if dropped and not happened.pbx_crashed and not call.has_heard(*LEGITIMATE_ENDS):
        yield "the line dropped it"


def _strangers(
    pages: Mapping[str, Sequence[Call]], messages: Mapping[UUID, Sequence[Message]], books: Books
) -> Iterable[str]:
    for number, mine in pages.items():
        yield f"{len(mine)} pages for {number or 'no number'}, from which no phone called: {_when(mine[0].started_at)}"
    for call_id, left in messages.items():
        yield f"{len(left)} messages of the call {call_id}, which no phone placed"
    with_message = {message.practice_id for message in books.messages}
    for practice in books.practices:
        if practice.id not in with_message:
            yield f"a practice of {practice.caller or 'no number'} has no message"
    named = {message.audio_path for message in books.messages}
    yield from (f"the audio {name} belongs to no message" for name in sorted(books.kept - named))
    yield from (f"left in the spool: {name}" for name in books.spool)


def _when(at: datetime) -> str:
    return f"{at.astimezone(UTC):%H:%M:%S}"


def _by(values: Iterable, key: Callable) -> dict:  # type: ignore[type-arg]
    table: dict = {}  # type: ignore[type-arg]
    for value in values:
        table.setdefault(key(value), []).append(value)
    return table
