"""A recording whose writer was killed gets its true lengths; any other file is left as it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from tests.speech import tone, with_header_of_an_unfinished_recording
from ticket_core.wav import mend_lengths


def recording(path: Path) -> Path:
    soundfile.write(path, (tone(2.0) * 32767).astype(np.int16), 8000)
    return path


def test_an_unfinished_recording_can_be_played_to_its_end(tmp_path: Path) -> None:
    whole = recording(tmp_path / "whole.wav").read_bytes()
    killed = with_header_of_an_unfinished_recording(recording(tmp_path / "killed.wav"))
    assert mend_lengths(killed)
    assert killed.read_bytes() == whole


def test_a_recording_cut_in_the_middle_ends_where_its_samples_do(tmp_path: Path) -> None:
    cut = recording(tmp_path / "cut.wav")
    cut.write_bytes(cut.read_bytes()[: 44 + 8000])
    assert mend_lengths(cut)
    samples, _ = soundfile.read(cut)
    assert len(samples) == 4000


def test_a_finished_recording_and_what_is_no_recording_stay_as_they_are(tmp_path: Path) -> None:
    for name, content in (("whole.wav", None), ("text.wav", b"x" * 100), ("empty.wav", b"")):
        path = recording(tmp_path / name)
        if content is not None:
            path.write_bytes(content)
        before = path.read_bytes()
        assert not mend_lengths(path)
        assert path.read_bytes() == before
