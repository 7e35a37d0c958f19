"""The byte pipe under the ARI client. Everything above it is the same for a real PBX and for a simulated one."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol
from urllib.parse import urlencode

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from pbx.settings import PbxSettings


class CannotConnect(Exception):
    """The PBX did not take the connection: the text says where and why."""


class Transport(Protocol):
    """Text messages both ways. Iteration ends when the connection does; `send` then raises ConnectionError."""

    async def send(self, text: str) -> None: ...

    def __aiter__(self) -> AsyncIterator[str]: ...

    async def close(self) -> None: ...


Connect = Callable[[], Awaitable[Transport]]


class WebSocketTransport:
    """ARI's websocket of one application. Pings see a connection that was dropped in silence."""

    def __init__(self, socket: object) -> None:
        self._socket = socket

    @classmethod
    async def connect(cls, settings: PbxSettings, application: str) -> WebSocketTransport:
        """Connect and subscribe `application`. Raises `CannotConnect`."""
        address = f"ws://{settings.ari_address}/ari/events?" + urlencode({"app": application, "subscribeAll": "false"})
        secret = f"{settings.ari_user}:{settings.ari_password.get_secret_value()}".encode()
        try:
            # In a header, not in the address: addresses end up in logs and errors.
            socket = await connect(
                address,
                additional_headers={"Authorization": "Basic " + base64.b64encode(secret).decode()},
                ping_interval=settings.ping_every_s,
                ping_timeout=settings.ping_every_s,
                open_timeout=settings.request_timeout_s,
                close_timeout=1,
                max_size=2**22,
                compression=None,
                proxy=None,
            )
        except InvalidStatus as error:
            status = error.response.status_code
            hint = "the user or password is wrong" if status == 401 else "ARI is not the server there, or not loaded"
            raise CannotConnect(f"ARI at {settings.ari_address} answered {status}: {hint}") from None
        except (OSError, TimeoutError, InvalidHandshake) as error:  # the last when it dies while it answers
            raise CannotConnect(f"no ARI at {settings.ari_address}: {error}") from None
        return cls(socket)

    async def send(self, text: str) -> None:
        try:
            await self._socket.send(text)  # type: ignore[attr-defined]
        except ConnectionClosed as error:
            raise ConnectionError("the ARI websocket is closed") from error

    async def __aiter__(self) -> AsyncIterator[str]:
        try:
            async for message in self._socket:  # type: ignore[attr-defined]
                yield message
        except ConnectionClosed:
            return

    async def close(self) -> None:
        await self._socket.close()  # type: ignore[attr-defined]
