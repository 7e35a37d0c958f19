"""AMI on asyncio: one connection of panoramisk's, as a block. Who uses it decides what a lost one means."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from panoramisk.manager import Manager

from pbx.ami.settings import AmiSettings


class AmiError(Exception):
    """Asterisk's manager interface is away, refused, or did not answer in time: the text says which."""


class _OneConnection(Manager):  # type: ignore[misc]
    """Panoramisk connects again by itself and sends again what was not answered; a caller that reconciles wants neither."""

    lost = False
    on_lost: Callable[[], None]

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        self.on_lost()

    async def open(self) -> bool:
        """Connect and log in; False when the password is not taken. Raises `OSError`."""
        self.loop = asyncio.get_running_loop()
        config = self.config
        opening = self.loop.create_task(
            self.loop.create_connection(config["protocol_factory"], config["host"], config["port"])
        )
        await asyncio.wait([opening])
        if error := opening.exception():
            raise error
        self.connection_made(opening)
        # Shielded: panoramisk reads this future in a callback of its own, which a cancelled one would break.
        return bool((await asyncio.shield(self.authenticated_future)).success)


class Ami:
    """Actions and their answers on one open connection. Names and values are text; header names ignore case."""

    def __init__(self, manager: _OneConnection, timeout_s: float) -> None:
        self._manager = manager
        self._timeout_s = timeout_s

    @staticmethod
    @asynccontextmanager
    async def connected(
        settings: AmiSettings,
        on_event: Callable[[Mapping[str, str]], None] | None = None,
        on_lost: Callable[[], None] = lambda: None,
    ) -> AsyncIterator[Ami]:
        """Logged in for the length of the block. Raises `AmiError`.

        `on_event` hears the events that the user may read, without it there are none; `on_lost` is called when the far side goes.
        """
        manager = _OneConnection(
            host=settings.host, port=settings.port, events="on" if on_event else "off",
            username=settings.user, secret=settings.password.get_secret_value(),
        )  # fmt: skip
        manager.on_lost = on_lost
        if on_event:
            manager.register_event("*", lambda _, event: on_event(event))
        try:
            async with asyncio.timeout(settings.timeout_s):
                known = await manager.open()
        except (OSError, TimeoutError) as error:
            manager.close()
            raise AmiError(f"AMI does not answer on {settings.address}: {error or 'time-out'}") from None
        try:
            if not known:
                raise AmiError(f"AMI on {settings.address} does not know the user '{settings.user}' or its password")
            yield Ami(manager, settings.timeout_s)
        finally:
            manager.close()

    @property
    def lost(self) -> bool:
        """Whether the connection went away."""
        return self._manager.lost

    async def ask(self, action: str, **fields: str) -> Mapping[str, str]:
        """Send an action whose answer is one message. Raises `AmiError`, with Asterisk's own words when it refused."""
        answer = await self._send(action, fields, as_list=False)
        if not answer.success:
            raise AmiError(f"AMI refused {action}: {answer.message}")
        return dict(answer)

    async def list(self, action: str, event: str, **fields: str) -> list[Mapping[str, str]]:
        """Send an action that is answered with a list, and return its items of the kind `event`. Raises `AmiError`."""
        answers = await self._send(action, fields, as_list=True)
        return [answer for answer in answers if answer.event == event]

    async def _send(self, action: str, fields: Mapping[str, str], as_list: bool) -> Any:
        if self.lost:
            raise AmiError("the connection to AMI went away")
        # Told outright which it is: panoramisk guesses from the answer's words, and waits for ever on QueueAdd's.
        future = self._manager.send_action({"Action": action, **fields}, as_list=as_list)
        try:
            return await asyncio.wait_for(future, self._timeout_s)
        except TimeoutError:
            raise AmiError(f"no answer to {action} in {self._timeout_s:g} s") from None
