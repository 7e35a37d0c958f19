"""The prompt catalogue, and from text to telephone sound."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from phone.catalogue import BEEP, LANGUAGES, SOUNDS, MissingPrompt, catalogue, check, voice_language
from phone.voice import PAUSES_S, PEAK, RATE_HZ, PicoVoice, VoiceError, prepare, render, render_tones

TEXTS = {"welcome": "Benvenuti.", "goodbye": "Grazie per aver chiamato."}


class ToneVoice:
    """Says a text as a tone of its length, between silences, at 16 kHz; counts what it was asked."""

    name = "tone"

    def __init__(self, loudness: float = 0.5) -> None:
        self.asked: list[tuple[str, str]] = []
        self.loudness = loudness

    def speak(self, text: str, language: str, target: Path) -> None:
        self.asked.append((text, language))
        moments = np.arange(len(text) * 800) / 16000
        silence = np.zeros(8000)
        soundfile.write(
            target, np.concatenate((silence, self.loudness * np.sin(2 * np.pi * 440 * moments), silence)), 16000
        )


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path, Path]:
    """Sounds, cache, studio."""
    return tmp_path / "sounds", tmp_path / "cache", tmp_path / "studio"


def test_both_languages_have_the_same_prompts() -> None:
    assert catalogue("it").keys() == catalogue("en").keys()


def test_no_prompt_is_empty_and_no_name_could_leave_its_folder() -> None:
    for language in LANGUAGES:
        for name, text in catalogue(language).items():
            assert text.strip(), name
            assert name.replace("-", "").isalnum(), name
            assert name == name.lower(), name


def test_every_greeting_warns_that_this_is_not_a_rescue_number() -> None:
    for language in LANGUAGES:
        assert "1 1 2" in catalogue(language)["not-a-rescue-number"].replace("112", "1 1 2")


def test_the_offer_of_a_language_is_made_in_that_language() -> None:
    assert voice_language("it", "language-offer") == "en"
    assert voice_language("en", "language-offer") == "it"
    assert voice_language("it", "welcome") == "it"


def test_a_missing_prompt_stops_the_start_and_is_named(tmp_path: Path) -> None:
    for language in LANGUAGES:
        (tmp_path / language).mkdir()
        for name in (*catalogue(language), *SOUNDS):
            (tmp_path / language / f"{name}.wav").write_bytes(b"RIFF")
    check(tmp_path)
    (tmp_path / "en" / "privacy.wav").unlink()
    (tmp_path / "it" / "beep.wav").write_bytes(b"")
    with pytest.raises(MissingPrompt, match=r"it/beep\.wav, en/privacy\.wav"):
        check(tmp_path)


def test_a_prompt_is_telephone_sound_cut_tight(folders: tuple[Path, Path, Path]) -> None:
    sounds, cache, studio = folders
    render(TEXTS, "it", ToneVoice(), sounds, cache, studio)
    info = soundfile.info(sounds / "it" / "goodbye.wav")
    assert (info.samplerate, info.channels, info.subtype) == (RATE_HZ, 1, "PCM_16")
    spoken_s = len(TEXTS["goodbye"]) * 0.05
    assert spoken_s < info.duration < spoken_s + 0.2


def test_prompts_have_one_loudness_however_the_voice_spoke(folders: tuple[Path, Path, Path]) -> None:
    sounds, cache, studio = folders
    loudness = []
    for number, spoken in enumerate((0.02, 0.9)):
        render({f"welcome-{number}": f"Benvenuti {number}"}, "it", ToneVoice(spoken), sounds, cache, studio)
        samples, _ = soundfile.read(sounds / "it" / f"welcome-{number}.wav")
        loudness.append(float(np.sqrt(np.mean(samples**2))))
        assert np.abs(samples).max() <= PEAK + 0.01
    assert loudness[0] == pytest.approx(loudness[1], rel=0.05)


def test_a_text_is_spoken_once_and_again_only_when_it_changes(folders: tuple[Path, Path, Path]) -> None:
    sounds, cache, studio = folders
    voice = ToneVoice()
    assert render(TEXTS, "it", voice, sounds, cache, studio) == 2
    assert render(TEXTS, "it", voice, sounds, cache, studio) == 0
    assert render({**TEXTS, "goodbye": "Arrivederci."}, "it", voice, sounds, cache, studio) == 1
    assert voice.asked[-1] == ("Arrivederci.", "it")


def test_sounds_that_were_deleted_come_back_from_the_cache(folders: tuple[Path, Path, Path]) -> None:
    sounds, cache, studio = folders
    render(TEXTS, "it", ToneVoice(), sounds, cache, studio)
    (sounds / "it" / "welcome.wav").unlink()
    assert render(TEXTS, "it", ToneVoice(), sounds, cache, studio) == 0
    assert (sounds / "it" / "welcome.wav").exists()


def test_a_studio_recording_replaces_the_voice_whatever_its_format(folders: tuple[Path, Path, Path]) -> None:
    sounds, cache, studio = folders
    (studio / "it").mkdir(parents=True)
    moments = np.arange(44100 * 2) / 44100
    stereo = np.stack([0.3 * np.sin(2 * np.pi * 300 * moments)] * 2, axis=1)
    soundfile.write(studio / "it" / "welcome.wav", stereo, 44100, subtype="PCM_24")
    voice = ToneVoice()
    render(TEXTS, "it", voice, sounds, cache, studio)
    assert [text for text, _ in voice.asked] == [TEXTS["goodbye"]]
    info = soundfile.info(sounds / "it" / "welcome.wav")
    assert (info.samplerate, info.channels) == (RATE_HZ, 1)
    assert info.duration == pytest.approx(2.0, abs=0.15)


@pytest.mark.parametrize("content", [b"", b"not a sound at all", b"RIFF\x00\x00\x00\x00WAVEfmt "])
def test_an_unreadable_studio_recording_is_named(folders: tuple[Path, Path, Path], content: bytes) -> None:
    sounds, cache, studio = folders
    (studio / "it").mkdir(parents=True)
    (studio / "it" / "welcome.wav").write_bytes(content)
    with pytest.raises(VoiceError, match=r"welcome\.wav"):
        render(TEXTS, "it", ToneVoice(), sounds, cache, studio)


def test_a_voice_that_is_not_installed_is_a_plain_error(tmp_path: Path) -> None:
    with pytest.raises(VoiceError, match="could not speak"):
        PicoVoice(["no-such-command"]).speak("Benvenuti.", "it", tmp_path / "spoken.wav")


def test_a_voice_that_fails_is_a_plain_error(tmp_path: Path) -> None:
    with pytest.raises(VoiceError, match="code 1"):
        PicoVoice(["false"]).speak("Benvenuti.", "it", tmp_path / "spoken.wav")


def test_the_beep_is_a_kilohertz_and_the_pauses_are_silent(folders: tuple[Path, Path, Path]) -> None:
    sounds, _, _ = folders
    render_tones("it", sounds)
    samples, rate = soundfile.read(sounds / "it" / f"{BEEP}.wav")
    spectrum = np.abs(np.fft.rfft(samples))
    assert abs(int(spectrum.argmax()) * rate / len(samples) - 1000) < 10
    for name, seconds in PAUSES_S.items():
        silence, _ = soundfile.read(sounds / "it" / f"{name}.wav")
        assert not silence.any()
        assert len(silence) / rate == pytest.approx(seconds, abs=0.021)


def test_a_prompt_is_made_of_whole_packets() -> None:
    assert len(prepare(np.sin(np.arange(12345) / 5), RATE_HZ)) % 160 == 0
