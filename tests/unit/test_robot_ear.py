"""A robot hears what was said, and nothing that was not."""

from __future__ import annotations

import numpy as np
import pytest

from pbx.robot import g711
from pbx.robot.ear import Ear

RNG = np.random.default_rng(7)


def speechlike(seconds: float, smoothed: int = 16) -> np.ndarray:
    """Noise with the energy of speech below 1 kHz; `smoothed` over fewer samples it is as bright as a hiss."""
    count = int(seconds * 8000)
    noise = np.convolve(RNG.normal(0, 1, count + smoothed - 1), np.ones(smoothed) / smoothed, mode="valid")
    return (noise / np.abs(noise).max() * 20000).astype(np.int16)


PROMPTS = {
    "it/one": speechlike(1.2),
    "it/two": speechlike(0.4),
    "it/long": speechlike(3.0),
    "it/pause": np.zeros(4000, dtype=np.int16),
}


def over_the_phone(samples: np.ndarray) -> np.ndarray:
    return g711.decode(g711.encode(samples))


def test_a_law_there_and_back_is_as_near_as_a_law_gets() -> None:
    samples = np.arange(-32000, 32000, 7, dtype=np.int16)
    error = np.abs(over_the_phone(samples).astype(int) - samples)
    assert (error <= np.maximum(np.abs(samples.astype(int)) / 16, 16)).all()
    codes = bytes(range(256))
    assert g711.encode(g711.decode(codes)) == codes


def test_prompts_are_found_in_order_with_their_times() -> None:
    silence = np.zeros(1234, dtype=np.int16)
    call = over_the_phone(
        np.concatenate([silence, PROMPTS["it/two"], PROMPTS["it/long"], silence, PROMPTS["it/two"], PROMPTS["it/one"]])
    )
    heard = Ear(PROMPTS).all_in(call)
    assert [hit.name for hit in heard] == ["it/two", "it/long", "it/two", "it/one"]
    assert heard[0].start_s == pytest.approx(1234 / 8000, abs=0.01)
    assert all(hit.score > 0.95 for hit in heard)


@pytest.mark.parametrize("before", range(4))
def test_a_prompt_is_waited_for_and_found_wherever_it_falls_between_two_samples_of_the_search(before: int) -> None:
    prompt = speechlike(1.2, smoothed=2)
    ear = Ear({"it/bright": prompt})
    said = over_the_phone(np.concatenate([np.zeros(1000 + before, dtype=np.int16), prompt]))
    score, end_s = ear.score_in(said, "it/bright", 0.2)
    assert score > 0.95
    assert end_s == pytest.approx((1000 + before) / 8000 + 1.2, abs=1 / 8000)
    assert [hit.name for hit in ear.all_in(said)] == ["it/bright"]


def test_a_prompt_cut_short_is_not_taken_for_heard() -> None:
    heard = Ear(PROMPTS).all_in(
        over_the_phone(np.concatenate([PROMPTS["it/long"][:12000], np.zeros(20000, dtype=np.int16)]))
    )
    assert heard == []


def test_noise_and_silence_are_no_prompt() -> None:
    ear = Ear(PROMPTS)
    assert ear.all_in(speechlike(5)) == []
    assert ear.all_in(np.zeros(40000, dtype=np.int16)) == []
    assert ear.all_in(np.zeros(0, dtype=np.int16)) == []


def test_one_sound_under_two_names_is_heard_once() -> None:
    ear = Ear(PROMPTS | {"en/two": PROMPTS["it/two"]})
    assert ear.knows("en/two")
    assert [hit.name for hit in ear.all_in(over_the_phone(PROMPTS["it/two"]))] == ["it/two"]


def test_a_prompt_nobody_knows_is_named() -> None:
    with pytest.raises(KeyError, match="no prompt is called 'welcome'"):
        Ear(PROMPTS).duration_s("welcome")
