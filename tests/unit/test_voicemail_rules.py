"""Which model, how long, which words: `voicemail_worker.rules`."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicemail_worker import distress, rules
from voicemail_worker.model import EngineName, Installed


def model(engine: EngineName, language: str | None = None, fault: str | None = None) -> Installed:
    return Installed(engine, language, Path("models"), "name", f"{engine}-{language}", fault)


VOSK_IT = model(EngineName.VOSK, "it")
WHISPER = model(EngineName.WHISPER)


def test_a_vosk_model_of_the_language_is_preferred() -> None:
    assert rules.choose([WHISPER, VOSK_IT], "it") == VOSK_IT


def test_whisper_reads_a_language_that_has_no_vosk_model() -> None:
    assert rules.choose([VOSK_IT, WHISPER], "en") == WHISPER


def test_without_a_model_for_the_language_the_message_waits() -> None:
    assert rules.choose([VOSK_IT], "en") is None
    assert rules.choose([], "it") is None


def test_a_broken_or_distrusted_model_is_passed_over() -> None:
    assert rules.choose([model(EngineName.VOSK, "it", "it is broken"), WHISPER], "it") == WHISPER
    assert rules.choose([VOSK_IT, WHISPER], "it", distrusted={VOSK_IT.stamp}) == WHISPER


def test_waiting_messages_are_woken_for_exactly_the_languages_that_can_be_read() -> None:
    assert rules.languages_served([]) == ()
    assert rules.languages_served([VOSK_IT]) == ("it",)
    assert rules.languages_served([model(EngineName.VOSK, "ko"), WHISPER]) == ("en", "it", "ko")


def test_the_time_out_is_a_multiple_of_the_recording_and_never_short() -> None:
    assert rules.time_limit_s(0, least_s=90, times=20) == 90
    assert rules.time_limit_s(180, least_s=90, times=20) == 3600


def test_the_third_dead_decoder_ends_the_attempts() -> None:
    assert [rules.is_given_up(attempts, most=3) for attempts in (1, 2, 3, 4)] == [False, False, True, True]


@pytest.mark.parametrize(
    ("language", "said", "found"),
    [
        ("it", "Aiuto! Siamo intrappolati, c'è un INCENDIO.", ("aiuto", "intrappolati", "incendio")),
        ("it", "mia madre non respira", ("non respira",)),
        ("it", "È crollato il tetto", ("e crollato",)),
        ("it", "vorrei sapere lo stato della mia pratica", ()),
        ("it", "mi chiamo Ferito? no, Ferri", ("ferito",)),
        ("it", "l'incendiario", ()),
        ("en", "Help, my son is TRAPPED and he can't breathe", ("help", "trapped", "can t breathe")),
        ("en", "thank you, it was helpful", ()),
        ("ko", "도와주세요", ()),
    ],
)
def test_words_of_distress_are_found_whole_whatever_case_and_accents(
    language: str, said: str, found: tuple[str, ...]
) -> None:
    assert rules.alarm_words(said, distress.phrases(language)) == found


def test_both_spoken_languages_have_a_list_of_distress() -> None:
    assert all(len(distress.phrases(language)) > 20 for language in rules.SPOKEN_LANGUAGES)


@given(st.text())
def test_any_text_can_be_searched_for_distress(text: str) -> None:
    rules.alarm_words(text, distress.phrases("it"))


@given(st.floats(0, 1))
def test_a_sound_at_full_level_never_clips(peak: float) -> None:
    assert 0 <= peak * rules.gain(peak) <= 1
