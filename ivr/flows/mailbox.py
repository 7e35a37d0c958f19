"""Rows 9 to 11 and 16: a spoken message becomes a practice, and the caller hears its code."""

from __future__ import annotations

from ivr.model import Draft, Filed, Visit
from ivr.ports import Desk
from ivr.rules import told_code
from ledger.model import Outcome
from phone.call import Call, CallerHungUp, Ended, RecordingFailed
from phone.menu import menu
from ticket_core.model import PracticeStatus

END_KEY = "#"


async def leave_message(call: Call, desk: Desk, visit: Visit, adds_to: PracticeStatus | None = None) -> None:
    """Take a message. Whatever the caller does, what was said is filed, once, and before anything is promised."""
    draft = await desk.open_message(call, adds_to)
    hung_up = failed = False
    try:
        desk.enter("mailbox", call.language)
        if not (draft.filed or draft.given_up):
            await take_message(call, desk, draft)
    except CallerHungUp:
        hung_up = True
    except RecordingFailed:
        failed = True
    filed = await settle(desk, visit, draft, failed, listens=not hung_up)
    if hung_up:
        raise CallerHungUp
    if filed:
        await tell_code(call, filed)
    else:
        await call.say("apology" if failed else "not-recorded")
    await call.say("goodbye", "pause-short")


async def settle(desk: Desk, visit: Visit, draft: Draft, failed: bool, listens: bool) -> Filed | None:
    """The one place where a message is filed or given up."""
    if draft.filed or draft.best:
        visit.reached(Outcome.MESSAGE_LEFT)
        return draft.filed or await desk.file_message(draft, draft.best, listens)  # type: ignore[arg-type]
    visit.reached(Outcome.ERROR if failed else Outcome.MISSED)
    if not draft.given_up:
        await desk.abandon_message(draft, "the recording failed" if failed else "too little was said")
    return None


async def take_message(call: Call, desk: Desk, draft: Draft) -> None:
    """Record until there is a message, asking once more; then let the caller send, listen, or record again."""
    if draft.unfinished_take:
        await record(call, desk, draft, draft.unfinished_take)
    for prompt in ("mailbox", "too-short"):
        if not draft.best:
            await record_after(prompt, call, desk, draft)
    while draft.best:
        match await menu(
            call, "after-message", keys="1230", tries=desk.settings.tries, wait_s=desk.settings.menu_wait_s
        ):
            case "2":
                await call.replay(draft.best.name)
            case "3":
                await record_after("record-again", call, desk, draft)
            case _:
                return  # 1, or no answer: sent; and 0, so that nothing that was said waits for an operator


async def record_after(prompt: str, call: Call, desk: Desk, draft: Draft) -> None:
    """Say what to do, beep, record one take. Raises `RecordingFailed` where there is no room for it."""
    if not desk.can_record():
        raise RecordingFailed("the disk's reserve is reached")
    take = draft.next_take()
    await desk.note_take(draft, take)
    await call.say(prompt)
    await call.say("beep")
    desk.note("voicemail", take=draft.takes)
    await record(call, desk, draft, take)


async def record(call: Call, desk: Desk, draft: Draft, take: str) -> None:
    """One take. It counts when somebody talked in it; until then the one before it does."""
    settings = desk.settings
    recorded = await call.record(take, settings.message_limit_s, settings.message_silence_s, END_KEY)
    if recorded.talk_seconds < settings.least_talk_s:
        has_room = desk.can_record()  # before the take that filled the disk is gone
        await desk.discard_take(take)
        if not has_room:
            raise RecordingFailed("the disk filled up while the caller spoke: it is not they who said too little")
    else:
        if draft.best:
            await desk.discard_take(draft.best.name)
        draft.best = recorded
    if recorded.ended is Ended.HANG_UP:
        raise CallerHungUp


async def tell_code(call: Call, filed: Filed) -> None:
    """The code, twice. Any key says it again: nobody may miss it by a finger that was too quick."""
    if filed.code is None:
        await call.say("code-later")
        return
    while await call.ask(*told_code(filed.code, filed.added), wait_s=2.0) is not None:
        continue
