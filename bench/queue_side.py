"""The two sides of the bench of the queue: our platform, and an Asterisk of its own whose app_queue hands callers out."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.bed import Bed
from bench.model import CouldNotMeasure
from bench.operators import Team, a_team
from bench.sip import Address
from centralino.pbx_home import secret
from centralino.platform import Platform
from centralino.settings import Tree, UpSettings
from centralino.supervisor import until
from foundation.patience import within
from queue_manager.model import Duty
from queue_manager.settings import QueueSettings

OPERATORS = tuple(str(number) for number in range(201, 221))
PEER_FIRST_PORT = 24000
PEER_CONF = tuple(sorted((Path(__file__).resolve().parent / "app_queue").glob("*.conf")))
OUR_NUMBER, PEER_ONE, PEER_ALL = "9990010", "9990011", "9990012"
KNOWN_WITHIN_S = 20.0
LINE = QueueSettings(wrap_up_s=0, most_waiting=1000, announce_first_s=3600)
"""As the peer: nobody rests after a call, nobody is told their place, and there is room for all."""


@dataclass(frozen=True)
class Side:
    """`number(operators)` leads to a line of so many of the team; `on_duty` makes it so; `roots` are the processes that count."""

    name: str
    pbx: Address
    team: Team
    number: Callable[[int], str]
    on_duty: Callable[[int], Awaitable[None]]
    roots: Mapping[str, int]


@asynccontextmanager
async def ours(bed: Bed) -> AsyncIterator[Side]:
    """Our platform, with the operators' phones registered. Raises `CouldNotMeasure`."""

    async def on_duty(operators: int) -> None:
        wanted = set(OPERATORS[:operators])
        for number in OPERATORS:
            await bed.records.duties.set(number, Duty.ON if number in wanted else Duty.OFF)

        async def known() -> bool:
            steps = {step.number: step.state for step in await bed.records.ledger.operators_now()}
            return {number for number, state in steps.items() if state == "idle"} == wanted

        try:
            await within(until(known), KNOWN_WITHIN_S)
        except TimeoutError:
            raise CouldNotMeasure(f"the queue did not take {operators} operators as free") from None

    running = bed.platform.supervisor.running
    roots = {name: running[name].pid for name in ("asterisk", "queue", "postgres", "redis")}
    async with a_team(_passwords(bed.platform), bed.pbx) as team:
        yield Side("ours", bed.pbx, team, lambda operators: OUR_NUMBER, on_duty, roots)


@asynccontextmanager
async def app_queue(bed: Bed) -> AsyncIterator[Side]:
    """The same Asterisk with the same files but for the line, and nothing of ours. Raises `CouldNotMeasure`, `StartFailed`."""
    folder = Path(tempfile.mkdtemp(prefix="centralino-bench-"))
    up = UpSettings(
        data=folder, first_port=PEER_FIRST_PORT, max_calls=bed.platform.tree.up.max_calls, operators=OPERATORS
    )
    peer = Platform(Tree(up=up), bed.platform.asterisk_root, added_conf=PEER_CONF)
    try:
        shutil.copytree(bed.platform.folders.sounds, peer.folders.sounds)
        asterisk = await peer.start_pbx()
        pbx = "127.0.0.1", up.ports.sip
        async with a_team(_passwords(peer), pbx) as team:
            yield Side("app_queue", pbx, team, _peer_number, _always, {"asterisk": asterisk.pid})
    finally:
        await peer.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _peer_number(operators: int) -> str:
    return PEER_ONE if operators == 1 else PEER_ALL


async def _always(operators: int) -> None:
    """Its members are static."""


def _passwords(platform: Platform, operators: Sequence[str] = OPERATORS) -> Mapping[str, str]:
    return {number: secret(platform.folders.secrets, f"phone-{number}") for number in operators}
