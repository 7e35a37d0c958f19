"""The simulated PBX's side of the websockets: one for each application, and what is told over them."""

from __future__ import annotations

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from pbx.ari.fake_model import SECOND, FakeChannel, HeldUp
from pbx.ari.transport import CannotConnect

ENDED = object()


class FakeTransport:
    """One websocket to the simulated PBX."""

    def __init__(self, wire: FakeWire) -> None:
        self._wire = wire
        self.inbox: asyncio.Queue[Any] = asyncio.Queue()
        self.open = True

    async def send(self, text: str) -> None:
        if not self.open:
            raise ConnectionError("closed")
        if not self._wire.frozen:
            try:
                self.tell(self._wire.answer(json.loads(text)))
            except HeldUp:
                return

    def tell(self, body: dict[str, Any]) -> None:
        """Deliver one message to the client."""
        self.inbox.put_nowait(json.dumps(body))

    async def __aiter__(self) -> AsyncIterator[str]:
        while (text := await self.inbox.get()) is not ENDED:
            yield text

    async def close(self) -> None:
        self.open = False
        self.inbox.put_nowait(ENDED)


class FakeWire(ABC):
    """The applications that are connected, and the telling of events to those they concern."""

    def __init__(self) -> None:
        self.reachable = True
        self.frozen = False
        self._doors: dict[str, FakeTransport] = {}

    @abstractmethod
    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """The RESTResponse to a RESTRequest. Raises `HeldUp`."""

    async def connect(self) -> FakeTransport:
        """What the `connect` of the application `ivr` is."""
        return await self.connect_as("ivr")()

    def connect_as(self, app: str) -> Callable[[], Awaitable[FakeTransport]]:
        """What the `connect` of this application's client is."""

        async def connect() -> FakeTransport:
            if not self.reachable:
                raise CannotConnect("no ARI here: the simulated PBX is away")
            if self.is_open(app):
                self._doors[app].tell({"type": "ApplicationReplaced", "application": app})
            self._doors[app] = FakeTransport(self)
            return self._doors[app]

        return connect

    @property
    def is_connected(self) -> bool:
        """Whether the websocket of `ivr` is open."""
        return self.is_open("ivr")

    def is_open(self, app: str) -> bool:
        """Whether this application's websocket is open."""
        return app in self._doors and self._doors[app].open

    def is_known(self, app: str) -> bool:
        """Whether this application was ever there."""
        return app in self._doors

    async def drop(self, app: str = "ivr") -> None:
        """Cut the websocket: events from now on are told to nobody."""
        if app in self._doors:
            await self._doors[app].close()

    def tell(self, kind: str, channel: FakeChannel, /, **fields: Any) -> None:
        """Tell an event to the application that holds the channel, and to the one that had it rung."""
        for app in sorted({channel.app, channel.made_by}):
            self.tell_app(app, kind, **fields)

    def tell_app(self, app: str, kind: str, **fields: Any) -> None:
        """Tell an event to one application, if its websocket is open."""
        if self.is_open(app):
            self._doors[app].tell({"type": kind, "application": app, **fields})


def show(channel: FakeChannel) -> dict[str, Any]:
    """The channel as an event or an answer shows it."""
    return {
        "id": channel.id, "name": f"{channel.endpoint}-{channel.id}", "state": channel.state,
        "caller": {"name": "", "number": channel.number or channel.variables.get("number", "")},
        "dialplan": {"context": channel.sent_to or "inbound", "app_data": ",".join([channel.app, *channel.args])},
    }  # fmt: skip


def after(channel: FakeChannel, seconds: float, what: Callable[[FakeChannel], None]) -> None:
    """Do something with a channel when its seconds have passed, in place of what was to be done before."""
    if channel.timer:
        channel.timer.cancel()

    async def later() -> None:
        await asyncio.sleep(seconds * SECOND)
        what(channel)

    channel.timer = asyncio.create_task(later())
