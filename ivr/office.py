"""The office: opens a desk for each call, closes its page, and puts in order what was left behind while nobody was there."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from dialplan.numbers import caller_number
from foundation import logs
from foundation.database import is_away
from foundation.patience import within
from ivr.desk import CallDesk, Services, file, last_good_take, recording_path
from ivr.diary import Diary
from ivr.flows.operator import ASKS_FOR_OPERATOR
from ivr.model import Place, Visit
from ivr.rules import is_with_the_queue
from ledger.model import Call, Outcome, StepKind
from ledger.service import Ledger
from ticket_core.audio_store import discard

log = logs.get(__name__)

LEDGER_WITHIN_S = 5.0
# The fallback writes its note at once; where there is none after this, its disk was full, and no import will close the page.
NOTED_WITHIN = timedelta(seconds=60)


class Office:
    """Implements `ivr.ports.FrontOffice`."""

    def __init__(self, services: Services, ledger: Ledger) -> None:
        self._services = services
        self._ledger = ledger

    def number(self, shown: str) -> str | None:
        return caller_number(shown)

    def place_of(self, call_id: UUID) -> Place | None:
        return self._services.diary(call_id).place()

    async def welcome(self, call_id: UUID, caller: str | None, dialled: str, language: str) -> tuple[CallDesk, Visit]:
        diary = self._services.diary(call_id)
        visit = diary.visit_so_far()
        await diary.arrived(caller, dialled, language)
        if visit.resumed:
            diary.step(StepKind.RESUMED)
        return CallDesk(self._services, diary, caller), visit

    async def farewell(self, call_id: UUID, outcome: Outcome) -> None:
        await self._services.diary(call_id).ended(outcome)

    async def handed_over(self, call_id: UUID) -> None:
        diary = self._services.diary(call_id)
        await self._settle_message(diary)
        await diary.handed_over()

    async def handed_on(self, call_id: UUID) -> None:
        await self._services.diary(call_id).handed_on()

    async def left_behind(self) -> Collection[UUID]:
        return {*self._services.outbox.open_subjects(), *await self._open_in_the_ledger()}

    async def _open_in_the_ledger(self) -> list[UUID]:
        try:
            return [call.call_id for call in await within(self._ledger.open_calls(), LEDGER_WITHIN_S)]
        except Exception as error:
            if not is_away(error):
                raise
            return []  # what this process began stands in its own outbox

    async def settle(self, call_id: UUID) -> None:
        diary = self._services.diary(call_id)
        if not self._services.outbox.story(call_id):
            await self._settle_page(call_id)
            return
        if call_id not in self._services.outbox.open_subjects():
            return  # closed meanwhile, by whoever had it on the line
        visit = diary.visit_so_far()
        message = diary.message_so_far()
        if message is not None:
            filed = await self._settle_message(diary)
            visit.reached(Outcome.MESSAGE_LEFT if filed else Outcome.MISSED)
        place = diary.place()
        if self._is_with_the_fallback(call_id):
            await diary.handed_over()
        elif place and place.flow == ASKS_FOR_OPERATOR:
            # The process died between the move and its word of it: if the queue never had the caller, the page is closed in time.
            await diary.handed_on()
        else:
            await diary.ended(visit.outcome)
            log.info("call_settled", call_id=str(call_id), outcome=visit.outcome.value)

    async def _settle_message(self, diary: Diary) -> bool:
        """File what was said, or give the message up; tells whether it is kept."""
        message = diary.message_so_far()
        if message is None:
            return False
        kept = message.filed is not None
        if message.is_open:
            take = await asyncio.to_thread(last_good_take, self._services, message)
            if take is None:
                await diary.abandoned(message.id, "the call ended while nobody was there")
            else:
                await file(self._services, diary, take, listens=False)
                kept = True
        # A process that died had no time to remove what it had recorded: the store has it now, or too little was said in it.
        for name in message.take_names():
            await asyncio.to_thread(discard, recording_path(self._services.spool, name))
        return kept

    async def _settle_page(self, call_id: UUID) -> None:
        """A page that is open in the ledger, of which there is no diary (any more) and no note of the fallback."""
        page = await self._ledger.call(call_id)
        if page is None or page.outcome or self._is_with_the_fallback(call_id) or self._was_just_handed_over(page):
            return
        if is_with_the_queue(page.steps, self._services.clock.now()):
            return
        messages = await self._services.practices.messages_of_call(call_id)
        kept = any(message.practice_id for message in messages)
        await self._ledger.ended(call_id, Outcome.MESSAGE_LEFT if kept else Outcome.MISSED)
        log.warning("call_without_a_diary_closed", call_id=str(call_id))

    def _is_with_the_fallback(self, call_id: UUID) -> bool:
        return (self._services.spool / "fallback" / f"{call_id}.call").exists()

    def _was_just_handed_over(self, page: Call) -> bool:
        since = self._services.clock.now() - NOTED_WITHIN
        return any(step.kind is StepKind.FALLBACK and step.at > since for step in page.steps)
