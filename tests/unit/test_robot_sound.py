"""When a moment of what a robot heard came to it, though packets differ in length and pauses send none."""

from __future__ import annotations

import pytest

from pbx.robot import rtp
from pbx.robot.rtp import FRAME, HEADER, PAYLOAD_TYPE, Sound


def packet(number: int, samples: int) -> bytes:
    return HEADER.pack(0x80, PAYLOAD_TYPE, number, number * FRAME, 7) + bytes(samples)


def test_short_packets_and_pauses_do_not_shift_the_times(monkeypatch: pytest.MonkeyPatch) -> None:
    sound = Sound()
    times = [10.00, 10.02, 10.04, 15.00, 15.02]
    for number, (at, samples) in enumerate(zip(times, [160, 160, 40, 160, 160], strict=True)):
        monkeypatch.setattr(rtp.time, "monotonic", lambda at=at: at)
        sound.datagram_received(packet(number, samples), None)
    assert sound.seconds == 680 / 8000
    assert len(sound.heard(360 / 8000)) == 320
    assert [sound.arrived_at(at / 8000) for at in (0, 159, 160, 359, 360, 519, 520, 10_000)] == [
        10.00, 10.00, 10.02, 10.04, 15.00, 15.00, 15.02, 15.02,
    ]  # fmt: skip


def test_what_is_no_sound_is_not_heard() -> None:
    sound = Sound()
    for data in (b"", b"\x80\x08", HEADER.pack(0x80, 101, 1, 0, 7) + b"\x05\x00\x03\x20"):
        sound.datagram_received(data, None)
    assert sound.seconds == 0
