"""Erlang C and Erlang A, beside the practice's test vector, a chain solved as linear equations, and a simulation that knows neither."""

from __future__ import annotations

import heapq
import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.staffing import Load, forecast, operators_needed

HALF_HOUR = Load(calls=100, period_s=1800, handling_s=180)


def test_the_practices_test_vector_is_met_to_its_printed_digits() -> None:
    told = forecast(HALF_HOUR, 14, within_s=20)
    assert f"{told.waits:.6f}" == "0.174132"
    assert f"{told.service_level:.6f}" == "0.888350"
    assert told.answer_speed_s is not None
    assert f"{told.answer_speed_s:.4f}" == "7.8359"
    assert told.occupancy == pytest.approx(10 / 14)


def test_fourteen_operators_are_the_fewest_for_eighty_percent_in_twenty_seconds() -> None:
    assert forecast(HALF_HOUR, 13, 20).service_level < 0.8 < forecast(HALF_HOUR, 14, 20).service_level
    assert operators_needed(HALF_HOUR, 0.8, 20) == forecast(HALF_HOUR, 14, 20)


def test_one_operator_is_the_queue_of_the_textbooks() -> None:
    # M/M/1 with half its capacity used: half wait, and a wait is as long as a call.
    told = forecast(Load(calls=1, period_s=200, handling_s=100), 1, within_s=0)
    assert (told.waits, told.service_level, told.answer_speed_s) == (
        pytest.approx(0.5), pytest.approx(0.5), pytest.approx(100),
    )  # fmt: skip


def test_a_line_that_would_grow_without_end_is_told_as_such() -> None:
    told = forecast(HALF_HOUR, 10, 20)
    assert (told.waits, told.service_level, told.answer_speed_s) == (1.0, 0.0, None)


def chain(load: Load, operators: int, patience_s: float, states: int) -> tuple[float, float, float]:
    """Share who wait, share who leave, and mean number in line, by the balance of every state's comings and goings."""
    rates = np.zeros((states, states))
    for k in range(states - 1):
        rates[k, k + 1] = load.per_s
        rates[k + 1, k] = min(k + 1, operators) / load.handling_s + max(0, k + 1 - operators) / patience_s
    np.fill_diagonal(rates, -rates.sum(axis=1))
    equations = np.vstack([rates.T, np.ones(states)])
    shares = np.linalg.lstsq(equations, np.append(np.zeros(states), 1.0), rcond=None)[0]
    in_line = float(sum((k - operators) * shares[k] for k in range(operators, states)))
    return float(shares[operators:].sum()), in_line / patience_s / load.per_s, in_line


@pytest.mark.parametrize(("operators", "patience_s"), [(8, 60.0), (10, 120.0), (14, 120.0), (14, 600.0)])
def test_erlang_a_agrees_with_its_chain_solved_as_linear_equations(operators: int, patience_s: float) -> None:
    told = forecast(HALF_HOUR, operators, 20, patience_s)
    waits, leaves, _ = chain(HALF_HOUR, operators, patience_s, 250)
    assert told.waits == pytest.approx(waits, rel=1e-6)
    assert told.leaves == pytest.approx(leaves, rel=1e-6)


def simulated(load: Load, operators: int, within_s: float, patience_s: float, calls: int) -> tuple[float, float, float]:
    """Share answered in time, share who leave, mean wait of the answered, call by call in order of arrival."""
    chance, now = random.Random(840_840), 0.0
    free_at = [0.0] * operators
    in_time, left, waits = 0, 0, 0.0
    for _ in range(calls):
        now += chance.expovariate(load.per_s)
        wait = max(0.0, free_at[0] - now)
        if wait > chance.expovariate(1 / patience_s):
            left += 1
            continue
        heapq.heapreplace(free_at, now + wait + chance.expovariate(1 / load.handling_s))
        in_time += wait <= within_s
        waits += wait
    return in_time / calls, left / calls, waits / (calls - left)


@pytest.mark.parametrize(("operators", "patience_s"), [(9, 60.0), (12, 120.0), (14, 1e9)])
def test_a_simulation_call_by_call_comes_to_the_same_within_its_own_noise(operators: int, patience_s: float) -> None:
    # 200,000 calls; neighbours are alike, so the noise is that of some thousands of independent ones: about 0.01.
    in_time, left, wait_s = simulated(HALF_HOUR, operators, 20, patience_s, 200_000)
    told = forecast(HALF_HOUR, operators, 20, patience_s if patience_s < 1e9 else None)
    assert told.service_level == pytest.approx(in_time, abs=0.01)
    assert told.leaves == pytest.approx(left, abs=0.005)
    assert told.answer_speed_s == pytest.approx(wait_s, rel=0.05)


def test_endless_patience_is_erlang_c() -> None:
    patient, endless = forecast(HALF_HOUR, 14, 20, 1e7), forecast(HALF_HOUR, 14, 20)
    assert patient.waits == pytest.approx(endless.waits, rel=1e-4)
    assert patient.service_level == pytest.approx(endless.service_level, rel=1e-4)
    assert patient.answer_speed_s == pytest.approx(endless.answer_speed_s, rel=1e-3)


@pytest.mark.parametrize("patience_s", [None, 1.0, 120.0, 3600.0])
@pytest.mark.parametrize("operators", [1, 10, 300, 800, 2000])
def test_hundreds_of_operators_and_any_overload_keep_every_share_a_share(
    operators: int, patience_s: float | None
) -> None:
    for calls in (1, 100, 6000, 50_000):
        told = forecast(Load(calls, 1800, 180), operators, 20, patience_s)
        for share in (told.waits, told.service_level, told.leaves, told.occupancy):
            assert -1e-9 <= share <= 1 + 1e-9
        assert told.service_level >= 1 - told.waits - 1e-9
        assert told.answer_speed_s is None or math.isfinite(told.answer_speed_s)


def test_six_hundred_erlangs_need_a_few_operators_more_than_six_hundred() -> None:
    told = operators_needed(Load(6000, 1800, 180), 0.8, 20)
    # By the square-root rule: 600 and about half to one root of 600.
    assert 600 + 0.2 * math.sqrt(600) < told.operators < 600 + math.sqrt(600)


loads = st.builds(Load, st.floats(1, 2000), st.just(1800.0), st.floats(5, 900))


@given(loads, st.floats(0.05, 0.99), st.floats(0, 120), st.one_of(st.none(), st.floats(10, 3600)))
def test_the_fewest_operators_are_enough_and_one_less_is_not(
    load: Load, share: float, within_s: float, patience_s: float | None
) -> None:
    told = operators_needed(load, share, within_s, patience_s)
    assert told.service_level >= share
    if told.operators > 1:
        assert forecast(load, told.operators - 1, within_s, patience_s).service_level < share


@given(loads, st.integers(1, 400), st.floats(0, 120), st.floats(10, 3600))
def test_callers_who_leave_make_the_line_shorter_for_the_others(
    load: Load, operators: int, within_s: float, patience_s: float
) -> None:
    hasty, patient = forecast(load, operators, within_s, patience_s), forecast(load, operators, within_s)
    assert hasty.waits <= patient.waits + 1e-9
    assert hasty.answer_speed_s is not None
    assert patient.answer_speed_s is None or hasty.answer_speed_s <= patient.answer_speed_s + 1e-6


@pytest.mark.parametrize("of", [{"calls": 0}, {"period_s": -1}, {"handling_s": float("nan")}])
def test_a_load_of_nothing_is_refused(of: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be more than nothing"):
        Load(**{"calls": 1.0, "period_s": 1.0, "handling_s": 1.0} | of)


def test_what_cannot_be_asked_for_is_refused() -> None:
    for share in (0.0, 1.0):
        with pytest.raises(ValueError, match="between 0 and 1"):
            operators_needed(HALF_HOUR, share, 20)
    with pytest.raises(ValueError, match="one operator at least"):
        forecast(HALF_HOUR, 0, 20)
    with pytest.raises(ValueError, match="within 0 to 3600 seconds"):
        forecast(HALF_HOUR, 3, 4000)
    with pytest.raises(ValueError, match="more than 100000 operators"):
        operators_needed(Load(10**9, 1800, 180), 0.8, 20)
    with pytest.raises(ValueError, match="must be more than 0"):
        forecast(HALF_HOUR, 3, 20, 0)
