"""News between processes on Redis Streams. The database row is the truth: losing a message here loses nothing, a sweep re-sends it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import redis.asyncio as redis
from pydantic import Field
from redis.exceptions import RedisError, ResponseError

from foundation.settings import Part

BusError = RedisError
"""Redis is away, or refused: whoever publishes goes on, because the row is the truth."""


class RedisSettings(Part):
    """Where Redis answers."""

    url: str = Field(
        examples=["unix:///run/redis/redis.sock", "redis://127.0.0.1:6379/0"], pattern=r"^(unix|rediss?)://"
    )
    timeout_s: float = Field(default=2.0, gt=0, le=60)


@dataclass(frozen=True)
class News:
    """One entry read from a stream: `entry` is its id, `fields` what was published."""

    entry: str
    fields: dict[str, str]


class Bus:
    """Publish to a stream; read it as one consumer of a group; take over what a dead consumer left."""

    def __init__(self, settings: RedisSettings) -> None:
        self._timeout_s = settings.timeout_s
        self._redis: Any = redis.from_url(
            settings.url, decode_responses=True, socket_connect_timeout=settings.timeout_s
        )

    async def publish(self, stream: str, fields: dict[str, str], keep: int = 10_000) -> None:
        """Append to `stream`, of which about `keep` entries are kept. Raises `BusError`."""
        await self._redis.xadd(stream, fields, maxlen=keep, approximate=True)

    async def join(self, stream: str, group: str) -> None:
        """Make the group where it is missing (also after Redis lost it)."""
        try:
            await self._redis.xgroup_create(stream, group, id="0", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise

    async def read(self, stream: str, group: str, consumer: str, block_s: float = 1.0) -> list[News]:
        """What is new for the group, waiting up to `block_s` seconds."""
        answer = await self._redis.xreadgroup(group, consumer, {stream: ">"}, count=1, block=int(block_s * 1000))
        return [News(entry, fields) for _, entries in answer or [] for entry, fields in entries]

    async def take_over(self, stream: str, group: str, consumer: str, idle_s: float) -> list[News]:
        """Entries that another consumer read more than `idle_s` seconds ago and never acknowledged."""
        answer = await self._redis.xautoclaim(stream, group, consumer, min_idle_time=int(idle_s * 1000), count=10)
        return [News(entry, fields) for entry, fields in answer[1] if fields]

    async def done(self, stream: str, group: str, entry: str) -> None:
        """Acknowledge an entry: nobody reads it again."""
        await self._redis.xack(stream, group, entry)

    async def close(self) -> None:
        """Close the connection."""
        await self._redis.aclose()
