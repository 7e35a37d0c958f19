"""What the guard's AMI promises: on the real Asterisk and on a simulated manager; bad days on the simulated one alone."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from time import monotonic
from uuid import uuid4

import pytest
import pytest_asyncio

from centralino.pbx_home import secret
from centralino.platform import Platform
from pbx.ami.settings import AmiSettings
from pbx.ari import operations as op
from pbx.guard import probes
from pbx.guard.ami import Ami, AmiAway
from pbx.guard.connection import Connection, Refused
from pbx.guard.model import Probe
from pbx.guard.restart import find_asterisk
from pbx.robot.phone import RobotPhone
from tests.ami import AmiServer, Day
from tests.contract.exchange import RealExchange, a_call, the_ear
from tests.polling import until

pytestmark = pytest.mark.xdist_group("contract-line")


Move = Callable[[], Awaitable[None]]
"""The caller's application hands them to the queue."""


@dataclass
class Manager:
    """A manager interface, and ways to make something happen behind it."""

    settings: AmiSettings
    set_global: Callable[[str, str], Awaitable[None]]
    a_caller: Callable[[], AbstractAsyncContextManager[Move]]


@asynccontextmanager
async def simulated() -> AsyncIterator[Manager]:
    async with AmiServer().listening() as server:

        async def set_global(name: str, value: str) -> None:
            server.variables[name] = value

        @asynccontextmanager
        async def a_caller() -> AsyncIterator[Move]:
            server.add("PJSIP/trunk-1", data=f"ivr,{uuid4()},800840840")

            async def move() -> None:
                call_id = server.channels["PJSIP/trunk-1"]["ApplicationData"].split(",")[1]
                server.channels["PJSIP/trunk-1"]["ApplicationData"] = f"queue,join,{call_id},800840840,it"

            yield move
            server.channels.clear()

        yield Manager(server.settings(timeout_s=2.0), set_global, a_caller)


@asynccontextmanager
async def real(platform: Platform) -> AsyncIterator[Manager]:
    async with RobotPhone(platform.robot_settings(), the_ear(platform.folders.sounds)).switched_on() as phone:
        exchange = RealExchange(platform.pbx_settings(), phone)

        async def set_global(name: str, value: str) -> None:
            async with a_call(exchange) as (_, _, desk):
                await desk.ari.request(op.SET_GLOBAL, variable=name, value=value)

        @asynccontextmanager
        async def a_caller() -> AsyncIterator[Move]:
            async with exchange.queue(), a_call(exchange) as (line, _, _):
                playing = asyncio.create_task(line.play(*[exchange.media] * 10))

                async def move() -> None:
                    playing.cancel()
                    await line.quiet()
                    await line.send_to_dialplan("queue", "it")

                yield move
                playing.cancel()

        yield Manager(guard_settings(platform), set_global, a_caller)


def guard_settings(platform: Platform, password: str = "") -> AmiSettings:
    password = password or secret(platform.folders.secrets, "ami-guard")
    return AmiSettings(address=f"127.0.0.1:{platform.ports.ami}", user="guard", password=password)  # type: ignore[arg-type]


@pytest_asyncio.fixture(loop_scope="session", params=["simulated", "real"])
async def manager(request: pytest.FixtureRequest, two_asterisks: Platform) -> AsyncIterator[Manager]:
    async with simulated() if request.param == "simulated" else real(two_asterisks) as manager:
        yield manager


@pytest_asyncio.fixture(loop_scope="session")
async def ami(manager: Manager) -> AsyncIterator[Ami]:
    ami = Ami(manager.settings)
    yield ami
    ami.close()


async def test_a_ping_is_answered_over_a_connection_that_is_kept(ami: Ami) -> None:
    for _ in range(3):
        await ami.ping()


async def test_a_global_variable_is_read_and_one_that_is_not_there_is_empty(manager: Manager, ami: Ami) -> None:
    name = f"X{uuid4().hex}"
    assert await ami.variable(name) == ""
    await manager.set_global(name, "1795598952")
    assert await ami.variable(name) == "1795598952"


async def test_a_wrong_password_is_told_in_the_managers_words(manager: Manager) -> None:
    wrong = Ami(manager.settings.model_copy(update={"password": type(manager.settings.password)("wrong")}))
    with pytest.raises(AmiAway, match="Authentication failed"):
        await wrong.ping()


async def test_a_caller_is_seen_in_his_application_and_a_redirect_takes_him_out_of_it_in_mid_sound(
    manager: Manager, ami: Ami
) -> None:
    async with manager.a_caller():
        [caller] = [channel for channel in await ami.channels() if channel.app == "ivr"]
        assert caller.call_id is not None
        assert not caller.bridged
        begun = monotonic()
        assert await ami.to_fallback([caller]) == ([caller], [caller])

        async def is_out() -> bool:
            return not [channel for channel in await ami.channels() if channel.app == "ivr"]

        await until(is_out, 5, "the channel out of its application")
        assert monotonic() - begun < 2


async def test_a_caller_who_was_moved_is_seen_in_the_application_that_holds_them(manager: Manager, ami: Ami) -> None:
    async with manager.a_caller() as move:
        [before] = [channel for channel in await ami.channels() if channel.app == "ivr"]
        await move()

        async def is_there() -> bool:
            after = [channel for channel in await ami.channels() if channel.app == "queue"]
            return [(channel.unique_id, channel.call_id) for channel in after] == [(before.unique_id, before.call_id)]

        await until(is_there, 5, "the caller in the queue")


async def test_a_caller_who_hung_up_before_the_redirect_is_no_error(manager: Manager, ami: Ami) -> None:
    async with manager.a_caller():
        [caller] = [channel for channel in await ami.channels() if channel.app == "ivr"]

    async def is_gone() -> bool:
        return caller.unique_id not in [channel.unique_id for channel in await ami.channels()]

    await until(is_gone, 10, "the channel gone")
    assert await ami.to_fallback([caller]) == ([], [caller])


@pytest.mark.parametrize(
    "headers",
    [
        {"Action": "Command", "Command": "core show channels"},
        {"Action": "Originate", "Channel": "PJSIP/1@trunk", "Application": "Echo"},
        {"Action": "UpdateConfig", "SrcFilename": "a.conf", "DstFilename": "a.conf"},
        {"Action": "DBPut", "Family": "a", "Key": "b", "Val": "c"},
        {"Action": "ModuleLoad", "LoadType": "unload", "Module": "chan_pjsip.so"},
    ],
)
async def test_the_guard_may_not_run_originate_configure_or_store(manager: Manager, headers: dict[str, str]) -> None:
    def ask() -> None:
        connection = Connection()
        try:
            connection.open(manager.settings)
            connection.ask(**headers)
        finally:
            connection.throw_away()

    with pytest.raises(Refused, match="Permission denied"):
        await asyncio.to_thread(ask)


# -- bad days


@pytest.mark.parametrize("day", [day for day in Day if day is not Day.GOOD])
async def test_a_far_side_with_a_bad_day_is_given_up_in_time_and_leaves_nothing_behind(day: Day) -> None:
    before = threading.active_count()
    async with AmiServer(day).listening() as server:
        server.add("PJSIP/trunk-1", data=f"ivr,{uuid4()},800840840")
        ami = Ami(server.settings(timeout_s=0.5))
        for _ in range(5):
            begun = monotonic()
            with pytest.raises(AmiAway):
                await ami.channels()
            assert monotonic() - begun < 2
        server.day = Day.GOOD
        assert len(await ami.channels()) == 1
        ami.close()
        await until(lambda: threading.active_count() <= before, 5, "every thread ended")


async def test_nobody_at_the_address_is_told() -> None:
    server = AmiServer()
    async with server.listening():
        settings = server.settings()
    with pytest.raises(AmiAway, match="refused"):
        await Ami(settings).ping()


async def test_a_list_of_many_channels_is_read_in_a_moment() -> None:
    async with AmiServer().listening() as server:
        for number in range(1000):
            server.add(f"PJSIP/trunk-{number}", data=f"ivr,{uuid4()},800840840")
        ami = Ami(server.settings(timeout_s=5.0))
        begun = time.process_time()
        assert len(await ami.channels()) == 1000
        assert time.process_time() - begun < 2
        ami.close()


# -- the real one alone


async def test_a_frozen_asterisk_is_given_up_in_time_and_asked_again_once_it_thaws(two_asterisks: Platform) -> None:
    pid = find_asterisk(two_asterisks.folders.asterisk / "etc" / "asterisk.conf")
    assert pid is not None
    settings, before = two_asterisks.pbx_settings(), threading.active_count()
    ami = Ami(guard_settings(two_asterisks).model_copy(update={"timeout_s": 0.5}))
    questions = {
        Probe.AMI: ami.ping,
        Probe.ARI: probes.ari(settings),
        Probe.SIP: probes.sip("127.0.0.1", two_asterisks.ports.sip),
    }
    for probe, question in questions.items():
        assert (await probes.ask(probe, question, 2.0)).wrong == ""
    os.kill(pid, signal.SIGSTOP)

    async def is_silent() -> bool:
        return (await probes.ask(Probe.AMI, ami.ping, 0.5)).silent

    try:
        await until(is_silent, 5, "every thread of Asterisk stopped")
        for patience_s in (0.3, 0.6, 0.3):  # AMI's own is 0.5
            for probe, question in questions.items():
                answer = await probes.ask(probe, question, patience_s)
                assert answer.silent
                assert answer.seconds < 2
    finally:
        os.kill(pid, signal.SIGCONT)

    async def all_answer() -> bool:
        return not any([(await probes.ask(probe, question, 1.0)).wrong for probe, question in questions.items()])

    await until(all_answer, 10, "the thawed PBX answering")
    ami.close()
    await until(lambda: threading.active_count() <= before, 5, "every thread ended")


async def test_asking_sip_is_no_attack_in_the_security_log(two_asterisks: Platform) -> None:
    log = two_asterisks.folders.asterisk / "log" / "security"
    already = log.read_text().count('Service="PJSIP"')
    answer = await probes.ask(Probe.SIP, probes.sip("127.0.0.1", two_asterisks.ports.sip), 2.0)
    assert answer.wrong == ""
    # ARI's own line shows that the log has come this far.
    before = log.read_text().count('Service="AMI"')
    ami = Ami(guard_settings(two_asterisks))
    await ami.ping()
    ami.close()
    await until(lambda: log.read_text().count('Service="AMI"') > before, 5, "the login in the security log")
    assert log.read_text().count('Service="PJSIP"') == already


async def test_whoever_calls_from_the_guards_address_reaches_nothing(two_asterisks: Platform) -> None:
    ami = Ami(guard_settings(two_asterisks))
    for number in ("800840840", "s", "+390612345678"):
        assert await status_of_invite(number, two_asterisks.ports.sip) == "404"
    assert await ami.channels() == []
    ami.close()


async def status_of_invite(number: str, port: int) -> str:
    """The final status of a call from the guard's address."""
    answers: asyncio.Queue[str] = asyncio.Queue()

    class Ear(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, addr: object) -> None:
            answers.put_nowait(data.split()[1].decode())

    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Ear, (probes.ASKS_FROM, 0), ("127.0.0.1", port))
    me, name = f"{probes.ASKS_FROM}:{transport.get_extra_info('sockname')[1]}", uuid4().hex
    body = f"v=0\r\no=- 1 1 IN IP4 {probes.ASKS_FROM}\r\ns=-\r\nc=IN IP4 {probes.ASKS_FROM}\r\nt=0 0\r\nm=audio 9 RTP/AVP 8\r\n"
    lines = (
        f"INVITE sip:{number}@127.0.0.1:{port} SIP/2.0", f"Via: SIP/2.0/UDP {me};branch=z9hG4bK{name};rport",
        "Max-Forwards: 9", f"From: <sip:guard@{me}>;tag=a", f"To: <sip:{number}@127.0.0.1:{port}>", f"Call-ID: {name}",
        "CSeq: 1 INVITE", f"Contact: <sip:guard@{me}>", "Content-Type: application/sdp", f"Content-Length: {len(body)}",
    )  # fmt: skip
    transport.sendto(("\r\n".join(lines) + "\r\n\r\n" + body).encode())
    try:
        while (status := await asyncio.wait_for(answers.get(), 5)) < "200":
            continue
    finally:
        transport.close()
    return status
