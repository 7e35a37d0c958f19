"""The line on the real PBX: its events become verbs of the board, and what the board says is done and written down."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any
from uuid import UUID

from dialplan.numbers import caller_number
from foundation import logs
from foundation.clock import Clock
from foundation.health import Check
from pbx.ami.phones import PhoneState
from pbx.ari.client import Ari
from pbx.ari.events import ChannelDestroyed, Event, HangUpAsked, StasisEnd, StasisStart, channel_of
from pbx.ari.heartbeat import QUEUE, Heartbeat
from pbx.ari.line import ChannelGone
from pbx.ari.transport import Connect
from pbx.settings import PbxSettings
from queue_manager import metrics
from queue_manager.board import NO_ANSWER, REFUSED, Board
from queue_manager.departures import Departures
from queue_manager.diary import Arrival, Diary
from queue_manager.hall import APPLICATION, NORMAL, SOUND, Away, Caller, Hall
from queue_manager.model import (
    CallCitizen,
    Connected,
    Duty,
    Happening,
    Left,
    NotAnswered,
    NotReached,
    Offered,
    Replaced,
    SeatChanged,
    SeatState,
    Talked,
    Why,
    Withdrawn,
)
from queue_manager.operators import Operators
from queue_manager.reception import NOT_AT_ALL, Outward, Reception
from queue_manager.scribe import Scribe
from queue_manager.taking_up import TakingUp
from queue_manager.talks import CITIZEN, OPERATOR, Talks
from queue_manager.waiting import Pace

log = logs.get(__name__)

KEYS = "keys"
MAILBOX = "mailbox"
GIVEN_BACK_AS = {Why.MESSAGE: "chosen"}


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
        outward: Outward = NOT_AT_ALL,
    ) -> None:
        self.board = board
        timeout_s = pbx.request_timeout_s
        self.ari = Ari(
            APPLICATION, connect(APPLICATION), self._on_start, self._on_connected,
            request_timeout_s=timeout_s, on_event=self._on_event,
        )  # fmt: skip
        self.sound = Ari(SOUND, connect(SOUND), lambda event: None, _nothing, request_timeout_s=timeout_s)
        self.heartbeat = Heartbeat(self.ari, QUEUE, clock, in_service)
        self._hall = hall = Hall(self.ari, self.sound, board, diary, pbx, clock, self.do)
        self._scribe = Scribe(diary, hall.callers)
        self._departures = Departures(hall, self._scribe)
        self._reception = Reception(hall, self._departures, pace, outward)
        self._talks = Talks(hall, self._departures, outward)
        self._operators = Operators(hall, set_duty)
        self._taking_up = TakingUp(hall, self._departures, self._reception, self._talks, self._operators.own_phones)

    # -- what the PBX tells

    def _on_start(self, event: StasisStart) -> None:
        channel_id = event.channel.id
        match event.args:
            case (role, *about) if role == OPERATOR:
                self._picked_up(channel_id, *about[:1])
            case (role, *_) if role == CITIZEN:
                self.do(self.board.answered(channel_id, self._hall.now()))
            case (role, number, dialled) if role == KEYS:
                self._hall.begin(self._operators.serve_keys(channel_id, number, dialled))
            case _:
                self._arrived(event)

    def _arrived(self, event: StasisStart) -> None:
        try:
            _, call_id, dialled, language = event.args[:4]
            number = caller_number(event.channel.caller_number)
            arrival = Arrival(event.channel.id, UUID(call_id), number, dialled, language)
        except ValueError:
            log.error("caller_without_a_call")
            self._hall.begin(self._without_a_call(event.channel.id))
            return
        self._reception.welcome(arrival)

    async def _without_a_call(self, channel_id: str) -> None:
        await self._hall.to_dialplan(channel_id, "queue-away", "s")

    def _on_event(self, event: Event) -> None:
        channel_id = channel_of(event) or ""
        call_id = self._hall.channels.get(channel_id)
        if call_id is None:
            if isinstance(event, ChannelDestroyed):
                self._departures.leg_gone(channel_id, event.cause)
            elif isinstance(event, HangUpAsked) and self.board.talks_on(channel_id):
                self._departures.leg_gone(channel_id, NORMAL)
        elif isinstance(event, HangUpAsked | ChannelDestroyed):
            self._departures.gone(call_id)
        elif isinstance(event, StasisEnd):
            self._hall.callers[call_id].looking = self._hall.begin(self._departures.look_where(call_id))

    def _picked_up(self, leg: str, call_id: str = "") -> None:
        """An operator answers: a caller who has left without a word is first found, else the two would be said to talk."""
        caller = self._hall.callers.get(UUID(call_id)) if call_id else None
        if caller and caller.looking and not caller.looking.done():
            caller.looking.add_done_callback(lambda _: self._picked_up(leg, call_id))
        else:
            self.do(self.board.answered(leg, self._hall.now()))

    # -- what the board says

    def do(self, happened: list[Happening]) -> None:
        """Ring first, then the rest: what rings is what somebody waits for."""
        for one in happened:
            if isinstance(one, Offered):
                self._hall.begin(self._talks.ring(one))
        for one in happened:
            self._scribe.write(one)
            self._act(one)

    def _act(self, one: Happening) -> None:
        begin, callers = self._hall.begin, self._hall.callers
        match one:
            case Withdrawn(leg) | NotAnswered(leg=leg):
                begin(self._hall.hang_up(leg))
            case Connected():
                begin(self._talks.connect(one))
            case CallCitizen():
                begin(self._talks.call_citizen(one))
            case NotReached():
                begin(self._talks.tell_not_reached(one))
                if one.last:
                    self._hall.forget(one.call_id)
            case Replaced():
                self._hall.forget(one.call_id)
            case Talked():
                begin(self._talks.end_talk(one, callers.get(one.call_id)))
                self._hall.forget(one.call_id)
            case Left():
                begin(self._give_back(one, callers.get(one.call_id)))
                self._hall.forget(one.call_id)
            case SeatChanged(state=SeatState.PAUSED, reason=reason) if reason in (NO_ANSWER, REFUSED):
                begin(self._operators.write_pause(one.operator, reason))
            case _:
                pass

    async def _give_back(self, left: Left, caller: Caller | None) -> None:
        if caller is None:
            return
        arrival, why = caller.arrival, GIVEN_BACK_AS.get(left.why, left.why.value)
        # Whoever forgot them has closed their line, and its end would not be heard.
        self._hall.listen_again(caller)
        with suppress(ChannelGone, *Away):
            await caller.line.stop()
        caller.line.close()
        await self._hall.send(arrival, "given-back", ",".join((MAILBOX, arrival.language, why)))

    # -- what others tell

    def phone(self, interface: str, state: PhoneState) -> None:
        """What AMI says of a phone."""
        self._operators.phone(interface, state)

    def duty(self, number: str, duty: Duty, reason: str) -> None:
        """What an operator's row says."""
        self._operators.duty(number, duty, reason)

    def opening(self, is_open: bool) -> None:
        """What the calendar says."""
        self.do(self.board.opening(is_open, self._hall.now()))

    async def tick(self) -> None:
        """What time alone brings."""
        self.do(self.board.tick(self._hall.now()))
        metrics.look(self.board)

    async def reception(self) -> None:
        """Take callers in, one after another, until cancelled."""
        await self._reception.run()

    async def take_up(self) -> None:
        """Find every caller of ours that the PBX still has, and settle those that it has not."""
        await self._taking_up.run()

    async def _on_connected(self) -> None:
        self.heartbeat.connected()
        await self.take_up()


async def _nothing() -> None:
    """The second websocket carries requests alone."""
