"""Operators' phones that measure: they register, answer at once, talk so long and hang up; every call with its times.

SIPp makes the callers. Not these: it writes down a packet's time when it comes to read it, once a turn of a loop that also serves
everybody else, and here a few milliseconds are the figure. The kernel stamps what arrives at these phones (`bench.wire`).
"""

from __future__ import annotations

import asyncio
import random
import re
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from uuid import uuid4

from bench.dispatch import Offer
from bench.model import CouldNotMeasure
from bench.phone_sip import EXPIRES_S, Account
from bench.sip import Address, Message
from bench.wire import Wire

HOST = "127.0.0.2"  # the first one of loopback is the trunk's
REGISTERED_WITHIN_S = 3.0
AGAIN_S = 0.5  # T1 of RFC 3261: a lost request is sent again


class MeasuringOperator:
    """One phone, which talks between `talk_s`, drawn evenly, and always in the same order: both sides have the same talks."""

    def __init__(self, number: str, password: str, pbx: Address, sound: Address) -> None:
        self._pbx = pbx
        self._wire = Wire(self._on_packet, HOST)
        self._account = Account(number, password, pbx, self._wire.address, sound)
        self._registered = asyncio.get_running_loop().create_future()
        self._turn = 0
        self._proven = False
        self._calls: dict[str, tuple[Message, str, Offer]] = {}
        self._ending: set[asyncio.TimerHandle] = set()
        self._dice = random.Random(number)
        self.talk_s = 1.0, 1.0
        self.offers: list[Offer] = []

    @property
    def number(self) -> str:
        """The number of this phone."""
        return self._account.number

    async def register(self) -> None:
        """Tell the PBX where we are. Raises `CouldNotMeasure`."""
        self._registered = asyncio.get_running_loop().create_future()
        self._turn += 1
        self._proven = False
        self._wire.send(self._account.register(self._turn), self._pbx)
        try:
            status = await asyncio.wait_for(self._registered, REGISTERED_WITHIN_S)
        except TimeoutError:
            raise CouldNotMeasure(f"the PBX did not answer the registration of {self.number}") from None
        if status != 200:
            raise CouldNotMeasure(f"the PBX refused the registration of {self.number} with {status}")

    def begin(self, shortest_s: float, longest_s: float) -> None:
        """Forget what was, and talk so long from now on."""
        self.talk_s = shortest_s, longest_s
        self._dice = random.Random(self.number)
        self.offers = []

    def close(self) -> None:
        """Give the socket back."""
        for timer in self._ending:
            timer.cancel()
        self._wire.close()

    def _on_packet(self, data: bytes, at: float) -> None:
        message = Message.read(data)
        if message.status is not None:
            self._on_answer(message)
            return
        match message.method:
            case "INVITE":
                self._on_invite(message, at)
            case "BYE":
                self._on_end(message, at)
            case "ACK":
                pass
            case _:
                self._send(self._account.answer(message, "200 OK", uuid4().hex))

    def _on_answer(self, message: Message) -> None:
        if message.header("CSeq").endswith("REGISTER"):
            if message.status == 401 and not self._proven:
                self._turn += 1
                self._proven = True
                self._wire.send(self._account.register(self._turn, message), self._pbx)
            elif not self._registered.done():
                self._registered.set_result(message.status)
        elif message.header("CSeq").endswith("BYE"):
            self._calls.pop(message.header("Call-ID"), None)

    def _on_invite(self, message: Message, at: float) -> None:
        call_id = message.header("Call-ID")
        if call_id not in self._calls:
            shown = re.search(r"sip:([^@>]+)@", message.header("From"))
            offer = Offer(at, caller=shown[1] if shown else "")
            self.offers.append(offer)
            self._calls[call_id] = message, uuid4().hex, offer
            self._after(self._dice.uniform(*self.talk_s), call_id)
        self._send(self._account.answer(message, "200 OK", self._calls[call_id][1], sound=True))

    def _on_end(self, message: Message, at: float) -> None:
        self._send(self._account.answer(message, "200 OK"))
        call = self._calls.pop(message.header("Call-ID"), None)
        if call and call[2].ended_at is None:
            call[2].ended_at = at

    def _hang_up(self, call_id: str) -> None:
        """Until the PBX has agreed to it."""
        if call_id in self._calls:
            invite, tag, offer = self._calls[call_id]
            left = self._wire.send(self._account.bye(invite, tag), self._pbx)
            offer.ended_at = offer.ended_at or left
            self._after(AGAIN_S, call_id)

    def _after(self, seconds: float, call_id: str) -> None:
        def due() -> None:
            self._ending.discard(timer)
            self._hang_up(call_id)

        timer = asyncio.get_running_loop().call_later(seconds, due)
        self._ending.add(timer)

    def _send(self, data: bytes) -> None:
        self._wire.send(data, self._pbx)


class Team:
    """Operators of one PBX."""

    def __init__(self, operators: Sequence[MeasuringOperator]) -> None:
        self.operators = tuple(operators)

    def begin(self, shortest_s: float, longest_s: float) -> None:
        """Forget what was, and talk so long from now on."""
        for operator in self.operators:
            operator.begin(shortest_s, longest_s)

    def offers(self) -> Mapping[str, Sequence[Offer]]:
        """What has rung since, by number; an operator who was never rung is not there."""
        return {operator.number: operator.offers for operator in self.operators if operator.offers}


@asynccontextmanager
async def a_team(passwords: Mapping[str, str], pbx: Address) -> AsyncIterator[Team]:
    """Phones that stay registered for the length of the block. Raises `CouldNotMeasure`."""
    # Nobody reads this: what the PBX sends there fills the socket's buffer, and no more.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        deaf.bind((HOST, 0))
        team = Team([MeasuringOperator(n, word, pbx, deaf.getsockname()) for n, word in passwords.items()])
        staying = asyncio.create_task(_stay(team))
        try:
            for operator in team.operators:
                await operator.register()
            yield team
        finally:
            staying.cancel()
            for operator in team.operators:
                operator.close()


async def _stay(team: Team) -> None:
    while True:
        await asyncio.sleep(EXPIRES_S / 3)
        for operator in team.operators:
            await operator.register()
