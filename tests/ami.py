"""A manager interface under the byte pipe: as Asterisk's where it answers, and the bad days Asterisk cannot be asked for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum, auto

from pydantic import SecretStr

from pbx.ami.settings import AmiSettings

SECRET = "a secret"


class Day(Enum):
    """How the far side behaves."""

    GOOD = auto()
    NO_GREETING = auto()
    SILENT_AFTER_LOGIN = auto()
    CLOSES_IN_A_LIST = auto()
    NEVER_ENDS_A_LIST = auto()
    GARBAGE = auto()
    DRIPS = auto()


@dataclass
class AmiServer:
    """What it holds: global variables, channels by name with the headers of CoreShowChannel, and the states of devices by name.

    A Redirect of a `stuck` channel is never answered.
    """

    day: Day = Day.GOOD
    variables: dict[str, str] = field(default_factory=dict)
    channels: dict[str, dict[str, str]] = field(default_factory=dict)
    devices: dict[str, str] = field(default_factory=dict)
    stuck: set[str] = field(default_factory=set)
    redirected: list[str] = field(default_factory=list)
    sent_to: list[str] = field(default_factory=list)
    port: int = 0
    _open: set[asyncio.StreamWriter] = field(default_factory=set)
    _hearing: set[asyncio.StreamWriter] = field(default_factory=set)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[AmiServer]:
        """Answer on a port of loopback for the length of the block."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            self.cut()
            await server.wait_closed()

    def settings(self, password: str = SECRET, timeout_s: float = 0.5) -> AmiSettings:
        """How to reach it."""
        return AmiSettings(
            address=f"127.0.0.1:{self.port}", user="guard", password=SecretStr(password), timeout_s=timeout_s
        )

    def add(self, name: str, application: str = "Stasis", data: str = "", bridge: str = "") -> None:
        """One more channel."""
        self.channels[name] = {
            "Channel": name, "Uniqueid": f"id-{name}", "Application": application, "ApplicationData": data, "BridgeId": bridge,
        }  # fmt: skip

    def device(self, name: str, state: str) -> None:
        """A device's state is another: told to whoever wants events."""
        self.devices[name] = state
        for writer in self._hearing:
            writer.write(f"Event: DeviceStateChange\r\nDevice: {name}\r\nState: {state}\r\n\r\n".encode())

    def cut(self) -> None:
        """Every connection is lost."""
        for writer in self._open:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            if self.day is not Day.NO_GREETING:
                writer.write(b"Asterisk Call Manager/11.0.0\r\n")
            while True:
                action = dict(
                    line.split(": ", 1) for line in (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n") if line
                )
                await self._answer(action, writer)
                await writer.drain()
        self._open.discard(writer)
        self._hearing.discard(writer)
        writer.close()

    async def _answer(self, action: dict[str, str], writer: asyncio.StreamWriter) -> None:
        name, action_id = action["Action"], action["ActionID"]

        def send(**headers: str) -> None:
            lines = [f"{key}: {value}\r\n" for key, value in headers.items()]
            writer.write("".join([*lines, f"ActionID: {action_id}\r\n", "\r\n"]).encode())

        match name, self.day:
            case _, Day.NO_GREETING:
                return
            case "Login", _ if action["Secret"] != SECRET:
                send(Response="Error", Message="Authentication failed")
            case "Login", _:
                if action.get("Events") == "on":
                    self._hearing.add(writer)
                send(Response="Success", Message="Authentication accepted")
            case _, Day.SILENT_AFTER_LOGIN:
                return
            case _, Day.GARBAGE:
                writer.write(b"\x00\xff\xfe nothing\r\n: \r\n\r\nChanVariable: x\r\n\r\n" * 20)
            case _, Day.DRIPS:
                # Alive on the wire, and saying nothing: a time-out on each read would never end it.
                while True:
                    writer.write(b"E")
                    await writer.drain()
                    await asyncio.sleep(0.05)
            case "Ping", _:
                send(Response="Success", Ping="Pong")
            case "Getvar", _:
                send(Response="Success", Variable=action["Variable"], Value=self.variables.get(action["Variable"], ""))
            case "DeviceStateList", _:
                send(Response="Success", EventList="start", Message="Device State Changes will follow")
                for device, state in self.devices.items():
                    send(Event="DeviceStateChange", Device=device, State=state)
                send(Event="DeviceStateListComplete", EventList="Complete", ListItems=str(len(self.devices)))
            case "CoreShowChannels", _:
                send(Response="Success", EventList="start", Message="Channels will follow")
                for channel in list(self.channels.values()):
                    send(Event="CoreShowChannel", **channel)
                if self.day is Day.CLOSES_IN_A_LIST:
                    raise ConnectionResetError
                if self.day is not Day.NEVER_ENDS_A_LIST:
                    send(Event="CoreShowChannelsComplete", EventList="Complete", ListItems=str(len(self.channels)))
            case "Redirect", _:
                self._redirect(action["Channel"], action["Context"], send)
            case _:
                send(Response="Error", Message="Permission denied")

    def _redirect(self, channel: str, context: str, send: object) -> None:
        assert callable(send)
        if channel in self.stuck:
            return
        if channel not in self.channels:
            send(Response="Error", Message="Channel does not exist")
            return
        self.channels[channel] |= {"Application": "Playback", "ApplicationData": "welcome"}
        self.redirected.append(channel)
        self.sent_to.append(context)
        send(Response="Success", Message="Redirect successful")
