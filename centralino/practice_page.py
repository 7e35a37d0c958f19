"""A practice as text: in one line, and as the page that an operator reads."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from ticket_core.attachments.model import Attachment
from ticket_core.codes import grouped
from ticket_core.model import Message, Practice, PracticeState, Requester
from ticket_core.overview import Contact, Line
from ticket_core.replies.model import Letter
from ticket_core.terms import Counting, read_clock

INDENT = "    "


@dataclass(frozen=True)
class Whole:
    """A practice with all that belongs to it. `kept` is the code of the one that it was merged into."""

    practice: Practice
    line: Line
    messages: Sequence[Message]
    letters: Sequence[Letter]
    attachments: Sequence[Attachment]
    contacts: Sequence[Contact]
    kept: str | None


def summary(practice: Practice, today: date, counting: Counting) -> str:
    """State, due date, days left and who has it, in one line."""
    state = f"{practice.state.value} ({practice.closure.value})" if practice.closure else practice.state.value
    return f"practice {name_of(practice)}: {state}, {_until(practice, today, counting)}, with {practice.operator or 'nobody'}"


def _until(practice: Practice, today: date, counting: Counting) -> str:
    if practice.state is PracticeState.AWAITING_DOCUMENTS:
        by = counting.documents_by(practice.state_since)
        return f"documents by {by} ({days_left(by, today, counting)}), no due date"
    if practice.due_on is None:
        return "no due date"
    return f"due {practice.due_on} ({days_left(practice.due_on, today, counting)})"


def name_of(practice: Practice) -> str:
    """Its code as people read it; its id once the code was erased."""
    return grouped(practice.code) if practice.code else f"{practice.id} (erased)"


def days_left(due: date, today: date, counting: Counting) -> str:
    """How far a due date is, in counted days."""
    if due == today:
        return "today"
    days = counting.between(today, due) if due > today else counting.between(due, today)
    return f"{days} {'day' if days == 1 else 'days'} {'left' if due > today else 'overdue'}"


def page(whole: Whole, now: datetime, counting: Counting, zone: ZoneInfo) -> str:
    """Everything about a practice, what an operator needs first on top, in the time of `zone`."""
    practice = whole.practice
    lines = [
        summary(practice, counting.day(now), counting),
        *_head(whole, zone),
        *clock_lines(practice, now, counting, zone),
        *message_lines(whole.messages),
        *(_letter(letter, zone) for letter in whole.letters),
        *(_attachment(one, zone) for one in whole.attachments),
        *(_contact(one, zone) for one in whole.contacts),
        *history_lines(practice, zone),
    ]
    return plain("\n".join(lines))


def _head(whole: Whole, zone: ZoneInfo) -> Iterator[str]:
    practice, line = whole.practice, whole.line
    if practice.merged_into:
        yield f"merged into {grouped(whole.kept) if whole.kept else practice.merged_into}: look at that one"
    yield f"requester: {requester_line(practice.requester)}"
    yield f"office: {line.office or '-'}; topic {line.topic or '-'}; municipality {line.municipality or '-'}; event {line.event or '-'}"
    kind, hard = practice.kind or "no kind", practice.practice_class or "unclassified"
    yield (
        f"received: {local(practice.counts_from, zone)} by {practice.channel}, {kind}, {hard}, language {practice.language}"
        f"{', an exercise' if practice.exercise else ''}"
    )
    yield f"id: {practice.id}, version {practice.version}"
    if practice.subject:
        yield f"subject: {practice.subject}"
    if practice.text:
        yield "text:"
        yield from (INDENT + one for one in practice.text.splitlines())


def requester_line(requester: Requester) -> str:
    """Who asks, and every address there is."""
    ways = {"e-mail": requester.email, "phone": requester.phone, "post": requester.postal, "fax": requester.fax}
    known = [f"{way} {address}" for way, address in ways.items() if address]
    who = f"{requester.type} {requester.name or 'without a name'}"
    return "; ".join([who, *known]) if known else f"{who}; NO REPLY ADDRESS"


def clock_lines(practice: Practice, at: datetime, counting: Counting, zone: ZoneInfo) -> Iterator[str]:
    """The clock's reading at an instant, past or to come, and the intervals that it is read from."""
    reading = read_clock(practice.clock, at, counting)
    if reading is None:
        yield f"clock at {local(at, zone)}: not started, the practice came later"
        return
    due = f", due {reading.due_on} ({days_left(reading.due_on, counting.day(at), counting)})" if reading.due_on else ""
    yield (
        f"clock at {local(at, zone)}: {reading.state}, {reading.elapsed} of {reading.term} days elapsed, "
        f"{reading.remaining} remaining{due}; "
        f"suspended {reading.suspended_administration} days for administrations, {reading.suspended_documents} for documents"
    )
    for one in practice.clock:
        ends = local(one.ends, zone) if one.ends else "now"
        due = f", due {one.due_on}" if one.due_on else ""
        yield f"{INDENT}{local(one.starts, zone)} to {ends}: {one.state}, term {one.term_days} days{due} ({one.reason})"


def message_lines(messages: Iterable[Message]) -> Iterator[str]:
    """Voice messages, with what a machine heard in them."""
    for message in messages:
        yield f"message: {message.seconds or 0:.1f} s, {message.state.value}, audio {message.audio_path or '-'}"
        if message.transcript:
            made = message.transcript
            yield f"  by {made.engine} ({made.model}), confidence {made.confidence:.2f}: {made.text}"
        if message.alarm_words:
            yield f"  ALARM: {', '.join(message.alarm_words)}"


def _letter(letter: Letter, zone: ZoneInfo) -> str:
    when = f"sent {local(letter.sent_at, zone)}" if letter.sent_at else f"made {local(letter.made_at, zone)}"
    why = f": {letter.error}" if letter.error else ""
    return f"letter: {letter.kind}, {letter.state}, to {letter.address}, {when}{why}"


def _attachment(one: Attachment, zone: ZoneInfo) -> str:
    if one.erased_at:
        return f"attachment: erased {local(one.erased_at, zone)} by {one.erased_by} ({one.erased_because})"
    return f"attachment: {one.name}, {one.media_type}, {one.bytes} bytes, added {local(one.added_at, zone)} by {one.author}"


def _contact(one: Contact, zone: ZoneInfo) -> str:
    what = f"practice {grouped(one.code)}" if one.code else one.reference
    return f"contact: {local(one.at, zone)} by {one.channel}, {what} (linked by {one.author})"


def history_lines(practice: Practice, zone: ZoneInfo) -> Iterator[str]:
    """Who did what, when and why, oldest first."""
    for entry in practice.history:
        yield f"{entry.at.astimezone(zone):%Y-%m-%d %H:%M:%S} {entry.author}: {entry.what} ({entry.reason})"


def local(at: datetime, zone: ZoneInfo) -> str:
    """An instant to the minute, in the time of `zone`."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


def plain(text: str) -> str:
    """Without control characters: what a requester wrote must not steer the terminal that shows it."""
    return "".join(sign for sign in text if sign == "\n" or unicodedata.category(sign) not in {"Cc", "Cf", "Cs"})
