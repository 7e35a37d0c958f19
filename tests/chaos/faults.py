"""What can go wrong, done for real: processes killed, frozen, restarted; connections cut or silently dropped; a store emptied."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from enum import StrEnum
from pathlib import Path

import redis.asyncio

from centralino.platform import Platform
from centralino.services import OURS as OURS_WITH_HEALTH
from centralino.supervisor import Running
from tests.polling import until

FROZEN_S = 10.0
WALLS = ("bwrap", "flock")


class Fault(StrEnum):
    """What is done to a process."""

    KILL = "killed"
    FREEZE = "frozen"
    RESTART = "restarted"


# Ours, in the order of the design; the PBX drops its own calls and has scenarios of its own.
OURS = ("ivr", "voicemail", "queue", "guard", "channels", "clock", "redis", "postgres")


def targets(platform: Platform) -> list[str]:
    """Which of ours this platform runs."""
    return [name for name in OURS if name in platform.supervisor.running]


def tree_of(pid: int) -> list[int]:
    """A process and all that descend from it: a server behind a wall, its workers that made sessions of their own."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError, ValueError):
                parent = int((entry / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(entry.name))
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found


def signal_tree(pid: int, number: signal.Signals) -> None:
    """Signal a process and its descendants; those that are gone are passed over."""
    for one in tree_of(pid):
        with suppress(ProcessLookupError):
            os.kill(one, number)


async def strike(platform: Platform, fault: Fault, target: str, frozen_s: float = FROZEN_S) -> None:
    """Do one fault to one process. A freeze returns when it has thawed; the others at once."""
    running = platform.supervisor.running[target]
    match fault:
        case Fault.KILL:
            signal_tree(running.pid, signal.SIGKILL)
        case Fault.FREEZE:
            async with frozen(running):
                await asyncio.sleep(frozen_s)
        case Fault.RESTART:
            await ask_to_stop(running)


@asynccontextmanager
async def frozen(running: Running) -> AsyncIterator[None]:
    """SIGSTOP for the length of the block, then SIGCONT to whatever of it is still there.

    The wall around a server goes on: it is what tells the supervisor that the server has ended.
    """
    stopped = [pid for pid in tree_of(running.pid) if _name(pid) not in WALLS]
    for pid in stopped:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in stopped:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def _name(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip()
    return ""


async def ask_to_stop(running: Running) -> None:
    """Ask as the supervisor asks at the end: it starts the process again."""
    if running.service.stop_command is None:
        os.kill(running.pid, running.service.stop_signal)
        return
    asking = await asyncio.create_subprocess_exec(
        *running.service.stop_command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    await asking.wait()


@asynccontextmanager
async def away(platform: Platform, target: str, fault: Fault = Fault.KILL) -> AsyncIterator[None]:
    """The process is down for the length of the block, and kept up again afterwards."""
    running = platform.supervisor.running[target]
    pid = running.pid
    running.hold()
    try:
        await strike(platform, fault, target)
        await until(lambda: not Path(f"/proc/{pid}").exists(), 30, f"the end of {target}")
        yield
    finally:
        running.release()


async def all_up(platform: Platform, within_s: float = 60.0) -> None:
    """Every process is there and says that it is ready, and the line is answered by `ivr`."""
    running = [platform.supervisor.running[name] for name in [*targets(platform), "asterisk"]]

    async def are_ready() -> bool:
        return all([await platform.services.is_ready(name) for name in OURS_WITH_HEALTH])

    await until(lambda: all(Path(f"/proc/{one.pid}").exists() for one in running), within_s, "every process")
    await until(are_ready, within_s, "every process ready")
    await until(platform.ivr_is_up, within_s, "ivr on the line")


async def flushed(platform: Platform) -> bool:
    """FLUSHALL; False while Redis does not answer."""
    client = redis.asyncio.Redis(unix_socket_path=str(platform.redis_socket))
    try:
        return bool(await client.flushall())
    except redis.exceptions.RedisError:
        return False
    finally:
        await client.aclose()


@contextmanager
def websocket(platform: Platform, verdict: str) -> Iterator[None]:
    """What goes to and from the PBX's ARI on this machine meets `verdict` of nftables: "drop" or "reject with tcp reset".

    The table is this platform's alone and names its port, and it goes with the block.
    """
    port = platform.ports.ari
    table = f"centralino_chaos_{port}"
    rules = f"""
        table inet {table} {{
            chain out {{
                type filter hook output priority 0; policy accept;
                oifname "lo" tcp dport {port} {verdict}
                oifname "lo" tcp sport {port} {verdict}
            }}
        }}
    """
    subprocess.run(["nft", "-f", "-"], input=rules, text=True, check=True)
    try:
        yield
    finally:
        subprocess.run(["nft", "delete", "table", "inet", table], check=True)


@contextmanager
def small_disk(folder: Path, bytes_: int = 1 << 20) -> Iterator[None]:
    """The folder is a file system of one megabyte for the length of the block; what was in it is hidden meanwhile."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={bytes_},mode=0777", "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
