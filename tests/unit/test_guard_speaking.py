"""Who is being recorded, seen by the files that the PBX writes."""

from __future__ import annotations

import os
from pathlib import Path

import soundfile

from pbx.guard.speaking import GROWS_WITHIN_S, being_recorded
from tests.speech import silence, with_header_of_an_unfinished_recording

CALL = "8a6c4816-45ec-487a-893d-597fcc8be707"
WALL = 1_795_598_952.5


def recording(folder: Path, under_way: bool, grew_s_ago: float) -> Path:
    path = folder / f"{CALL}-2.wav"
    soundfile.write(path, silence(2.0), 8000, subtype="PCM_16")
    if under_way:
        with_header_of_an_unfinished_recording(path)
    os.utime(path, (WALL - grew_s_ago, WALL - grew_s_ago))
    return path


def test_a_recording_under_way_is_a_caller_who_speaks(tmp_path: Path) -> None:
    recording(tmp_path, under_way=True, grew_s_ago=2.1)
    assert being_recorded(tmp_path, WALL) == {CALL}


def test_a_recording_of_which_nothing_has_reached_the_disk_yet_is_under_way(tmp_path: Path) -> None:
    path = recording(tmp_path, under_way=True, grew_s_ago=0)
    path.write_bytes(b"")
    os.utime(path, (WALL - 1, WALL - 1))
    assert being_recorded(tmp_path, WALL) == {CALL}


def test_a_recording_that_has_ended_is_a_caller_who_waits(tmp_path: Path) -> None:
    recording(tmp_path, under_way=False, grew_s_ago=0.1)
    assert being_recorded(tmp_path, WALL) == frozenset()


def test_a_recording_that_does_not_grow_is_of_a_phone_that_sends_nothing(tmp_path: Path) -> None:
    recording(tmp_path, under_way=True, grew_s_ago=GROWS_WITHIN_S + 0.1)
    assert being_recorded(tmp_path, WALL) == frozenset()
