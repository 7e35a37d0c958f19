"""What the guard asks of Asterisk over AMI. Each exchange has a time-out; one that fails takes its connection with it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from asterisk.manager import ManagerException

from pbx.ami.settings import AmiSettings
from pbx.guard.abandon import within
from pbx.guard.connection import Connection, Refused
from pbx.guard.model import Channel

Result = TypeVar("Result")

FALLBACK: Mapping[str | None, str] = {"ivr": "fallback", "queue": "queue-away"}
"""Where the dialplan goes on with the callers of an application: one who waits for an operator need not be greeted again."""
AT_ONCE = 25


class AmiAway(Exception):
    """AMI did not do what was asked: the text says why."""


class AmiSilent(AmiAway):
    """AMI is there, and gave no answer in time."""


class Ami:
    """One connection, made again when it is needed and gone. For one task: exchanges do not overlap."""

    def __init__(self, settings: AmiSettings) -> None:
        self._settings = settings
        self._connection: Connection | None = None

    async def ping(self) -> None:
        """An answer. Raises `AmiSilent`, `AmiAway`."""
        await self._exchange(lambda connection: connection.ask(Action="Ping"))

    async def variable(self, expression: str) -> str:
        """A global variable or function; "" where it has no value. Raises `AmiAway`."""

        def get(connection: Connection) -> str:
            try:
                return str(connection.ask(Action="Getvar", Variable=expression).get_header("Value", ""))
            except Refused:  # a function says so where it finds nothing
                return ""

        return await self._exchange(get)

    async def channels(self) -> list[Channel]:
        """All channels there are. Raises `AmiAway`."""
        return await self._exchange(lambda connection: [Channel.of(headers) for headers in connection.channels()])

    async def to_fallback(self, channels: Sequence[Channel]) -> tuple[list[Channel], list[Channel]]:
        """Take channels out of whatever holds them. Returns those that went and those that were tried: a hang-up is no error.

        Stops at the first exchange that fails, which is tried then, so that the next look begins with the others.
        """
        went: list[Channel] = []
        tried: list[Channel] = []

        def redirect(connection: Connection, some: Sequence[Channel]) -> None:
            for channel in some:
                tried.append(channel)
                try:
                    connection.ask(
                        Action="Redirect", Channel=channel.name, Context=FALLBACK[channel.app], Exten="s", Priority="1"
                    )
                except Refused:  # hung up in the meantime
                    continue
                went.append(channel)

        for begin in range(0, len(channels), AT_ONCE):
            some = channels[begin : begin + AT_ONCE]
            try:
                await self._exchange(lambda connection, some=some: redirect(connection, some))  # type: ignore[misc]
            except AmiAway:
                break
        return list(went), list(tried)

    async def _exchange(self, work: Callable[[Connection], Result]) -> Result:
        opened = self._connection is not None
        connection = self._connection = self._connection or Connection()

        def run() -> Result:
            if not opened:
                connection.open(self._settings)
            return work(connection)

        try:
            return await within(self._settings.timeout_s, run)
        except TimeoutError:
            self.close()
            raise AmiSilent(f"no answer in {self._settings.timeout_s:g} s") from None
        except (ManagerException, OSError) as error:
            self.close()
            raise AmiAway(str(error) or type(error).__name__) from None
        except asyncio.CancelledError:
            # Whoever asked waits no more; the thread may wait still.
            self.close()
            raise

    def close(self) -> None:
        """Throw the connection away."""
        if self._connection:
            self._connection.throw_away()
        self._connection = None
