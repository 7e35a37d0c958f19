"""Every caller in our application: one coroutine each, from arrival to outcome, also over lost connections and restarts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from uuid import UUID

import structlog

from foundation import logs
from foundation.clock import SystemClock
from foundation.health import Check
from ivr import metrics
from ivr.ari_call import AriCall
from ivr.arrival import Arrival, given_back
from ivr.flows.operator import come_back
from ivr.flows.table import FIRST_FLOW, FLOWS
from ivr.model import Place
from ivr.ports import FrontOffice
from ivr.settings import IvrSettings
from ivr.way_out import WayOut
from pbx.ari import operations as op
from pbx.ari.client import Ari, ConnectionLost, NotFound
from pbx.ari.events import StasisStart
from pbx.ari.heartbeat import IVR, Heartbeat
from pbx.ari.line import Line
from pbx.ari.transport import Connect
from pbx.settings import PbxSettings
from phone.call import CallerHungUp, HandedOn

log = logs.get(__name__)

APPLICATION = "ivr"


class Switchboard:
    """Answers each call with its flow.

    `office` gives each call its desk, and keeps the ledger; `in_service` says whether the PBX hands us calls.
    """

    def __init__(
        self, connect: Connect, office: FrontOffice, settings: IvrSettings, pbx: PbxSettings, in_service: Check
    ) -> None:
        self._office = office
        self._settings = settings
        self._pbx = pbx
        self._calls: dict[str, asyncio.Task[None]] = {}
        self.ari = Ari(
            APPLICATION, connect, self._on_start, self._on_connected, request_timeout_s=pbx.request_timeout_s
        )
        self.heartbeat = Heartbeat(self.ari, IVR, SystemClock(), in_service)
        self._way_out = WayOut(self.ari, office)

    # -- arrivals

    def _on_start(self, event: StasisStart) -> None:
        if arrival := Arrival.of(event):
            self._take(arrival)

    async def _on_connected(self) -> None:
        """After a restart of ours, or a lost connection, nothing is told again."""
        self.heartbeat.connected()
        await self.take_up()
        await self.put_in_order()

    async def take_up(self) -> None:
        """Find callers whom Asterisk holds for us and nobody of us serves: their process died, or lost its connection in a wait."""
        for channel in await self._held_channels():
            channel_id = channel["id"]
            arrival = await self._arrival_of(channel)
            if arrival and channel_id not in self._calls:
                metrics.RESUMED.inc()
                log.info("call_resumed", call_id=str(arrival.call_id))
                self._take(arrival)

    async def put_in_order(self) -> None:
        """Settle each call that nobody has on the line any more, and whose end nobody wrote."""
        # Before looking who is there: whoever comes meanwhile is not among them.
        left = await self._office.left_behind()
        there = await self._calls_with_the_pbx() if left else set()
        for call_id in left:
            if call_id not in there and call_id not in self.in_hand():
                await self._settle(call_id)

    async def _settle(self, call_id: UUID) -> None:
        try:
            await self._office.settle(call_id)
        except OSError as error:
            # A full disk: the others are settled, and this one the next time.
            log.error("call_not_settled", call_id=str(call_id), **logs.fault(error))

    def in_hand(self) -> set[UUID]:
        """The calls that are being served here."""
        return {UUID(task.get_name()) for task in self._calls.values()}

    async def _calls_with_the_pbx(self) -> set[UUID]:
        channels = await self.ari.request(op.LIST_CHANNELS)
        found = [await self._variable(channel["id"], "CALL_ID") for channel in channels]
        return {UUID(call_id) for call_id in found if call_id}

    async def _held_channels(self) -> list[dict[str, Any]]:
        try:
            held = (await self.ari.request(op.GET_APPLICATION, {"applicationName": APPLICATION}))["channel_ids"]
        except NotFound:
            return []
        alone = {channel_id for channel_id in held if channel_id not in self._calls}
        if not alone:
            return []
        return [channel for channel in await self.ari.request(op.LIST_CHANNELS) if channel["id"] in alone]

    async def _arrival_of(self, channel: Mapping[str, Any]) -> Arrival | None:
        call_id = await self._variable(channel["id"], "CALL_ID")
        if call_id is None:
            return None
        dialled = await self._variable(channel["id"], "DIALLED") or ""
        back = None
        if self._office.place_of(UUID(call_id)) is None:
            # The process that was to take them in has died in that moment: APPLICATION,CALL_ID,DIALLED and why they are back.
            back = given_back(channel["dialplan"]["app_data"].split(",")[3:])
        return Arrival(channel["id"], UUID(call_id), channel["caller"]["number"], dialled, held=True, back=back)

    async def _variable(self, channel_id: str, name: str) -> str | None:
        with suppress(NotFound):
            answer = await self.ari.request(op.GET_VARIABLE, {"channelId": channel_id}, variable=name)
            return str(answer["value"]) or None
        return None

    # -- one call

    def _take(self, arrival: Arrival) -> None:
        before = self._calls.get(arrival.channel_id)
        task = asyncio.create_task(self._serve(arrival, before), name=str(arrival.call_id))
        self._calls[arrival.channel_id] = task
        task.add_done_callback(lambda done: self._leave(arrival.channel_id, done))

    def _leave(self, channel_id: str, done: asyncio.Task[None]) -> None:
        if self._calls.get(channel_id) is done:
            del self._calls[channel_id]

    async def _serve(self, arrival: Arrival, before: asyncio.Task[None] | None) -> None:
        if before:
            await asyncio.wait({before})  # the caller is back while we still write that they are gone
        structlog.contextvars.bind_contextvars(call_id=str(arrival.call_id))
        if not arrival.held:
            log.info("call_given_back" if arrival.back else "call_arrived")
        line = Line(self.ari, arrival.channel_id, self._pbx.spool)
        try:
            await self._converse(arrival, line)
        except ConnectionLost:
            log.warning("call_let_go")  # its channel is up: the next connection finds it
        except asyncio.CancelledError:
            raise
        except Exception as error:
            log.error("call_to_fallback", **logs.fault(error))
            await self._way_out.to_fallback(arrival.call_id, line)
        finally:
            metrics.IN_FLOWS.leave(arrival.call_id)
            line.close()

    async def _converse(self, arrival: Arrival, line: Line) -> None:
        caller = self._office.number(arrival.number)
        known = arrival.back.place if arrival.back else self._office.place_of(arrival.call_id)
        place = known or Place(FIRST_FLOW, self._settings.language)
        call = AriCall(line, arrival.call_id, caller, place.language, self._pbx.sounds, self._settings.answer_pause_s)
        if arrival.held:
            await line.quiet()
        desk, visit = await self._office.welcome(arrival.call_id, caller, arrival.dialled, place.language)
        try:
            if arrival.back:
                await come_back(call, desk, visit, place, arrival.back.why)
            await FLOWS[place.flow](call, desk, visit)
            await call.hang_up()
        except HandedOn:
            if await self._way_out.to_operators(arrival.call_id, call.language, line):
                return
        except CallerHungUp:
            if await self._way_out.was_taken(arrival.call_id, line):
                return
        metrics.ENDED.labels(outcome=visit.outcome.value).inc()
        await self._office.farewell(arrival.call_id, visit.outcome)

    # -- the end

    async def drain(self, within_s: float) -> None:
        """Let the calls in progress come to their end; those that do not are left to the process that follows."""
        if self._calls:
            await asyncio.wait(self._calls.values(), timeout=within_s)
        for task in list(self._calls.values()):
            task.cancel()
