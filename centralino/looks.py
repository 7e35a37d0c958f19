"""One look at each part of the running platform, all at once, none longer than `LIMIT_S`: whatever is dead or frozen becomes a finding."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from centralino import log_lines
from centralino.picture import Part, Picture, many
from centralino.platform import Platform
from centralino.running import holder_of, process_of, standing_of, started_at
from centralino.samples import figures_of, samples_of
from centralino.services import OURS
from foundation.health import Standing
from foundation.monitor import fetch
from pbx.ari.client import AriError, AriTimeout, ConnectionLost
from pbx.ari.probe import probe
from pbx.ari.transport import CannotConnect

LIMIT_S = 2.0
LAST_ALARMS = 5

Look = Callable[[Platform], Awaitable[Part]]
START = "start the platform: `make run`"


async def look(platform: Platform, limit_s: float = LIMIT_S) -> Picture:
    """Everything at once. It returns within a little more than `limit_s` seconds, whatever is dead."""
    at = datetime.now(UTC)
    looks: dict[str, Look] = {
        "up": _supervisor, "asterisk": _asterisk, **{name: _ours(name) for name in OURS}, "redis": _redis, "postgres": _postgres,
    }  # fmt: skip
    parts, samples, (disk, fallback, alarms) = await asyncio.gather(
        asyncio.gather(*(_in_time(name, found, platform, limit_s) for name, found in looks.items())),
        samples_of(platform, limit_s),
        asyncio.to_thread(_on_disk, platform),
    )
    figures = figures_of(*samples, platform.tree.up.max_calls, fallback, disk)
    if parts[0].standing is Standing.FAILING:
        parts = [part if part.started or not part.mend else replace(part, mend=START) for part in parts]
    return Picture(at, tuple(parts), figures, tuple(alarms))


async def _in_time(name: str, found: Look, platform: Platform, limit_s: float) -> Part:
    try:
        async with asyncio.timeout(limit_s):
            return await found(platform)
    except TimeoutError:
        return _silent(name, platform, limit_s)
    except Exception as error:
        # One part in a state nobody thought of must not hide the others.
        log = platform.folders.logs / f"{name}.log"
        return Part(name, Standing.FAILING, f"cannot be looked at ({type(error).__name__})", mend=f"see {log}")


def _silent(name: str, platform: Platform, limit_s: float) -> Part:
    says = f"takes connections and does not answer within {limit_s:g} s: frozen, or overloaded"
    mend = f"see {platform.folders.logs / name}.log; a frozen process that is killed is started again"
    if name in OURS:
        pid = process_of(OURS[name], platform.services.monitor_address(name))
        if pid is not None:
            says += f" (pid {pid}, {standing_of(pid)})"
            mend = f"kill -9 {pid}: it is started again and takes its calls up; before that see {platform.folders.logs / name}.log"
    return Part(name, Standing.FAILING, says, mend=mend)


def _dead(name: str, platform: Platform, says: str) -> Part:
    log = platform.folders.logs / f"{name}.log"
    return Part(
        name, Standing.FAILING, says, mend=f"it is started again within 5 s; if it is not, its last words are in {log}"
    )


# -- the parts


async def _supervisor(platform: Platform) -> Part:
    pid = holder_of(platform.lock("up"))
    if pid is None:
        return Part(
            "up", Standing.FAILING, "nobody keeps the processes up", mend="`make run` (what still runs must be stopped first)"
        )  # fmt: skip
    return Part("up", Standing.WELL, f"keeps the others up (pid {pid})", started_at(pid))


async def _asterisk(platform: Platform) -> Part:
    try:
        found = await probe(platform.pbx_settings(), LIMIT_S)
    except (CannotConnect, ConnectionLost):
        return _dead("asterisk", platform, "not running: no call can come in")
    except (AriError, AriTimeout) as error:
        return Part("asterisk", Standing.FAILING, str(error), mend="kill -9 it: it is started again")
    age = found.heartbeat_age_s
    beat = "no heartbeat of ivr yet" if age is None else f"heartbeat of ivr {age} s old"
    told = f"{found.version.partition('+')[0]}, {many(found.channels, 'channel')}, {beat}"
    if found.missing:
        mend = "a needed module did not load: see data/asterisk/log/messages"
        return Part(
            "asterisk", Standing.FAILING, f"{told}; without {', '.join(sorted(found.missing))}", found.started, mend
        )
    if not found.serves:
        mend = "look at ivr: callers hear the notice and leave messages meanwhile"
        return Part("asterisk", Standing.DEGRADED, f"{told}: callers go to the fallback", found.started, mend)
    return Part("asterisk", Standing.WELL, told, found.started)


def _ours(name: str) -> Look:
    async def found(platform: Platform) -> Part:
        try:
            page = await fetch(platform.services.monitor_address(name), "/health", LIMIT_S)
            report = json.loads(page.text)
        except (OSError, ValueError) as error:
            if isinstance(error, TimeoutError):
                raise
            return _dead(name, platform, "not running")
        standing = Standing(report["standing"])
        told = [
            f"{check}: {seen['says']} (since {_clock(seen['since'], platform)})"
            for check, seen in report["checks"].items()
            if seen["standing"] != Standing.WELL
        ]
        mend = "" if standing is Standing.WELL else f"see {platform.folders.logs / name}.log"
        return Part(
            name, standing, "; ".join(told) or f"pid {report['pid']}", datetime.fromisoformat(report["started"]), mend
        )

    return found


def _clock(text: str, platform: Platform) -> str:
    return f"{datetime.fromisoformat(text).astimezone(platform.tree.hours.zone):%H:%M:%S}"


async def _redis(platform: Platform) -> Part:
    client = redis.asyncio.Redis(unix_socket_path=str(platform.redis_socket), retry=Retry(NoBackoff(), 0))
    try:
        seconds = (await client.info("server"))["uptime_in_seconds"]
    except (RedisError, OSError):
        return _dead("redis", platform, "not running; messages are found by looking for them")
    finally:
        with suppress(RedisError, OSError):
            await client.aclose()
    return Part("redis", Standing.WELL, "", datetime.now(UTC) - timedelta(seconds=seconds))


async def _postgres(platform: Platform) -> Part:
    address = platform.database_url.replace("postgresql+psycopg://", "postgresql://")
    try:
        async with await psycopg.AsyncConnection.connect(address, connect_timeout=2) as connection:
            row = await (await connection.execute("SELECT pg_postmaster_start_time()")).fetchone()
    except psycopg.Error:
        return _dead("postgres", platform, "not running; what calls write waits in the outbox")
    assert row is not None
    return Part("postgres", Standing.WELL, "", row[0])


# -- the machine


def _on_disk(platform: Platform) -> tuple[int, int, list[log_lines.LogLine]]:
    folders = platform.folders
    place = folders.data if folders.data.exists() else Path(folders.data.anchor)
    waiting = {path.stem for path in (folders.spool / "fallback").glob("*") if path.suffix in {".call", ".wav"}}
    return shutil.disk_usage(place).free, len(waiting), log_lines.alarms(folders.logs, LAST_ALARMS)
