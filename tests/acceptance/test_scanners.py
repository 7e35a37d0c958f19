"""Hostile requests by hand: no channel but a citizen's, no account told from none, and the line serves right afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio

from pbx.ari import operations as op
from pbx.ari.client import Ari
from pbx.ari.transport import WebSocketTransport
from tests.acceptance.line import ServiceLine, a_line
from tests.polling import until
from tests.sip import Stranger

OPERATOR = "201"
OUTSIDE, TRUNK = "127.0.0.3", "127.0.0.1"
NO_SIP = 0
"""What is not even an address is answered with nothing."""
EXTENSIONS = (
    OPERATOR, "s", "h", "s%40fallback", "fallback", "hours", "nowhere", "_X.", "_!", "i", "t", "0", "00390612345678", "+390612345678",
    "${SHELL(id)}", "%24%7BSHELL(id)%7D", "800840840%3Bexten", "+39%7Cfallback%7Cs", "800840840%00", "9" * 900, "PJSIP%2Ftrunk",
)  # fmt: skip
IDENTITIES = (OPERATOR, "trunk", "guard", "anonymous", "%24%7BEVAL(1)%7D", "9" * 300)
HEADERS = (
    'P-Asserted-Identity: "${SHELL(touch /tmp/x)}" <sip:${EVAL(${SHELL(id)})}@127.0.0.1>',
    'P-Asserted-Identity: "201" <sip:201@127.0.0.1>',
    "Remote-Party-ID: <sip:201@127.0.0.1>;party=calling",
    "Diversion: <sip:fallback@127.0.0.1>;reason=unconditional",
    f'Authorization: Digest username="{OPERATOR}", realm="asterisk", nonce="1/1", uri="sip:1@127.0.0.1", response="{"0" * 32}"',
)


@dataclass
class Watched:
    """Every channel that was seen in the PBX: its name, without its number, and the context it was in."""

    seen: set[tuple[str, str]] = field(default_factory=set)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def line() -> AsyncIterator[ServiceLine]:
    async with a_line(1, (OPERATOR,)) as line:
        await line.closed()
        yield line


@pytest.fixture
def outside(line: ServiceLine) -> Iterator[Stranger]:
    """Somebody who is not the carrier."""
    with closing(Stranger(OUTSIDE, line.platform.ports.sip)) as stranger:
        yield stranger


@pytest.fixture
def carrier(line: ServiceLine) -> Iterator[Stranger]:
    """What comes over the trunk: it is the carrier's, what it says may be anybody's."""
    with closing(Stranger(TRUNK, line.platform.ports.sip)) as stranger:
        yield stranger


@asynccontextmanager
async def watching(line: ServiceLine) -> AsyncIterator[Watched]:
    """Look at the PBX's channels all the time; none is left over at the end, and a citizen is served right afterwards."""
    watched, connected = Watched(), asyncio.Event()

    async def on_connected() -> None:
        connected.set()

    async def connect() -> WebSocketTransport:
        return await WebSocketTransport.connect(line.platform.pbx_settings(), "watch")

    ari = Ari("watch", connect, lambda event: None, on_connected)

    async def look() -> None:
        await connected.wait()
        while True:
            for channel in await ari.request(op.LIST_CHANNELS):
                watched.seen.add((channel["name"].rpartition("-")[0], channel["dialplan"]["context"]))
            await asyncio.sleep(0.01)

    async def is_quiet() -> bool:
        return await ari.request(op.LIST_CHANNELS) == []

    tasks = [asyncio.create_task(ari.run()), asyncio.create_task(look())]
    try:
        yield watched
        await until(is_quiet, 40, "an end of every channel")
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    await line.call("hear-start it/welcome", "hang up")


async def test_a_stranger_is_answered_the_same_whatever_is_asked_for_or_claimed(line: ServiceLine, outside: Stranger) -> None:  # fmt: skip
    async with watching(line) as watched:
        answers = [await outside.invite(extension) for extension in EXTENSIONS]
        answers += [await outside.invite("800840840", identity) for identity in IDENTITIES]
        answers += [await outside.invite("800840840", OPERATOR, header) for header in HEADERS]
        for method in ("REGISTER", "OPTIONS", "SUBSCRIBE", "MESSAGE", "REFER"):
            answers.append(await outside.request(method, OPERATOR, OPERATOR))
    assert {answer.status for answer in answers} <= {401, NO_SIP}, "whatever is SIP gets the same challenge"
    assert [answer.status for answer in answers].count(NO_SIP) <= 1
    assert watched.seen == set()


async def test_over_the_trunk_nothing_but_inbound_is_entered(line: ServiceLine, carrier: Stranger) -> None:
    async with watching(line) as watched:
        for extension in EXTENSIONS:
            await carrier.invite(extension)
        for identity in IDENTITIES:
            await carrier.invite("800840840", identity)
        for header in HEADERS:
            await carrier.invite("800840840", OPERATOR, header)
        await carrier.request("REGISTER", OPERATOR, OPERATOR)
    assert watched.seen == {("PJSIP/trunk", "inbound")}
    assert not Path("/tmp/x").exists()


async def test_a_citizen_who_shows_an_operators_number_is_a_citizen(line: ServiceLine) -> None:
    async with watching(line) as watched:
        await line.call("hear-start it/welcome", "hear-start it/language-offer", "hang up", caller=OPERATOR)
    assert watched.seen == {("PJSIP/trunk", "inbound")}
