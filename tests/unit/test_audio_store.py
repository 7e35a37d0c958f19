"""Audio is kept once, whole, under its message's id."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID, uuid4

import pytest

from ticket_core.audio_store import AudioStore, discard


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "spool" / "take-1.wav"
    path.parent.mkdir()
    path.write_bytes(b"RIFF" + bytes(range(256)))
    return path


def test_what_is_kept_is_the_recording_and_the_spool_still_has_its_own(tmp_path: Path, recording: Path) -> None:
    store, message = AudioStore(tmp_path / "audio"), uuid4()
    name = store.keep(recording, message)
    assert (tmp_path / "audio" / name).read_bytes() == recording.read_bytes()
    assert store.path(message) == tmp_path / "audio" / name


def test_keeping_twice_is_keeping_once(tmp_path: Path, recording: Path) -> None:
    store, message = AudioStore(tmp_path / "audio"), uuid4()
    first = store.keep(recording, message)
    recording.write_bytes(b"something else")
    assert store.keep(recording, message) == first
    assert store.path(message).read_bytes().startswith(b"RIFF")


def test_half_a_copy_of_a_process_that_died_is_replaced_by_a_whole_one(tmp_path: Path, recording: Path) -> None:
    store, message = AudioStore(tmp_path / "audio"), UUID(int=7)
    unfinished = store.path(message).with_suffix(".unfinished")
    unfinished.parent.mkdir(parents=True)
    unfinished.write_bytes(b"RI")
    store.keep(recording, message)
    assert store.path(message).read_bytes() == recording.read_bytes()
    assert not unfinished.exists()


def test_a_recording_that_is_not_there_is_an_error_and_nothing_is_kept(tmp_path: Path) -> None:
    store, message = AudioStore(tmp_path / "audio"), uuid4()
    with pytest.raises(FileNotFoundError):
        store.keep(tmp_path / "gone.wav", message)
    assert not store.path(message).exists()


def test_discarding_what_is_gone_is_harmless(recording: Path) -> None:
    discard(recording)
    discard(recording)
    assert not recording.exists()
