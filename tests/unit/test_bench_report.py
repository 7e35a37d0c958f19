"""The bench's report says what was measured, and which way is better."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from bench.model import CouldNotMeasure, Figure, Machine, Quantity, of_samples
from bench.registry import BENCHES, UnknownBench, chosen
from bench.report import as_json, as_table, write
from bench.rules import next_rate, percentile, quartiles, times_better

MACHINE = Machine("A processor", 2, 8.1, "6.1", "22.10.1", "3.11.7", 0.5)
LATENCY = Quantity("x.median", "ms", less_is_better=True, peer_name="a peer")
RATE = Quantity("x.rate", "calls/s", less_is_better=False, peer_name="a peer")


def test_half_the_milliseconds_and_twice_the_calls_are_both_two_times_better() -> None:
    assert Figure(LATENCY, 5.0, 10.0, 50).ratio == 2.0
    assert Figure(RATE, 20.0, 10.0, 50).ratio == 2.0
    assert Figure(LATENCY, 10.0, 5.0, 50).ratio == 0.5


def test_nothing_is_infinitely_better() -> None:
    assert times_better(0.0, 5.0, less_is_better=True) is None
    assert times_better(5.0, 0.0, less_is_better=False) is None


def test_a_figure_without_a_peer_has_neither_peer_nor_ratio() -> None:
    alone = Figure(Quantity("x", "ms", less_is_better=True, peer_name=None), 5.0, None, 3)
    assert as_json(MACHINE, [alone])["figures"] == [
        {"name": "x", "unit": "ms", "ours": 5.0, "peer": None, "peer_name": None, "ratio": None, "n": 3}
    ]


def test_the_report_has_the_agreed_shape(tmp_path: Path) -> None:
    write(tmp_path / "out" / "report.json", MACHINE, [Figure(LATENCY, 4.0, 1.0, 60, (3.0, 5.0), (0.5, 2.0))])
    assert json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8")) == {
        "machine": {
            "cpu": "A processor", "cores": 2, "memory_gb": 8.1, "kernel": "6.1", "asterisk": "22.10.1", "python": "3.11.7",
            "load_average": 0.5,
        },
        "figures": [
            {"name": "x.median", "unit": "ms", "ours": 4.0, "peer": 1.0, "peer_name": "a peer", "ratio": 0.25, "n": 60}
        ],
    }  # fmt: skip


def test_the_table_tells_the_quartiles_of_both_sides() -> None:
    console = Console(width=160, record=True, file=StringIO())
    console.print(as_table([Figure(LATENCY, 4.0, 1.0, 60, (3.0, 5.0), (0.5, 2.0))]))
    text = console.export_text()
    assert "4.0 (3.0 to 5.0)" in text
    assert "1.0 (0.5 to 2.0)" in text


def test_a_percentile_lies_between_the_two_nearest_samples() -> None:
    assert quartiles([4.0, 1.0, 3.0, 2.0, 5.0]) == (2.0, 3.0, 4.0)
    assert percentile([1.0, 2.0], 95) == pytest.approx(1.95)
    assert percentile([7.0], 95) == 7.0


def test_no_samples_make_no_figure() -> None:
    with pytest.raises(CouldNotMeasure, match=r"^a\.b: no sample of a peer$"):
        of_samples("a.b", [1.0], [], "a peer")


def test_samples_become_a_median_with_its_quartiles_and_a_95th_percentile() -> None:
    median, p95 = of_samples("a.b", [1.0, 2.0, 3.0], [2.0, 4.0, 6.0], "a peer")
    assert (median.quantity.name, median.ours, median.ours_spread, median.ratio) == ("a.b.median", 2.0, (1.5, 2.5), 2.0)
    assert (p95.quantity.name, p95.ours_spread, p95.n) == ("a.b.p95", None, 3)


def climb(holds_up_to: float) -> list[float]:
    """The rates tried on something that holds every rate up to a limit."""
    tried: dict[float, bool] = {}
    while (rate := next_rate(tried, 8.0, 1.5, 1.0, 90.0)) is not None:
        tried[rate] = rate <= holds_up_to
    return list(tried)


def test_the_rate_climbs_while_it_is_held_and_is_narrowed_once() -> None:
    assert climb(13.0) == [8.0, 12.0, 18.0, 14.7]
    assert climb(15.0) == [8.0, 12.0, 18.0, 14.7]


def test_the_rate_goes_down_where_the_first_is_not_held() -> None:
    assert climb(5.5) == [8.0, 5.3, 6.5]


def test_the_climb_ends_at_its_limits() -> None:
    assert climb(0.0)[-1] >= 1.0
    assert climb(1000.0)[-1] <= 90.0


def test_a_bench_is_chosen_by_name_and_all_by_none() -> None:
    assert chosen("greeting").keys() == {"greeting"}
    assert chosen("") == BENCHES


def test_an_unknown_bench_is_told_with_those_there_are() -> None:
    with pytest.raises(
        UnknownBench, match=r"'greetings': there are calls, greeting, practice, queue, queue-calls, status"
    ):
        chosen("greetings")
