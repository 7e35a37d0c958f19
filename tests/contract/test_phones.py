"""What following the phones promises: on a real Asterisk with robot phones, and on a simulated manager."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from centralino.platform import Platform
from centralino.supervisor import Running
from pbx.ami.client import Ami, AmiError
from pbx.ami.phones import Phones, PhoneState
from pbx.ami.settings import AmiSettings
from pbx.ari import operations as op
from pbx.ari.client import Ari
from pbx.ari.transport import WebSocketTransport
from tests.ami import AmiServer, Day
from tests.places import a_platform
from tests.polling import until

pytestmark = pytest.mark.xdist_group("contract-line")

FORBIDDEN = {
    "Originate": {"Channel": "PJSIP/202", "Application": "Echo"},
    "Redirect": {"Channel": "PJSIP/202-1", "Context": "inbound", "Exten": "s", "Priority": "1"},
    "Command": {"Command": "core show channels"},
}
RINGS, NOBODYS = "PJSIP/202", "PJSIP/299"


class Told:
    """Phones that are followed, and what was told of them."""

    def __init__(self, settings: AmiSettings, look_s: float = 30.0) -> None:
        self.told: list[tuple[str, PhoneState]] = []
        self.phones = Phones(settings, lambda *what: self.told.append(what), look_s, retry_s=0.1)

    @asynccontextmanager
    async def following(self) -> AsyncIterator[Told]:
        running = asyncio.create_task(self.phones.run())
        try:
            await until(lambda: self.phones.followed, 10, "a first look at the phones")
            yield self
            assert not running.done(), "it must outlive whatever is away"
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def becomes(self, interface: str, state: PhoneState) -> None:
        # A phone that goes without a word is found out by the PBX's own question, every 15 s.
        await until(lambda: self.phones.state(interface) is state, 25, f"{interface} {state.value}")

    def of(self, interface: str) -> list[PhoneState]:
        return [state for name, state in self.told if name == interface]


# -- the real one


@asynccontextmanager
async def a_pbx() -> AsyncIterator[tuple[Platform, Running]]:
    """An Asterisk with two operators, of whom one will have a phone."""
    async with a_platform(place=1, operators=("202", "299")) as platform:
        platform.folders.sounds.mkdir()
        yield platform, await platform.start_pbx()


@asynccontextmanager
async def ari_of(platform: Platform) -> AsyncIterator[Ari]:
    connected, settings = asyncio.Event(), platform.pbx_settings()

    async def on_connected() -> None:
        connected.set()

    ari = Ari("phones", lambda: WebSocketTransport.connect(settings, "phones"), lambda event: None, on_connected)
    running = asyncio.create_task(ari.run())
    try:
        await asyncio.wait_for(connected.wait(), 10)
        yield ari
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_phone_is_free_once_it_registered_busy_while_it_rings_and_unreachable_when_it_is_switched_off() -> None:
    async with a_pbx() as (platform, _), Told(platform.services.ami("queue")).following() as told:
        assert told.of(RINGS) == told.of(NOBODYS) == [PhoneState.UNREACHABLE]
        robots = await platform.start_robots(("202",))
        await told.becomes(RINGS, PhoneState.FREE)
        async with ari_of(platform) as ari:
            await ari.request(op.ORIGINATE, endpoint=RINGS, app="phones", timeout=30, channelId="leg")
            await told.becomes(RINGS, PhoneState.BUSY)
            await ari.request(op.HANG_UP, {"channelId": "leg"})
            await told.becomes(RINGS, PhoneState.FREE)
        await robots.stop()
        await told.becomes(RINGS, PhoneState.UNREACHABLE)
        assert told.of(NOBODYS) == [PhoneState.UNREACHABLE], "what has not changed is not told again"


async def test_phones_are_followed_again_when_asterisk_was_killed() -> None:
    async with a_pbx() as (platform, asterisk), Told(platform.services.ami("queue")).following() as told:
        await platform.start_robots(("202",))
        await told.becomes(RINGS, PhoneState.FREE)
        os.killpg(asterisk.pid, signal.SIGKILL)
        await until(lambda: not told.phones.followed, 5, "its word that nobody is followed")
        assert told.phones.state(RINGS) is PhoneState.FREE, "while AMI is away the last states stay"
        await until(lambda: told.phones.followed, 20, "the phones followed again")
        await told.becomes(NOBODYS, PhoneState.UNREACHABLE)


async def test_the_user_queue_may_not_run_originate_redirect_or_hear_of_calls() -> None:
    async with a_pbx() as (platform, _):
        heard: list[str] = []
        async with (
            Ami.connected(platform.services.ami("queue"), lambda event: heard.append(event["Event"])) as ami,
            ari_of(platform) as ari,
        ):
            for action, fields in FORBIDDEN.items():
                with pytest.raises(AmiError, match="Permission denied"):
                    await ami.ask(action, **fields)
            await platform.start_robots(("202",))
            await until(lambda: bool(heard), 10, "the phone's own event")
            await ari.request(op.ORIGINATE, endpoint=RINGS, app="phones", timeout=30, channelId="leg")
            before = len(heard)
            await until(lambda: len(heard) > before, 5, "the event of the ringing phone")
            assert set(heard) == {"DeviceStateChange"}


# -- bad days, on the simulated one


async def test_states_are_told_in_words_and_other_devices_not_at_all() -> None:
    async with AmiServer().listening() as server:
        server.devices |= {RINGS: "NOT_INUSE", "Queue:fallback_avail": "INUSE", "PJSIP/trunk": "UNAVAILABLE"}
        async with Told(server.settings()).following() as told:
            assert told.told == [(RINGS, PhoneState.FREE), ("PJSIP/trunk", PhoneState.UNREACHABLE)]
            for word in ("RINGING", "INUSE", "ONHOLD", "BUSY", "INVALID", "SOMETHING NEW"):
                server.device(RINGS, word)
            await told.becomes(RINGS, PhoneState.UNREACHABLE)
            expected = (
                PhoneState.RINGING,
                PhoneState.IN_CALL,
                PhoneState.BUSY,
                PhoneState.INVALID,
                PhoneState.UNREACHABLE,
            )
            assert told.of(RINGS)[1:] == list(expected), "in a call and on hold are one state"


async def test_what_changed_while_the_connection_was_lost_is_told_when_it_is_back() -> None:
    async with AmiServer().listening() as server:
        server.devices |= {RINGS: "NOT_INUSE", NOBODYS: "UNAVAILABLE"}
        async with Told(server.settings()).following() as told:
            server.devices = {RINGS: "BUSY"}
            server.cut()
            await told.becomes(RINGS, PhoneState.BUSY)
            assert told.phones.state(NOBODYS) is PhoneState.INVALID, "a phone that is configured no more"


async def test_an_event_that_got_lost_is_made_good_by_the_next_look() -> None:
    async with AmiServer().listening() as server:
        server.devices[RINGS] = "NOT_INUSE"
        async with Told(server.settings(), look_s=0.1).following() as told:
            server.devices[RINGS] = "UNAVAILABLE"
            await told.becomes(RINGS, PhoneState.UNREACHABLE)


async def test_a_manager_that_falls_silent_is_found_out_by_the_next_look() -> None:
    async with AmiServer().listening() as server:
        server.devices[RINGS] = "NOT_INUSE"
        async with Told(server.settings(timeout_s=0.2), look_s=0.1).following() as told:
            server.day = Day.SILENT_AFTER_LOGIN
            await until(lambda: not told.phones.followed, 5, "its word that nobody is followed")
            server.day = Day.GOOD
            await until(lambda: told.phones.followed, 5, "the phones followed again")


def test_a_phone_that_was_never_seen_cannot_be_rung() -> None:
    assert Phones(AmiServer().settings(), lambda *told: None).state("PJSIP/7") is PhoneState.UNREACHABLE
