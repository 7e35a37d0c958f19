"""Codes leased in advance, kept on disk: a code can be given out while the database is away, and never twice."""

from __future__ import annotations

import asyncio
import errno
import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

from foundation import logs
from foundation.database import is_away
from foundation.disk import replace_file

log = logs.get(__name__)

BLOCK = 2000


class CodeStock:
    """The codes that one process holds: the rest of its block in a file only its owner reads.

    The file lists the block; each code that is given out is struck off in a second file before anybody hears it.
    """

    def __init__(self, folder: Path, lease: Callable[[int], Awaitable[list[str]]], block: int = BLOCK) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._block = folder / "codes.json"
        self._given = folder / "codes.given"
        self._lease = lease
        self._size = block
        self._lock = asyncio.Lock()
        given = set(self._given.read_text("ascii").split()) if self._given.exists() else set()
        codes = json.loads(self._block.read_text("ascii")) if self._block.exists() else []
        self._codes: list[str] = [code for code in codes if code not in given]

    def __len__(self) -> int:
        return len(self._codes)

    async def take(self) -> str | None:
        """A code nobody else has or will have; None when the stock is empty. Raises OSError when the disk takes nothing."""
        async with self._lock:
            if not self._codes:
                return None
            await asyncio.to_thread(self._strike_off, self._codes[-1])
            return self._codes.pop()

    async def refill(self) -> None:
        """Lease what is missing once half is gone. While the database is away the stock stays as it is."""
        if len(self._codes) > self._size // 2:
            return
        try:
            leased = await self._lease(self._size - len(self._codes))
        except Exception as error:
            if not is_away(error):
                raise
            log.warning("no_codes_leased", left=len(self._codes), **logs.fault(error))
            return
        async with self._lock:
            self._codes = leased + self._codes
            await asyncio.to_thread(self._keep)

    def _strike_off(self, code: str) -> None:
        descriptor = os.open(self._given, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            # The separator first: a line that was cut short never joins the next one.
            line = f"\n{code}".encode("ascii")
            if os.write(descriptor, line) < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _keep(self) -> None:
        # The new block first: what was struck off the old one is of no use then.
        replace_file(self._block, json.dumps(self._codes))
        self._given.unlink(missing_ok=True)
