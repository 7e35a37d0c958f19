"""The line on the real PBX: its events become verbs of the board, and what the board says is done and written down.

Ringing has a websocket of its own: requests on one are served in turn, and a burst of announcements must not hold up a free operator.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from uuid import UUID

import structlog

from dialplan.numbers import caller_number
from foundation import logs
from foundation.clock import Clock
from foundation.database import is_away
from foundation.health import Check
from foundation.journal import Written
from ledger.model import Outcome, StepKind
from pbx.ami.phones import PhoneState
from pbx.ari import operations as op
from pbx.ari.client import Ari, AriError, AriTimeout, Conflict, ConnectionLost, NotFound
from pbx.ari.events import ChannelDestroyed, Event, HangUpAsked, StasisEnd, StasisStart, channel_of
from pbx.ari.heartbeat import QUEUE, Heartbeat
from pbx.ari.line import ChannelGone, Line
from pbx.ari.transport import Connect
from pbx.settings import PbxSettings
from phone.catalogue import LANGUAGES
from queue_manager import metrics
from queue_manager.board import NO_ANSWER, REFUSED, Board, citizen_of
from queue_manager.caller import Asking, LineWaiter, Standing
from queue_manager.diary import Arrival, Diary, Kept
from queue_manager.model import (
    Abandoned,
    CallCitizen,
    Connected,
    Duty,
    Happening,
    KeepsPlace,
    Left,
    NotAnswered,
    NotReached,
    Offered,
    Phone,
    Place,
    Replaced,
    SeatChanged,
    SeatState,
    Talked,
    Unreached,
    Why,
    Withdrawn,
    WrappedUp,
    interface_of,
)
from queue_manager.operator_keys import serve_keys
from queue_manager.waiting import Pace, wait_in_line

log = logs.get(__name__)

APPLICATION, SOUND = "queue", "queue-sound"
JOIN, OPERATOR, CITIZEN, KEYS = "join", "operator", "citizen", "keys"
OPERATORS_LANGUAGE = "it"
MAILBOX = "mailbox"
AGAIN_AFTER_S = 0.5
UNREACHABLE = 20  # Q.850, subscriber absent
NORMAL = 16
PHONES = {
    PhoneState.FREE: Phone.FREE,
    PhoneState.RINGING: Phone.BUSY,
    PhoneState.IN_CALL: Phone.BUSY,
    PhoneState.BUSY: Phone.BUSY,
    PhoneState.UNREACHABLE: Phone.UNREACHABLE,
    PhoneState.INVALID: Phone.UNREACHABLE,
}
GIVEN_BACK_AS = {Why.MESSAGE: "chosen"}
Away = (ConnectionLost, AriTimeout, AriError)


@dataclass(frozen=True)
class Outward:
    """How citizens are called back: through which SIP endpoint ("": not at all), as which number ("": the one they had dialled).

    `countries` are those whose numbers are called (ISO 3166, two letters).
    """

    trunk: str = ""
    shown: str = ""
    countries: Collection[str] = ("IT",)


@dataclass
class Caller:
    """One caller who is ours: their channel, and the coroutine that speaks to them while they wait.

    `put_through` tells when their talk is on the disk, `talks` is true once the two hear each other. `looking` looks where they are,
    once their channel has left our application.
    Whoever is to be called back is `gone`, and their channel is the one on which they are called.
    """

    arrival: Arrival
    line: Line
    waiting: asyncio.Task[None] | None = None
    put_through: Written | None = None
    talks: bool = False
    gone: bool = False
    looking: asyncio.Task[None] | None = None


class Switchboard:
    """Callers in line and operators' phones in the Stasis application `queue`.

    `set_duty` writes what an operator has dialled as their duty, and whom the board itself has paused.
    """

    def __init__(
        self,
        connect: Callable[[str], Connect],
        board: Board,
        diary: Diary,
        pbx: PbxSettings,
        pace: Pace,
        clock: Clock,
        in_service: Check,
        set_duty: Callable[[str, Duty, str], Coroutine[Any, Any, None]],
        outward: Outward = Outward(),
    ) -> None:
        self.board = board
        self._diary = diary
        self._pbx = pbx
        self._pace = pace
        self._clock = clock
        self._set_duty = set_duty
        self._outward = outward
        self._callers: dict[UUID, Caller] = {}
        self._channels: dict[str, UUID] = {}
        self._own_phones: set[str] = set()
        self._arrivals: asyncio.Queue[Arrival] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()
        timeout_s = pbx.request_timeout_s
        self.ari = Ari(
            APPLICATION, connect(APPLICATION), self._on_start, self._on_connected,
            request_timeout_s=timeout_s, on_event=self._on_event,
        )  # fmt: skip
        self.sound = Ari(SOUND, connect(SOUND), lambda event: None, _nothing, request_timeout_s=timeout_s)
        self.heartbeat = Heartbeat(self.ari, QUEUE, clock, in_service)

    # -- what the PBX tells

    def _on_start(self, event: StasisStart) -> None:
        role = event.args[0] if event.args else ""
        if role == CITIZEN:
            self.do(self.board.answered(event.channel.id, self._now()))
            return
        if role == OPERATOR:
            self._picked_up(event.channel.id, *event.args[1:2])
            return
        if role == KEYS and len(event.args) == 3:
            self._begin(self._serve_keys(event.channel.id, *event.args[1:]))
            return
        try:
            _, call_id, dialled, language = event.args[:4]
            number = caller_number(event.channel.caller_number)
            arrival = Arrival(event.channel.id, UUID(call_id), number, dialled, language)
        except ValueError:
            log.error("caller_without_a_call")
            self._begin(self._without_a_call(event.channel.id))
            return
        self._welcome(arrival)

    def _welcome(self, arrival: Arrival) -> None:
        """Once: at a connection a caller may be both found and told."""
        if arrival.channel_id not in self._channels:
            self._know(arrival)
            self._arrivals.put_nowait(arrival)

    def _on_event(self, event: Event) -> None:
        channel_id = channel_of(event) or ""
        call_id = self._channels.get(channel_id)
        if call_id is None:
            if isinstance(event, ChannelDestroyed):
                self._leg_gone(channel_id, event.cause)
            elif isinstance(event, HangUpAsked) and self.board.talks_on(channel_id):
                self._leg_gone(channel_id, NORMAL)
        elif isinstance(event, HangUpAsked | ChannelDestroyed):
            self._gone(call_id)
        elif isinstance(event, StasisEnd):
            self._callers[call_id].looking = self._begin(self._look_where(call_id))

    def _picked_up(self, leg: str, call_id: str = "") -> None:
        """An operator answers: a caller who has left without a word is first found, else the two would be said to talk."""
        caller = self._callers.get(UUID(call_id)) if call_id else None
        if caller and caller.looking and not caller.looking.done():
            caller.looking.add_done_callback(lambda _: self._picked_up(leg, call_id))
        else:
            self.do(self.board.answered(leg, self._now()))

    def _leg_gone(self, leg: str, cause: int) -> None:
        call_id = self.board.caller_on(leg)
        caller = self._callers.get(call_id) if call_id else None
        if caller and not caller.talks:
            # The operator was gone before the two heard each other: that ends no call.
            self._rescue(caller)
        self.do(self.board.leg_gone(leg, cause, self._now()))

    def _gone(self, call_id: UUID) -> None:
        caller = self._callers.get(call_id)
        if caller and not caller.gone:
            caller.gone = True
            if call_id in self.board.places:
                self.do(self.board.caller_gone(call_id, self._now()))
            else:
                self._never_in_line(caller.arrival)
            self._part(caller.arrival)

    def _part(self, arrival: Arrival) -> None:
        """Their channel is gone; whoever is to be called back is ours all the same."""
        self._forget(arrival.call_id)
        place = self.board.places.get(arrival.call_id)
        if place and place.away:
            arrival = replace(arrival, caller=place.callback)
            self._callers[arrival.call_id] = Caller(arrival, self._line(arrival.channel_id), gone=True)

    def _never_in_line(self, arrival: Arrival) -> None:
        """The caller hung up before we had got to them: their page tells so too."""
        now, position = self._now(), len(self.board.waiting()) + 1
        place = Place(arrival.call_id, arrival.language, now, now, caller=arrival.caller)
        self._diary.joined(arrival, place, position, "menu")
        self._write(Abandoned(arrival.call_id, 0.0, position))

    async def _look_where(self, call_id: UUID) -> None:
        """A caller left our application without a word: they hung up, or the guard has taken them to the fallback."""
        caller = self._callers.get(call_id)
        if caller is None or caller.gone:
            return
        if await self._is_there(caller.arrival.channel_id):
            log.warning("caller_taken_by_the_fallback", call_id=str(call_id))
            self._let_go(caller)
        else:
            self._gone(call_id)

    def _let_go(self, caller: Caller) -> None:
        """The fallback has the caller, or is about to."""
        if not caller.gone:
            caller.gone = True
            call_id = caller.arrival.call_id
            self.do(self.board.taken_away(call_id, self._now()))
            self._diary.handed_over(call_id)
            self._forget(call_id)

    def _rescue(self, caller: Caller) -> None:
        """What we could not do, Asterisk alone does."""
        if not caller.gone:
            self._let_go(caller)
            self._begin(self._send(caller.arrival, "queue-away", "s"))

    async def _is_there(self, channel_id: str) -> bool:
        return await self._insist(self.sound, op.GET_CHANNEL, {"channelId": channel_id})

    async def _insist(self, ari: Ari, operation: op.Operation, path: dict[str, str], **query: object) -> bool:
        """Ask again while Asterisk does not answer: nobody may be left as they are. False when the channel is gone, or elsewhere."""
        tries = 0
        while True:
            try:
                await ari.request(operation, path, **query)
            except (NotFound, Conflict):
                return False
            except Away as error:
                tries += 1
                if tries == 1:
                    log.warning("asked_again", request=operation.path, **logs.fault(error))
                await asyncio.sleep(AGAIN_AFTER_S)
            else:
                return True

    # -- callers who come

    async def reception(self) -> None:
        """Take callers in, one after another, with a breath between: whoever hangs up in a burst is heard in time."""
        while True:
            arrival = await self._arrivals.get()
            if arrival.call_id in self._callers:
                self._take_in(arrival)
            await asyncio.sleep(0)

    def _take_in(self, arrival: Arrival) -> None:
        now = self._now()
        place = Place(arrival.call_id, arrival.language, now, now, caller=arrival.caller)
        happened = self.board.join(place, now)
        position = self.board.position(arrival.call_id)
        if position is not None:
            via = "returned" if place.since < place.joined else "menu"
            written = self._diary.joined(arrival, place, position, via)
            self._callers[arrival.call_id].waiting = self._begin(self._wait(arrival.call_id, written))
        self.do(happened)

    def _know(self, arrival: Arrival) -> None:
        self._callers[arrival.call_id] = Caller(arrival, self._line(arrival.channel_id))
        self._channels[arrival.channel_id] = arrival.call_id

    def _line(self, channel_id: str) -> Line:
        return Line(self.ari, channel_id, self._pbx.spool, self.sound)

    def _forget(self, call_id: UUID) -> None:
        caller = self._callers.pop(call_id, None)
        if caller:
            self._channels.pop(caller.arrival.channel_id, None)
            caller.line.close()
            if caller.waiting:
                caller.waiting.cancel()

    async def _wait(self, call_id: UUID, written: Written | None = None) -> None:
        """Speak to a caller in line until they choose an exit, or an operator takes them; `written` is their place, if it is new."""
        structlog.contextvars.bind_contextvars(call_id=str(call_id))
        try:
            if written:
                await asyncio.shield(written)  # nobody is told of a place that a crash could take away
                log.info("caller_in_line")
            why = await self._converse(call_id)
            if why is Why.CALLBACK:
                self._part_for_now(call_id)
            else:
                self.do(self.board.leave(call_id, why, self._now()))
        except ChannelGone:
            await self._look_where(call_id)
        except Exception as error:
            log.error("caller_to_fallback", **logs.fault(error))
            if caller := self._callers.get(call_id):
                self._rescue(caller)

    async def _converse(self, call_id: UUID) -> Why:
        standing = Standing(self.board, self._diary, self._clock, call_id)
        while True:
            caller = self._callers[call_id]
            try:
                await caller.line.stop()
                waiter = LineWaiter(caller.line, self._pbx.sounds, caller.arrival.language)
                if self.board.places[call_id].callback:
                    # Interrupted after they had confirmed.
                    await waiter.say("callback-confirmed")
                    return Why.CALLBACK
                return await wait_in_line(waiter, standing, self._pace, self._asking(caller.arrival))
            except ConnectionLost:
                # Their channel is up: as soon as the PBX hears us again we go on.
                self._listen_again(caller)
                await asyncio.sleep(AGAIN_AFTER_S)

    def _listen_again(self, caller: Caller) -> None:
        caller.line.close()
        caller.line = self._line(caller.arrival.channel_id)

    def _asking(self, arrival: Arrival) -> Asking | None:
        if not self._outward.trunk:
            return None
        return Asking(arrival.caller, self._outward.countries, partial(self._keep_place, arrival.call_id))

    async def _keep_place(self, call_id: UUID, number: str) -> bool:
        """Write down that a caller is to be called at this number, before they are told so."""
        happened = self.board.ask_callback(call_id, number, self._now())
        if happened is None:
            return False
        written = self._diary.callback_asked(call_id, number)
        self.do(happened)
        await asyncio.shield(written)
        return True

    def _part_for_now(self, call_id: UUID) -> None:
        """Hang up on whoever is to be called back; not on somebody whom an operator has answered in this instant."""
        if self.board.position(call_id) is not None:
            self._begin(self._hang_up(self._callers[call_id].arrival.channel_id))
            self._gone(call_id)

    async def _serve_keys(self, channel_id: str, number: str, dialled: str) -> None:
        """An operator dials on their own phone."""
        line = self._line(channel_id)
        self._own_phones.add(channel_id)
        try:
            waiter = LineWaiter(line, self._pbx.sounds, OPERATORS_LANGUAGE)
            await serve_keys(waiter, number, dialled, self._set_duty, self._end_wrap_up)
        except ChannelGone:
            log.info("operator_hung_up", operator=number)
        except Exception as error:
            # Silence would be taken for a yes.
            log.error("keys_not_done", operator=number, **logs.fault(error))
            await self._hang_up(channel_id)
        finally:
            self._own_phones.discard(channel_id)
            line.close()

    def _end_wrap_up(self, number: str) -> bool:
        happened = self.board.done(number, self._now()) if number in self.board.seats else []
        self.do(happened)
        return bool(happened)

    async def _send(self, arrival: Arrival, context: str, extension: str) -> None:
        """A caller goes on in the dialplan, whose next owner writes on; who hung up in this moment never gets there."""
        if not await self._to_dialplan(arrival.channel_id, context, extension) and not await self._is_there(
            arrival.channel_id
        ):
            self._diary.ended(arrival.call_id, Outcome.ABANDONED)

    async def _without_a_call(self, channel_id: str) -> None:
        await self._to_dialplan(channel_id, "queue-away", "s")

    async def _to_dialplan(self, channel_id: str, context: str, extension: str) -> bool:
        query = {"context": context, "extension": extension, "priority": 1}
        return await self._insist(self.sound, op.CONTINUE, {"channelId": channel_id}, **query)

    # -- what the board says

    def do(self, happened: list[Happening]) -> None:
        """Ring first, then the rest: what rings is what somebody waits for."""
        for one in happened:
            if isinstance(one, Offered):
                self._begin(self._ring(one))
        for one in happened:
            self._write(one)
            self._act(one)

    def _act(self, one: Happening) -> None:
        match one:
            case Withdrawn(leg) | NotAnswered(leg=leg):
                self._begin(self._hang_up(leg))
            case Connected():
                self._begin(self._connect(one))
            case CallCitizen():
                self._begin(self._call_citizen(one))
            case NotReached():
                self._begin(self._tell_not_reached(one))
                if one.last:
                    self._forget(one.call_id)
            case Replaced():
                self._forget(one.call_id)
            case Talked():
                self._begin(self._end_talk(one, self._callers.get(one.call_id)))
                self._forget(one.call_id)
            case Left():
                self._begin(self._give_back(one, self._callers.get(one.call_id)))
                self._forget(one.call_id)
            case SeatChanged(state=SeatState.PAUSED, reason=reason) if reason in (NO_ANSWER, REFUSED):
                self._begin(self._write_pause(one.operator, reason))
            case _:
                pass

    def _write(self, one: Happening) -> None:
        write = self._diary
        match one:
            case Offered(call_id, operator, leg):
                write.step(call_id, StepKind.OFFERED, operator=operator, leg=leg)
            case NotAnswered(call_id, operator, _, why, rang_s):
                write.step(call_id, StepKind.NOT_ANSWERED, operator=operator, why=why.value, rang_s=round(rang_s, 1))
            case KeepsPlace(call_id, queue, language, waited_s, position):
                write.step(call_id, StepKind.LEFT_QUEUE, why=Why.CALLBACK.value, waited_s=round(waited_s, 1))
                write.step(
                    call_id, StepKind.QUEUED, queue=queue, language=language, via=Why.CALLBACK.value, position=position
                )
                metrics.ENDED.labels(outcome=Why.CALLBACK.value).inc()
            case CallCitizen(call_id, operator, rang_s=rang_s):
                write.step(call_id, StepKind.ANSWERED, operator=operator, rang_s=round(rang_s, 1))
            case NotReached(call_id, operator, _, unreached, attempt, last):
                write.step(call_id, StepKind.NOT_REACHED, operator=operator, why=unreached.value, attempt=attempt)
                if last:
                    write.ended(call_id, Outcome.MISSED)
            case Replaced(call_id):
                write.ended(call_id, Outcome.ABANDONED)
            case Connected(call_id, operator, _, waited_s, rang_s, citizen):
                if citizen is None:
                    metrics.WAITED_SECONDS.observe(waited_s)
                    write.step(call_id, StepKind.ANSWERED, operator=operator, rang_s=round(rang_s, 1))
                bridged = write.step(call_id, StepKind.BRIDGED, operator=operator, waited_s=round(waited_s, 1))
                if call_id in self._callers:
                    self._callers[call_id].put_through = bridged
            case Talked(call_id, operator, _, talk_s, elsewhere):
                write.step(call_id, StepKind.TALKED, operator=operator, talk_s=round(talk_s, 1), hold_s=0.0)
                if not elsewhere:
                    write.ended(call_id, Outcome.ANSWERED)
                    metrics.ENDED.labels(outcome="answered").inc()
            case Abandoned(call_id, waited_s, position):
                write.step(call_id, StepKind.ABANDONED, waited_s=round(waited_s, 1), position=position)
                write.ended(call_id, Outcome.ABANDONED)
                metrics.ENDED.labels(outcome="abandoned").inc()
            case Left(call_id, why, waited_s):
                self._write_left(call_id, why, waited_s)
                metrics.ENDED.labels(outcome=why.value).inc()
            case WrappedUp(call_id, operator, wrap_up_s):
                write.afterwards(call_id, StepKind.WRAPPED_UP, operator=operator, wrap_up_s=round(wrap_up_s, 1))
            case SeatChanged(operator, state, reason, about):
                write.operator(operator, state, reason, about)
            case Withdrawn():
                pass

    def _write_left(self, call_id: UUID, why: Why, waited_s: float) -> None:
        if self._diary.kept(call_id) is None:
            self._diary.refused(self._callers[call_id].arrival, why)
            return
        self._diary.step(call_id, StepKind.LEFT_QUEUE, why=why.value, waited_s=round(waited_s, 1))
        self._diary.given_back(call_id)

    # -- acting on channels

    async def _ring(self, offered: Offered) -> None:
        caller = self._callers.get(offered.call_id)
        shown = (caller.arrival.caller if caller else None) or "anonymous"
        try:
            await self.ari.request(
                op.ORIGINATE, endpoint=interface_of(offered.operator), app=APPLICATION,
                appArgs=f"{OPERATOR},{offered.call_id}", callerId=shown, channelId=offered.leg,
                timeout=int(self.board.policy.ring_s) + 5,
            )  # fmt: skip
        except Away as error:
            log.warning("phone_not_rung", operator=offered.operator, **logs.fault(error))
            self.do(self.board.leg_gone(offered.leg, UNREACHABLE, self._now()))

    async def _hang_up(self, channel_id: str) -> None:
        await self._insist(self.ari, op.HANG_UP, {"channelId": channel_id})

    async def _connect(self, connected: Connected) -> None:
        """Let the two talk; while Asterisk does not hear us, both are up and we go on trying."""
        while (caller := self._callers.get(connected.call_id)) and self.board.talks_on(connected.leg):
            try:
                await self._put_together(caller, connected)
            except ChannelGone:
                await self._look_where(connected.call_id)
                self._citizen_gone(connected)
            except (ConnectionLost, AriTimeout) as error:
                log.warning("not_connected_yet", call_id=str(connected.call_id), **logs.fault(error))
                self._listen_again(caller)
                await asyncio.sleep(AGAIN_AFTER_S)
            except Exception as error:
                log.error("not_connected", call_id=str(connected.call_id), **logs.fault(error))
                self._rescue(caller)
                self._citizen_gone(connected)
            if caller.talks:
                return
        # One of the two was gone before; the bridge may have been made since.
        await self._hang_up(connected.leg)
        await self._delete_bridge(connected.leg)

    async def _put_together(self, caller: Caller, connected: Connected) -> None:
        """The bridge has the leg's name, by which it is known after a restart."""
        leg = connected.leg
        await self._hush(caller)
        if caller.put_through:
            with suppress(OSError):
                await asyncio.shield(caller.put_through)  # two who talk are known to talk, whoever dies now
        if connected.citizen:
            await self._greet(caller)
            with suppress(AriError):  # the operator's leg is gone, which is told on its own
                await self.sound.request(op.STOP_RING, {"channelId": leg})
        with suppress(Conflict):  # there is one already: a process that died has made it, or the answer was lost
            await self.sound.request(op.CREATE_BRIDGE, type="mixing", bridgeId=leg)
        both = f"{caller.arrival.channel_id},{leg}"
        await self.sound.request(op.ADD_TO_BRIDGE, {"bridgeId": leg}, channel=both)
        caller.talks = self.board.talks_on(leg)

    async def _delete_bridge(self, leg: str) -> None:
        await self._insist(self.sound, op.DELETE_BRIDGE, {"bridgeId": leg})

    # -- citizens who are called back

    async def _call_citizen(self, call: CallCitizen) -> None:
        caller = self._callers.get(call.call_id)
        if caller is None:
            await self._hang_up(call.leg)
            return
        caller.line.close()
        caller.arrival = replace(caller.arrival, channel_id=call.citizen)
        caller.line = self._line(call.citizen)
        with suppress(*Away):
            await self.sound.request(op.RING, {"channelId": call.leg})
        try:
            await self.ari.request(
                op.ORIGINATE, endpoint=f"PJSIP/{call.number}@{self._outward.trunk}", app=APPLICATION,
                appArgs=f"{CITIZEN},{call.call_id}", callerId=self._outward.shown or caller.arrival.dialled,
                channelId=call.citizen, timeout=int(self.board.policy.citizen_ring_s) + 5,
            )  # fmt: skip
        except Away as error:
            log.warning("citizen_not_called", call_id=str(call.call_id), **logs.fault(error))
            self.do(self.board.leg_gone(call.citizen, UNREACHABLE, self._now()))

    def _citizen_gone(self, connected: Connected) -> None:
        """Nobody else could take them: their talk is over."""
        if connected.citizen:
            self.do(self.board.leg_gone(connected.citizen, NORMAL, self._now()))

    async def _greet(self, caller: Caller) -> None:
        # A pause first, so that the trunk does not clip the first word.
        await LineWaiter(caller.line, self._pbx.sounds, caller.arrival.language).say("pause-long", "callback-here")

    async def _tell_not_reached(self, one: NotReached) -> None:
        line = self._line(one.leg)
        try:
            await self.sound.request(op.STOP_RING, {"channelId": one.leg})
            prompt = "citizen-busy" if one.why is Unreached.BUSY else "citizen-no-answer"
            await LineWaiter(line, self._pbx.sounds, OPERATORS_LANGUAGE).say(prompt)
        except (ChannelGone, *Away) as error:
            log.info("operator_not_told", operator=one.operator, **logs.fault(error))
        finally:
            line.close()
            await self._hang_up(one.leg)

    async def _hush(self, caller: Caller) -> None:
        """End what the caller is hearing: while it plays, their channel would enter no bridge."""
        if caller.waiting:
            caller.waiting.cancel()
            await asyncio.wait({caller.waiting})
            caller.waiting = None
        await caller.line.stop()

    async def _end_talk(self, talked: Talked, caller: Caller | None) -> None:
        await self._hang_up(talked.leg)
        if caller is not None and not talked.elsewhere:
            await self._hang_up(caller.arrival.channel_id)
        await self._delete_bridge(talked.leg)

    async def _give_back(self, left: Left, caller: Caller | None) -> None:
        if caller is None:
            return
        arrival, why = caller.arrival, GIVEN_BACK_AS.get(left.why, left.why.value)
        # Whoever forgot them has closed their line, and its end would not be heard.
        self._listen_again(caller)
        with suppress(ChannelGone, *Away):
            await caller.line.stop()
        caller.line.close()
        await self._send(arrival, "given-back", ",".join((MAILBOX, arrival.language, why)))

    # -- operators' phones

    def phone(self, interface: str, state: PhoneState) -> None:
        """What AMI says of a phone."""
        self.do(self.board.phone(interface.rpartition("/")[2], PHONES[state], self._now()))

    def opening(self, is_open: bool) -> None:
        """What the calendar says."""
        self.do(self.board.opening(is_open, self._now()))

    def duty(self, number: str, duty: Duty, reason: str) -> None:
        """What an operator's row says."""
        self.do(self.board.duty(number, duty, reason, self._now()))

    async def _write_pause(self, number: str, reason: str) -> None:
        """Whom the board has paused is paused for the fallback too, and after a restart; as soon as PostgreSQL is there."""
        seat = self.board.seats[number]
        while (seat.duty, seat.reason) == (Duty.PAUSED, reason):
            try:
                await self._set_duty(number, Duty.PAUSED, reason)
            except Exception as error:
                if not is_away(error):
                    raise
                log.warning("pause_not_written", operator=number, **logs.fault(error))
                await asyncio.sleep(AGAIN_AFTER_S)
            else:
                return

    # -- time

    async def tick(self) -> None:
        """What time alone brings."""
        self.do(self.board.tick(self._now()))
        metrics.look(self.board)

    # -- a restart, or a lost connection: nothing is told again

    async def _on_connected(self) -> None:
        self.heartbeat.connected()
        await self.take_up()

    async def take_up(self) -> None:
        """Find every caller of ours that the PBX still has, and settle those that it has not."""
        rung = {*self.board.citizens(), *(seat.leg for seat in self.board.seats.values() if seat.leg)}
        ours = await self._held()
        states = {channel["id"]: channel["state"] for channel in await self.ari.request(op.LIST_CHANNELS)}
        bridges = await self.ari.request(op.LIST_BRIDGES)
        talks = {channel for bridge in bridges for channel in bridge["channels"]}
        self._hear_of_legs(rung, ours, states)
        left = [kept for call_id in self._diary.open_calls() if (kept := self._diary.kept(call_id))]
        for kept in left:
            # All of them before anybody is rung: who talks must not look free.
            if kept.arrival.call_id not in self.board.places:
                self.do(self.board.restore(kept.place))
        for kept in left:
            self._take_up(kept, states.keys(), talks)
        wanted = {
            *self._channels,
            *self._own_phones,
            *self.board.citizens(),
            *(seat.leg for seat in self.board.seats.values() if seat.leg),
        }
        for channel_id in ours - wanted:
            with suppress(NotFound):  # it has just gone, and the next ones wait
                await self._take_up_stranger(channel_id)

    def _hear_of_legs(self, rung: Collection[str], ours: Collection[str], states: Mapping[str, str]) -> None:
        """What phones did that we rang before the connection was lost."""
        for leg in rung:
            if leg not in states:
                self._leg_gone(leg, UNREACHABLE)
            elif leg in ours and states[leg] == "Up" and self.board.rings_on(leg):
                self.do(self.board.answered(leg, self._now()))

    async def _held(self) -> set[str]:
        try:
            return {*(await self.ari.request(op.GET_APPLICATION, {"applicationName": APPLICATION}))["channel_ids"]}
        except NotFound:
            return set()

    def _take_up(self, kept: Kept, there: Collection[str], talks: set[str]) -> None:
        call_id, channel_id = kept.arrival.call_id, kept.arrival.channel_id
        known = self._callers.get(call_id)
        if kept.place.away:
            if known is None:
                self._take_up_callback(kept, there, talks)
        elif channel_id not in there:
            self._settle_gone(kept)
        elif known is None:
            self._resume(kept, there, talks)

    def _settle_gone(self, kept: Kept) -> None:
        """The caller hung up while nobody of ours was there."""
        call_id = kept.arrival.call_id
        log.info("caller_gone_meanwhile", call_id=str(call_id))
        self.do(self.board.caller_gone(call_id, self._now()))
        self._part(kept.arrival)

    def _take_up_callback(self, kept: Kept, there: Collection[str], talks: set[str]) -> None:
        """No channel is looked for while the place waits; a talk goes on, and whoever was being called is called again."""
        metrics.RESUMED.inc()
        self._part(kept.arrival)
        if kept.talking:
            self._resume_talk(kept, there, talks)
        elif kept.leg:
            for leg in (kept.leg, citizen_of(kept.leg)):
                self._begin(self._hang_up(leg))

    def _resume(self, kept: Kept, there: Collection[str], talks: set[str]) -> None:
        """A process that died had this caller: a talk is left alone, who waited waits on in the same place.

        `talks` are the channels in any bridge: two who were about to talk are not in one yet.
        """
        call_id = kept.arrival.call_id
        metrics.RESUMED.inc()
        log.info("caller_taken_up", call_id=str(call_id))
        self._know(kept.arrival)
        if kept.talking:
            self._resume_talk(kept, there, talks)
            return
        if kept.leg in there:
            self._begin(self._hang_up(kept.leg or ""))
        self._callers[call_id].waiting = self._begin(self._wait(call_id))

    def _resume_talk(self, kept: Kept, there: Collection[str], talks: set[str]) -> None:
        call_id, leg, channel_id = kept.arrival.call_id, kept.leg or "", kept.arrival.channel_id
        self._callers[call_id].talks = channel_id in talks
        if leg not in there:
            self._leg_gone(leg, NORMAL)
        elif {channel_id, leg} - talks:
            log.warning("talk_put_through_again", call_id=str(call_id))
            self._begin(self._connect(Connected(call_id, kept.place.seat or "", leg, 0.0, 0.0, kept.place.citizen)))

    async def _take_up_stranger(self, channel_id: str) -> None:
        """A channel of ours that nothing is written of: a caller who had just come, or an operator's leg that nobody wants."""
        call_id = await self._variable(channel_id, "CALL_ID")
        if call_id is None:
            await self._hang_up(channel_id)
            return
        dialled = await self._variable(channel_id, "DIALLED") or ""
        channel = await self.ari.request(op.GET_CHANNEL, {"channelId": channel_id})
        # queue,join,CALL_ID,DIALLED,LANGUAGE
        language = channel["dialplan"]["app_data"].rpartition(",")[2]
        number = caller_number(channel["caller"]["number"])
        self._welcome(
            Arrival(channel_id, UUID(call_id), number, dialled, language if language in LANGUAGES else LANGUAGES[0])
        )

    async def _variable(self, channel_id: str, name: str) -> str | None:
        with suppress(NotFound):
            answer = await self.ari.request(op.GET_VARIABLE, {"channelId": channel_id}, variable=name)
            return str(answer["value"]) or None
        return None

    # -- tasks

    def _begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("switchboard_fault", **logs.fault(error))

    def _now(self) -> float:
        return self._clock.monotonic()


async def _nothing() -> None:
    """The second websocket carries requests alone."""
