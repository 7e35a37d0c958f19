"""The bench's own platform: data, ports and a PBX that knows the peers, thrown away at the end."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from uuid import uuid4

import numpy as np
import soundfile
from numpy.typing import NDArray

from bench.sip import Address
from centralino import records
from centralino.obtain import asterisk_root
from centralino.platform import Platform
from centralino.records import Records
from centralino.settings import Tree, UpSettings
from centralino.setup import install_whisper, make_prompts
from foundation.clock import SystemClock
from ivr.settings import IvrSettings
from queue_manager.settings import QueueSettings
from ticket_core.model import Audio, Practice

# Above the default platform's ports and below those that the kernel gives away by itself.
FIRST_PORT, MAX_CALLS = 30000, 1000
NUMBER = "800840840"
PEER_GREETING, PEER_READ, PEER_SCRIPT = "9990001", "9990002", "9990003"
ADDED_CONF = tuple(sorted((Path(__file__).resolve().parent / "pbx").glob("*.conf")))


@dataclass
class Bed:
    """What a bench measures on. `calls` is how many samples of each side it is to take; `say` tells the person who waits."""

    platform: Platform
    records: Records
    calls: int
    say: Callable[[str], None]
    _numbers: count[int] = field(default_factory=lambda: count(3331000000))

    @property
    def pbx(self) -> Address:
        """Where the PBX takes calls."""
        return "127.0.0.1", self.platform.ports.sip

    def a_number(self) -> str:
        """A caller's number that no other call has."""
        return f"+39{next(self._numbers)}"

    def prompt(self, name: str) -> NDArray[np.int16]:
        """An Italian prompt's samples, 8 kHz 16-bit mono."""
        return np.asarray(soundfile.read(self.platform.folders.sounds / "it" / f"{name}.wav", dtype="int16")[0])

    def scratch(self) -> Path:
        """A new empty folder of this bed's."""
        return Path(tempfile.mkdtemp(dir=self.platform.folders.data))

    async def a_practice(self) -> Practice:
        """A practice just received."""
        message_id = uuid4()
        await self.records.practices.open_message(message_id, uuid4(), "it", None, f"{message_id}-1")
        return await self.records.practices.file_message(message_id, Audio("no/such.wav", 5.0, 5.0))


@asynccontextmanager
async def a_bed(
    calls: int,
    say: Callable[[str], None],
    first_port: int = FIRST_PORT,
    max_calls: int = MAX_CALLS,
    operators: Sequence[str] = (),
    queue: QueueSettings = QueueSettings(),  # noqa: B008 (frozen)
) -> AsyncIterator[Bed]:
    """A whole platform of its own, up and open, as `make run` serves it, but for the half second of silence after the answer: 0 here."""
    folder = Path(tempfile.mkdtemp(prefix="centralino-bench-"))
    up = UpSettings(data=folder, first_port=first_port, max_calls=max_calls, operators=tuple(operators))
    tree = Tree(up=up, ivr=IvrSettings(answer_pause_s=0.0), queue=queue)
    platform = Platform(tree, asterisk_root(up.cache), added_conf=ADDED_CONF)
    try:
        make_prompts(platform.folders, platform.asterisk_root, lambda text: None)
        install_whisper(platform.folders, lambda text: None)
        await platform.start()
        async with records.opened(tree, platform.database_url) as opened:
            ends = SystemClock().now() + timedelta(hours=2)
            await opened.calendar.add_override("open", ends, "bench", "bench")
            yield Bed(platform, opened, calls, say)
    finally:
        await platform.stop()
        shutil.rmtree(folder, ignore_errors=True)
