"""A desk kept in memory, and one call served by it: what the tests of the flows share."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, time
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from ivr.flows.table import FIRST_FLOW, FLOWS
from ivr.model import Draft, Filed, Hours, RecordsAway, Visit
from ivr.settings import IvrSettings
from phone.call import Call, CallerHungUp, HandedOn, Recorded
from phone.fake_call import FakeCall
from ticket_core.codes import new_code
from ticket_core.model import PracticeStatus

ROME = ZoneInfo("Europe/Rome")
MONDAY_MORNING = datetime(2026, 10, 5, 10, 0, tzinfo=ROME)
MONDAY_NIGHT = datetime(2026, 10, 5, 22, 0, tzinfo=ROME)
TUESDAY_OPENING = datetime(2026, 10, 6, 9, 0, tzinfo=ROME)


class MemoryDesk:
    """`ivr.ports.Desk`. Keeps what was asked of it, and one message, which a second call of the same id finds again."""

    def __init__(self, *practices: PracticeStatus, is_open: bool = False, bulletin: bool = False) -> None:
        self.settings = IvrSettings()
        self.is_open = is_open
        self.practices = {practice.code: practice for practice in practices}
        self.message_id: UUID | None = None
        self.adds_to: PracticeStatus | None = None
        self.noted_takes: list[str] = []
        self.filed: list[Recorded] = []
        self.abandoned: list[str] = []
        self.discarded: list[str] = []
        self.notes: list[tuple[str, dict[str, Any]]] = []
        self.languages: list[str] = []
        self.looked_up: list[str] = []
        self.failed_codes = 0
        self.remembered: list[Visit] = []
        self.entered: list[tuple[str, str]] = []
        self.rooms = [True]
        self.records_away = False
        self.has_codes = True
        self.gave_up = False
        self.answer: Filed | None = None
        self._bulletin = bulletin

    async def hours(self) -> Hours:
        now = MONDAY_MORNING if self.is_open else MONDAY_NIGHT
        return Hours(self.is_open, 0, 4, time(9), time(18), now, None if self.is_open else TUESDAY_OPENING)

    def bulletin(self) -> bool:
        return self._bulletin

    def enter(self, flow: str, language: str) -> None:
        self.entered.append((flow, language))

    def note(self, kind: str, **detail: Any) -> None:
        self.notes.append((kind, detail))

    def speaks(self, language: str) -> None:
        self.languages.append(language)

    async def remember(self, visit: Visit) -> None:
        self.remembered.append(replace(visit))

    def can_record(self) -> bool:
        return self.rooms.pop(0) if len(self.rooms) > 1 else self.rooms[0]

    async def status(self, code: str) -> PracticeStatus | None:
        self.looked_up.append(code)
        if self.records_away:
            raise RecordsAway
        return self.practices.get(code)

    def code_failed(self) -> None:
        self.failed_codes += 1

    async def open_message(self, call: Call, adds_to: PracticeStatus | None) -> Draft:
        if self.message_id is None:
            self.message_id, self.adds_to = uuid4(), adds_to
            return Draft(self.message_id, given_up=self.gave_up)
        draft = Draft(self.message_id, takes=len(self.noted_takes), filed=self.answer)
        if self.noted_takes and not self.answer:
            draft.unfinished_take = self.noted_takes[-1]
        return draft

    async def note_take(self, draft: Draft, take: str) -> None:
        self.noted_takes.append(take)

    async def file_message(self, draft: Draft, recorded: Recorded, listens: bool = True) -> Filed:
        self.filed.append(recorded)
        self.answer = Filed(new_code() if self.has_codes and listens else None, added=self.adds_to is not None)
        return self.answer

    async def abandon_message(self, draft: Draft, reason: str) -> None:
        self.abandoned.append(reason)

    async def discard_take(self, take: str) -> None:
        self.discarded.append(take)


async def serve(call: FakeCall, desk: MemoryDesk, flow: str = FIRST_FLOW, visit: Visit | None = None) -> Visit:
    """One call from `flow` to its end, whoever ends it; `visit` is what an earlier process remembered of it."""
    visit = visit or Visit()
    with suppress(CallerHungUp, HandedOn):
        await FLOWS[flow](call, desk, visit)
        await call.hang_up()
    assert call.gone
    return visit
