"""Every ARI request this project makes, as data: a contract test holds each against Asterisk's own API description."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Operation:
    """One request: `path` with its `{values}`, the names of its query parameters, and of what goes into its JSON body."""

    method: str
    path: str
    query: frozenset[str] = frozenset()
    body: frozenset[str] = frozenset()


def _op(method: str, path: str, *query: str, body: tuple[str, ...] = ()) -> Operation:
    return Operation(method, path, frozenset(query), frozenset(body))


ANSWER = _op("POST", "channels/{channelId}/answer")
HANG_UP = _op("DELETE", "channels/{channelId}", "reason_code")
RING = _op("POST", "channels/{channelId}/ring")
STOP_RING = _op("DELETE", "channels/{channelId}/ring")
CONTINUE = _op("POST", "channels/{channelId}/continue", "context", "extension", "priority")
PLAY = _op("POST", "channels/{channelId}/play", "media", "lang", "playbackId")
START_MOH = _op("POST", "channels/{channelId}/moh", "mohClass")
STOP_MOH = _op("DELETE", "channels/{channelId}/moh")
HOLD = _op("POST", "channels/{channelId}/hold")
UNHOLD = _op("DELETE", "channels/{channelId}/hold")
SNOOP = _op("POST", "channels/{channelId}/snoop/{snoopId}", "spy", "whisper", "app", "appArgs")
# Each new channel with a name of its own: one that is in use is refused, and Asterisk can then no longer stop (measured).
ORIGINATE = _op(
    "POST", "channels",
    "endpoint", "app", "appArgs", "callerId", "timeout", "channelId", "originator", "formats", body=("variables",),
)  # fmt: skip
STOP_PLAYBACK = _op("DELETE", "playbacks/{playbackId}")
RECORD = _op(
    "POST", "channels/{channelId}/record",
    "name", "format", "maxDurationSeconds", "maxSilenceSeconds", "ifExists", "beep", "terminateOn",
)  # fmt: skip
LIVE_RECORDING = _op("GET", "recordings/live/{recordingName}")
STOP_RECORDING = _op("POST", "recordings/live/{recordingName}/stop")
LIST_BRIDGES = _op("GET", "bridges")
GET_BRIDGE = _op("GET", "bridges/{bridgeId}")
CREATE_BRIDGE = _op("POST", "bridges", "type", "bridgeId")
ADD_TO_BRIDGE = _op("POST", "bridges/{bridgeId}/addChannel", "channel")
REMOVE_FROM_BRIDGE = _op("POST", "bridges/{bridgeId}/removeChannel", "channel")
DELETE_BRIDGE = _op("DELETE", "bridges/{bridgeId}")
GET_VARIABLE = _op("GET", "channels/{channelId}/variable", "variable")
SET_GLOBAL = _op("POST", "asterisk/variable", "variable", "value")
GET_GLOBAL = _op("GET", "asterisk/variable", "variable")
LIST_CHANNELS = _op("GET", "channels")
GET_CHANNEL = _op("GET", "channels/{channelId}")
GET_APPLICATION = _op("GET", "applications/{applicationName}")
LIST_APPLICATIONS = _op("GET", "applications")
GET_INFO = _op("GET", "asterisk/info", "only")
LIST_MODULES = _op("GET", "asterisk/modules")
# The robot phones' own.
EXTERNAL_MEDIA = _op("POST", "channels/externalMedia", "app", "channelId", "external_host", "format")
SEND_DTMF = _op("POST", "channels/{channelId}/dtmf", "dtmf", "between", "duration")

ALL: tuple[Operation, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Operation))
