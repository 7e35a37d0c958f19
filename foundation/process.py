"""The life of a process: logs, one coroutine, a clean stop on SIGTERM or SIGINT."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable

from foundation import logs
from foundation.settings import SettingsError

EXIT_SETTINGS = 78  # EX_CONFIG of sysexits.h: a supervisor must not restart on it


class CannotStart(Exception):
    """Something that must be there before the first call is missing: the text names it and the way out."""


def run(process: str, serve: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Run `serve(stop)` until it returns; SIGTERM and SIGINT set `stop`. Exits 78 with a plain sentence on a wrong setting."""
    logs.configure(process)

    async def life() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        await serve(stop)

    try:
        asyncio.run(life())
    except (SettingsError, CannotStart) as error:
        print(f"{process}: {error}", file=sys.stderr)
        raise SystemExit(EXIT_SETTINGS) from None
