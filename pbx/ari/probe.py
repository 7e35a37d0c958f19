"""Is there a PBX that has what we need? Asked of the thing itself, never guessed from its version."""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from pbx.ari import operations as op
from pbx.ari.client import Ari
from pbx.ari.heartbeat import IVR, is_fresh
from pbx.ari.transport import CannotConnect, WebSocketTransport
from pbx.settings import PbxSettings

NEEDED_MODULES = frozenset(
    {"chan_pjsip.so", "res_ari_channels.so", "res_stasis_playback.so", "res_stasis_recording.so", "app_record.so"}
)


@dataclass(frozen=True)
class Found:
    """A PBX that answered: its version as it says it, and which needed modules are not running, which Stasis applications are connected.

    `serves` tells whether `ivr` takes calls: it is connected, and its heartbeat is fresh. `heartbeat_age_s` is None when there never
    was one.
    """

    version: str
    missing: frozenset[str]
    applications: frozenset[str]
    serves: bool
    started: datetime
    channels: int
    heartbeat_age_s: int | None


async def probe(settings: PbxSettings, timeout_s: float = 5.0) -> Found:
    """Ask version and modules over the websocket, which an Asterisk without REST over websocket cannot answer.

    Raises `CannotConnect`, or TimeoutError when it connects and does not answer.
    """
    connected = asyncio.Event()

    async def on_connected() -> None:
        connected.set()

    application = f"probe-{os.getpid()}"
    transport = await WebSocketTransport.connect(settings, application)

    async def connect() -> WebSocketTransport:
        if connected.is_set():
            raise CannotConnect("the PBX closed the connection of a probe")
        return transport

    ari = Ari(application, connect, lambda event: None, on_connected, request_timeout_s=timeout_s)
    running = asyncio.create_task(ari.run())
    try:
        async with asyncio.timeout(timeout_s):
            await connected.wait()
            info = await ari.request(op.GET_INFO, only="system,status")
            modules = await ari.request(op.LIST_MODULES)
            channels = await ari.request(op.LIST_CHANNELS)
            applications = await ari.request(op.LIST_APPLICATIONS)
            heartbeat = await ari.request(op.GET_GLOBAL, variable=IVR)
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
    running_names = {module["name"] for module in modules if module["status"] == "Running"}
    names = frozenset(entry["name"] for entry in applications)
    now, shown = time.time(), str(heartbeat["value"])
    return Found(
        info["system"]["version"],
        NEEDED_MODULES - running_names,
        names,
        "ivr" in names and is_fresh(shown, now),
        datetime.fromisoformat(info["status"]["startup_time"]),
        len(channels),
        int(now) - int(shown) if shown.isdecimal() else None,
    )
