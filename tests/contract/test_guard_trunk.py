"""The carrier's trunk, as the guard sees it through a real Asterisk that asks it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from centralino.pbx_home import secret
from foundation.health import Check, Standing
from pbx.ami.settings import AmiSettings
from pbx.guard.ami import Ami
from pbx.guard.settings import GuardSettings
from pbx.guard.surroundings import Surroundings
from tests.places import a_platform, first_port
from tests.polling import until

pytestmark = pytest.mark.xdist_group("contract-line")

ASKED_EVERY_S, ANSWER_WITHIN_S = 10, 3


class Carrier(asyncio.DatagramProtocol):
    """Answers OPTIONS as a carrier does."""

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, addr: object) -> None:
        kept = ("via:", "from:", "to:", "call-id:", "cseq:")
        head = [line for line in data.decode().split("\r\n") if line.lower().startswith(kept)]
        self._transport.sendto(("\r\n".join(["SIP/2.0 200 OK", *head, "Content-Length: 0", "", ""])).encode(), addr)


@asynccontextmanager
async def a_carrier(port: int) -> AsyncIterator[None]:
    """Somebody who answers at a port."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Carrier, ("127.0.0.1", port))
    try:
        yield
    finally:
        transport.close()


async def test_a_carrier_that_answers_is_well_and_one_that_went_away_is_told() -> None:
    port = first_port(0) + 170
    async with a_platform(0, trunk_contact=f"sip:127.0.0.1:{port}") as platform:
        platform.folders.sounds.mkdir(parents=True)
        trunk = Check("trunk", "looking")
        async with a_carrier(port):
            await platform.start_pbx()
            password = secret(platform.folders.secrets, "ami-guard")
            ami = Ami(AmiSettings(address=f"127.0.0.1:{platform.ports.ami}", user="guard", password=password))  # type: ignore[arg-type]
            own = GuardSettings(
                asterisk_conf=platform.folders.asterisk,
                sip_address="127.0.0.1:1",
                recordings=platform.folders.spool,
                trunk="trunk",
            )
            surroundings = Surroundings(own, ami, Check("disk", ""), trunk, Check("clock", ""))

            async def says(standing: Standing, words: str) -> bool:
                await surroundings.look()
                return trunk.seen.standing is standing and words in trunk.seen.says

            await until(lambda: says(Standing.WELL, "answers"), 2 * ASKED_EVERY_S, "the carrier's answer")
        gone_within_s = 2 * ASKED_EVERY_S + ANSWER_WITHIN_S
        await until(lambda: says(Standing.DEGRADED, "does not answer"), gone_within_s, "the carrier's silence")
        ami.close()
