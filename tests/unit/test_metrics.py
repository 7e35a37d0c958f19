"""No metric has room for a caller's data: labels come from a short list, and every room keeps to it."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

from foundation import metrics


@pytest.mark.parametrize("label", ["number", "caller", "code", "call_id", "message", "transcript", "practice"])
@pytest.mark.parametrize("declare", [metrics.counter, metrics.gauge, metrics.histogram])
def test_a_label_that_could_carry_a_callers_data_is_refused(declare: object, label: str) -> None:
    with pytest.raises(metrics.LabelRefused, match=f"may not have the label {label}"):
        declare("refused", "Never.", "outcome", label)  # type: ignore[operator]


def test_a_refused_metric_is_not_on_the_page() -> None:
    with pytest.raises(metrics.LabelRefused):
        metrics.counter("half_declared", "Never.", "number")
    assert b"half_declared" not in metrics.page()


def test_the_page_has_what_every_process_has() -> None:
    families = {family.name for family in text_string_to_metric_families(metrics.page().decode())}
    assert {
        "process_resident_memory_bytes", "process_open_fds", "process_max_fds", "process_threads", "process_cpu_seconds",
        "process_start_time_seconds",
    } <= families  # fmt: skip


def test_what_is_counted_is_told() -> None:
    calls = metrics.counter("test_calls", "Of this test.", "outcome")
    calls.labels(outcome="missed").inc(3)
    assert b'centralino_test_calls_total{outcome="missed"} 3.0' in metrics.page()
