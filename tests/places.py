"""Where a test worker's own platform lives: a data folder and ports that no other worker uses."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from centralino.obtain import asterisk_root
from centralino.platform import Platform
from centralino.settings import Tree, UpSettings
from queue_manager.settings import QueueSettings

# Below the ports that the kernel gives away by itself; each worker has room for three platforms at once.
FIRST_PORT, PORTS_EACH, MAX_CALLS = 10000, 1000, 200
PLATFORMS_EACH = 3
LAST_LINES = 40

UP: list[Platform] = []
"""The platforms of this worker that are up now."""


def worker_number() -> int:
    """0 without pytest-xdist, else this worker's number."""
    return int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))


def first_port(place: int) -> int:
    """The first port of a platform of this worker."""
    return FIRST_PORT + PORTS_EACH * (PLATFORMS_EACH * worker_number() + place)


def last_words() -> list[tuple[str, str]]:
    """What each process of the platforms that are up wrote last: where from, and the lines."""
    return [
        (f"{path.name} of the platform at port {platform.ports.first}", "\n".join(lines[-LAST_LINES:]))
        for platform in UP
        for path in sorted(platform.folders.logs.glob("*.log"))
        if (lines := path.read_text("utf-8", errors="replace").splitlines())
    ]


@asynccontextmanager
async def a_platform(
    place: int = 0,
    added_conf: Sequence[Path] = (),
    durable: bool = False,
    queue: QueueSettings | None = None,
    **settings: object,
) -> AsyncIterator[Platform]:
    """A platform of this worker's own, not started; what it started is stopped and its folder removed at the end.

    Platforms that are up at once in one worker have different places, 0 to 2: one that is shared lives as long as its package's
    tests. Only a `durable` one keeps what it has
    committed when its PostgreSQL is killed. `queue` are the line's own settings.
    """
    folder = Path(tempfile.mkdtemp(prefix="centralino-"))
    up = UpSettings(data=folder, first_port=first_port(place), max_calls=MAX_CALLS, **settings)  # type: ignore[arg-type]
    platform = Platform(
        Tree(up=up, queue=queue or QueueSettings()),
        asterisk_root(up.cache),
        sync_to_disk=durable,
        added_conf=added_conf,
    )
    UP.append(platform)
    try:
        yield platform
    finally:
        UP.remove(platform)
        await platform.stop()
        shutil.rmtree(folder, ignore_errors=True)
