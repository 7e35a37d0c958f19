"""The process `guard`: `python -m pbx.guard`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from pydantic import BaseModel

from foundation import logs, process, settings
from foundation.clock import SystemClock
from foundation.health import Health
from pbx.ami.settings import AmiSettings
from pbx.guard import probes
from pbx.guard.ami import Ami
from pbx.guard.callers import Callers
from pbx.guard.keeper import Keeper
from pbx.guard.model import Probe
from pbx.guard.settings import GuardSettings
from pbx.guard.surroundings import Surroundings
from pbx.settings import PbxSettings

log = logs.get(__name__)


class Tree(BaseModel):
    """The parts of the settings that this process reads."""

    ami: AmiSettings
    pbx: PbxSettings
    guard: GuardSettings


async def serve(stop: asyncio.Event, health: Health) -> None:
    """Watch until `stop`. Three rounds that do not wait for each other, each over a connection of its own."""
    checks = {name: health.check(name, "looking") for name in ("callers", "pbx", "disk", "trunk", "clock")}
    tree = settings.load(Tree)
    clock, own = SystemClock(), tree.guard
    connections = [Ami(tree.ami) for _ in range(3)]
    questions = {
        Probe.AMI: connections[1].ping,
        Probe.ARI: probes.ari(tree.pbx),
        Probe.SIP: probes.sip(own.sip_host, own.sip_port),
    }
    callers = Callers(connections[0], clock, checks["callers"], own.recordings)
    keeper = Keeper(own, clock, checks["pbx"], questions)
    surroundings = Surroundings(own, connections[2], checks["disk"], checks["trunk"], checks["clock"])
    log.info("guard_watches")
    try:
        async with asyncio.TaskGroup() as rounds:
            rounds.create_task(_every(own.every_s, callers.look, stop))
            rounds.create_task(_every(own.probe_every_s, keeper.look, stop))
            rounds.create_task(_every(own.watch_every_s, surroundings.look, stop))
    finally:
        for connection in connections:
            connection.close()


async def _every(seconds: float, look: Callable[[], Awaitable[None]], stop: asyncio.Event) -> None:
    while not stop.is_set():
        await look()
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), seconds)


def main() -> None:
    """Run until SIGTERM."""
    process.run("guard", serve)


if __name__ == "__main__":
    main()
