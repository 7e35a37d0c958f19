"""Every ARI request this project makes, as data: a contract test holds each against Asterisk's own API description."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Operation:
    """One request: `path` with its `{values}`, the names of its query parameters."""

    method: str
    path: str
    query: frozenset[str] = frozenset()


def _op(method: str, path: str, *query: str) -> Operation:
    return Operation(method, path, frozenset(query))


ANSWER = _op("POST", "channels/{channelId}/answer")
HANG_UP = _op("DELETE", "channels/{channelId}", "reason_code")
CONTINUE = _op("POST", "channels/{channelId}/continue", "context", "extension", "priority")
MOVE = _op("POST", "channels/{channelId}/move", "app", "appArgs")
PLAY = _op("POST", "channels/{channelId}/play", "media", "lang", "playbackId")
STOP_PLAYBACK = _op("DELETE", "playbacks/{playbackId}")
RECORD = _op(
    "POST", "channels/{channelId}/record",
    "name", "format", "maxDurationSeconds", "maxSilenceSeconds", "ifExists", "beep", "terminateOn",
)  # fmt: skip
LIVE_RECORDING = _op("GET", "recordings/live/{recordingName}")
STOP_RECORDING = _op("POST", "recordings/live/{recordingName}/stop")
GET_VARIABLE = _op("GET", "channels/{channelId}/variable", "variable")
SET_VARIABLE = _op("POST", "channels/{channelId}/variable", "variable", "value")
SET_GLOBAL = _op("POST", "asterisk/variable", "variable", "value")
GET_GLOBAL = _op("GET", "asterisk/variable", "variable")
LIST_CHANNELS = _op("GET", "channels")
GET_CHANNEL = _op("GET", "channels/{channelId}")
GET_APPLICATION = _op("GET", "applications/{applicationName}")
LIST_APPLICATIONS = _op("GET", "applications")
GET_INFO = _op("GET", "asterisk/info", "only")
LIST_MODULES = _op("GET", "asterisk/modules")
# The robot phones' own.
ORIGINATE = _op("POST", "channels", "endpoint", "app", "appArgs", "callerId", "timeout", "channelId", "formats")
EXTERNAL_MEDIA = _op("POST", "channels/externalMedia", "app", "channelId", "external_host", "format")
SEND_DTMF = _op("POST", "channels/{channelId}/dtmf", "dtmf", "between", "duration")
LIST_BRIDGES = _op("GET", "bridges")
CREATE_BRIDGE = _op("POST", "bridges", "type", "bridgeId")
ADD_TO_BRIDGE = _op("POST", "bridges/{bridgeId}/addChannel", "channel")
DELETE_BRIDGE = _op("DELETE", "bridges/{bridgeId}")

ALL: tuple[Operation, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Operation))
