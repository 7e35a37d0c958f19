"""The state of every phone the PBX knows, as AMI tells it: a first look, then each change, over lost connections too.

Not by ARI: a subscription to device states there can hang the PBX (Asterisk's issue 2170).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from enum import StrEnum

from foundation import logs
from pbx.ami.client import Ami, AmiError
from pbx.ami.settings import AmiSettings

log = logs.get(__name__)

KIND = "PJSIP/"
EVENT = "DeviceStateChange"


class PhoneState(StrEnum):
    """What a phone does. Only a free one can be rung.

    With `device_state_busy_at = 1`, as operators' phones have it, one that rings or is in a call is just busy.
    """

    FREE = "free"
    RINGING = "ringing"
    IN_CALL = "in_call"
    BUSY = "busy"
    UNREACHABLE = "unreachable"
    INVALID = "invalid"


# Asterisk's words (`ast_devstate_str`). A phone of which it knows nothing is not one to ring.
STATES = {
    "NOT_INUSE": PhoneState.FREE,
    "RINGING": PhoneState.RINGING,
    "RINGINUSE": PhoneState.RINGING,
    "INUSE": PhoneState.IN_CALL,
    "ONHOLD": PhoneState.IN_CALL,
    "BUSY": PhoneState.BUSY,
    "UNAVAILABLE": PhoneState.UNREACHABLE,
    "UNKNOWN": PhoneState.UNREACHABLE,
    "INVALID": PhoneState.INVALID,
}


class Phones:
    """Follows phones; `changed` is told the interface ("PJSIP/201") and its state, at first and whenever it is another.

    While AMI is away the last states stay: a phone that went meanwhile is found out by ringing it. Every `look_s` seconds all
    are looked at again, which also finds a manager interface that is open and silent.
    """

    def __init__(
        self,
        settings: AmiSettings,
        changed: Callable[[str, PhoneState], None],
        look_s: float = 30.0,
        retry_s: float = 1.0,
    ) -> None:
        self._settings = settings
        self._changed = changed
        self._look_s = look_s
        self._retry_s = retry_s
        self._states: dict[str, PhoneState] = {}
        self.followed = False

    def state(self, interface: str) -> PhoneState:
        """What a phone did last; unreachable is also one that was never seen."""
        return self._states.get(interface, PhoneState.UNREACHABLE)

    async def run(self) -> None:
        """Follow them until cancelled."""
        while True:
            try:
                await self._follow()
            except AmiError as error:
                log.warning("phones_not_followed", reason=str(error))
            finally:
                self.followed = False
            await asyncio.sleep(self._retry_s)

    async def _follow(self) -> None:
        gone = asyncio.Event()
        async with Ami.connected(self._settings, self._hear, gone.set) as ami:
            while not gone.is_set():
                self._look(await ami.list("DeviceStateList", EVENT))
                if not self.followed:
                    log.info("phones_followed", phones=len(self._states))
                    self.followed = True
                try:
                    async with asyncio.timeout(self._look_s):
                        await gone.wait()
                except TimeoutError:
                    continue
        raise AmiError("the connection to AMI went away")

    def _look(self, found: list[Mapping[str, str]]) -> None:
        for interface in self._states.keys() - {device["Device"] for device in found}:
            self._note(interface, PhoneState.INVALID)
        for device in found:
            self._hear(device)

    def _hear(self, event: Mapping[str, str]) -> None:
        if event["Event"] == EVENT and event["Device"].startswith(KIND):
            self._note(event["Device"], STATES.get(event["State"], PhoneState.UNREACHABLE))

    def _note(self, interface: str, state: PhoneState) -> None:
        if self._states.get(interface) is not state:
            self._states[interface] = state
            self._changed(interface, state)
