"""What is played to and recorded from the simulated PBX's channels."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pbx.ari.fake_model import FakeChannel, FakeRecording, Refused
from pbx.ari.fake_wire import FakeWire, after
from pbx.ari.recordings import BYTES_PER_SECOND, HEADER_BYTES

PROMPT_S = 2.0


class FakeSound:
    """Playbacks and recordings.

    Asterisk hears a quiet line as silence at once; a caller who says nothing is recorded as long as silence is allowed.
    """

    def __init__(self, wire: FakeWire, spool: Path) -> None:
        self._wire = wire
        self._spool = spool
        self.disk_full = False
        (spool / "recording").mkdir(parents=True, exist_ok=True)

    def play(self, channel: FakeChannel, query: dict[str, str]) -> Any:
        """Play a list of media; music ends."""
        channel.playback, channel.music = query["playbackId"], False
        channel.heard.append(query["media"].split(","))
        after(channel, PROMPT_S * len(channel.heard[-1]), self.finish_playback)
        return {"id": channel.playback, "state": "queued"}

    def stop_playback(self, channels: Iterable[FakeChannel], playback: str) -> None:
        """End it early."""
        for channel in channels:
            if channel.playback == playback:
                return self.finish_playback(channel)
        raise Refused(404, "Playback not found")

    def finish_playback(self, channel: FakeChannel) -> None:
        """Tell that it ended."""
        playback, channel.playback = channel.playback, None
        body = {"id": playback, "target_uri": f"channel:{channel.id}", "state": "done"}
        self._wire.tell("PlaybackFinished", channel, playback=body)

    def record(self, channel: FakeChannel, query: dict[str, str]) -> Any:
        """Begin a recording."""
        if self._path(query["name"]).exists():
            raise Refused(409, "Recording already exists")
        channel.recording = FakeRecording(
            query["name"], float(query["maxDurationSeconds"]), float(query["maxSilenceSeconds"]), query["terminateOn"]
        )
        self._path(query["name"]).touch()
        self.time_recording(channel)
        return {"name": query["name"], "state": "recording"}

    def live(self, channels: Iterable[FakeChannel], name: str) -> FakeChannel:
        """The channel that is being recorded under this name."""
        for channel in channels:
            if channel.recording and channel.recording.name == name and not channel.recording.finished:
                return channel
        raise Refused(404, "Recording not found")

    def time_recording(self, channel: FakeChannel) -> None:
        """Let it end by silence, or at its limit."""
        recording = channel.recording
        assert recording is not None
        quiet_s = recording.spoken_s + recording.silence_s if recording.silence_s else recording.limit_s
        after(channel, min(recording.limit_s, quiet_s), self.finish_recording)

    def finish_recording(self, channel: FakeChannel) -> None:
        """Write the file, and tell that it ended."""
        recording = channel.recording
        assert recording is not None
        recording.finished = True
        seconds = min(recording.limit_s, recording.spoken_s or recording.silence_s)
        size = 0 if self.disk_full else HEADER_BYTES + int(seconds * BYTES_PER_SECOND)
        self._path(recording.name).write_bytes(bytes(size))
        body = {
            "name": recording.name, "format": "wav", "state": "done", "target_uri": f"channel:{channel.id}",
            "duration": round(seconds), "talking_duration": round(min(recording.limit_s, recording.spoken_s)),
        }  # fmt: skip
        self._wire.tell("RecordingFinished", channel, recording=body)

    def silence(self, channel: FakeChannel) -> None:
        """End whatever is played and recorded: the channel leaves."""
        if channel.recording and not channel.recording.finished:
            self.finish_recording(channel)
        if channel.playback:
            self.finish_playback(channel)
        if channel.timer:
            channel.timer.cancel()

    def _path(self, name: str) -> Path:
        return self._spool / "recording" / f"{name}.wav"
