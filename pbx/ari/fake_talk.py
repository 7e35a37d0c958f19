"""Operators' phones that are rung, and bridges, on the simulated PBX."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pbx.ari.fake_model import Does, FakeBridge, FakeChannel, FakePhone, HeldUp, Refused
from pbx.ari.fake_wire import FakeWire, after, show

NORMAL, BUSY, NO_ANSWER, REFUSED = 16, 17, 19, 21
RINGS_S = 30.0


class FakePhones:
    """Phones by their number. One that is not here has not registered, and cannot be rung.

    `up` puts a channel through to who had it rung, `end` ends it with a cause, and says whether a hang-up was asked for before.
    """

    def __init__(
        self, wire: FakeWire, up: Callable[[FakeChannel], None], end: Callable[[FakeChannel, int, bool], None]
    ) -> None:
        self._wire = wire
        self._up = up
        self._end = end
        self.by_number: dict[str, FakePhone] = {}

    def ring(self, channel: FakeChannel, timeout_s: float) -> None:
        """The phone gets the call. Raises `Refused` when it is not there."""
        phone = self.by_number.get(channel.endpoint.partition("/")[2])
        if phone is None:
            raise Refused(500, "Internal Server Error")
        phone.rung.append(channel)
        if phone.does is Does.IS_BUSY:
            after(channel, 0, lambda leg: self._end(leg, BUSY, True))
        else:
            after(channel, 0, lambda leg: self._rings(leg, phone, timeout_s))

    def _rings(self, channel: FakeChannel, phone: FakePhone, timeout_s: float) -> None:
        channel.state = "Ringing"
        self._wire.tell("ChannelStateChange", channel, channel=show(channel))
        if phone.does is Does.HANGS_UP:
            self._up(channel)
            after(channel, phone.after_s, lambda leg: self._end(leg, NORMAL, True))
        elif phone.does is Does.RINGS or phone.after_s >= timeout_s:
            # Told without a ChannelHangupRequest, as the real one does.
            after(channel, timeout_s, lambda leg: self._end(leg, NO_ANSWER, False))
        elif phone.does is Does.REFUSES:
            after(channel, phone.after_s, lambda leg: self._end(leg, REFUSED, True))
        else:
            after(channel, phone.after_s, self._up)


class FakeBridges:
    """Bridges by their id."""

    def __init__(self, wire: FakeWire, find: Callable[[str], FakeChannel]) -> None:
        self._wire = wire
        self._find = find
        self.by_id: dict[str, FakeBridge] = {}

    def serve(self, method: str, steps: list[str], query: dict[str, str]) -> Any:
        """One request on `bridges/...`. Raises `Refused`, `HeldUp`."""
        match method, steps:
            case "GET", []:
                return [self._show(bridge) for bridge in self.by_id.values()]
            case "POST", []:
                if query["bridgeId"] in self.by_id:
                    raise Refused(409, "Bridge with the same ID already exists")
                self.by_id[query["bridgeId"]] = FakeBridge(query["bridgeId"])
                return self._show(self._bridge(query["bridgeId"]))
            case "GET", [name]:
                return self._show(self._bridge(name))
            case "DELETE", [name]:
                return self._destroy(self._bridge(name))
            case "POST", [name, "addChannel"]:
                return self._add(self._bridge(name), query["channel"].split(","))
            case "POST", [name, "removeChannel"]:
                return self._remove(self._bridge(name), query["channel"].split(","))
        raise Refused(404, f"the simulated PBX does not know {method} bridges/{'/'.join(steps)}")

    def leave(self, channel: FakeChannel) -> None:
        """The channel is in its bridge no more; the others stay."""
        if channel.bridge is None:
            return
        bridge, channel.bridge = self.by_id[channel.bridge], None
        bridge.channels.remove(channel.id)
        self._wire.tell("ChannelLeftBridge", channel, channel=show(channel), bridge=self._show(bridge))

    def hears(self, channel: FakeChannel) -> str:
        """What somebody hears now: "sound", "music", "tone", "others" or "nothing". Music goes before those in the bridge."""
        if channel.playback:
            return "sound"
        if channel.music or channel.held:
            return "music"
        if channel.ringing:
            return "tone"
        others = self.by_id[channel.bridge].channels if channel.bridge else []
        return "others" if len(others) > 1 else "nothing"

    def _add(self, bridge: FakeBridge, names: list[str]) -> None:
        channels = []
        for name in names:
            try:
                channels.append(self._find(name))
            except Refused as refusal:
                raise Refused(400 if refusal.status == 404 else 422, str(refusal)) from None
        if any(channel.playback for channel in channels):
            raise HeldUp
        for channel in channels:
            self.leave(channel)
            channel.bridge = bridge.id
            bridge.channels.append(channel.id)
            self._wire.tell("ChannelEnteredBridge", channel, channel=show(channel), bridge=self._show(bridge))

    def _remove(self, bridge: FakeBridge, names: list[str]) -> None:
        for name in names:
            if name not in bridge.channels:
                raise Refused(422, "Channel not in this bridge")
            self.leave(self._find(name))

    def _destroy(self, bridge: FakeBridge) -> None:
        for name in list(bridge.channels):
            self.leave(self._find(name))
        # No BridgeDestroyed: the real one tells it now and then, as its channels leave before.
        del self.by_id[bridge.id]

    def _bridge(self, name: str) -> FakeBridge:
        if name not in self.by_id:
            raise Refused(404, "Bridge not found")
        return self.by_id[name]

    def _show(self, bridge: FakeBridge) -> dict[str, Any]:
        return {"id": bridge.id, "bridge_type": "mixing", "channels": list(bridge.channels)}
