"""What the alert rules and the dashboard ask for is what the code exports; Prometheus itself passes the rules where it is installed."""

from __future__ import annotations

import importlib
import json
import re
import shutil
import subprocess
import sys

import pytest

import foundation.monitor  # noqa: F401 (declares its metrics)
from centralino.settings import CHECKOUT, Ports
from foundation.metrics import LABELS, REGISTRY

MONITORING = CHECKOUT / "monitoring"
ASKED_IN = ("alerts.yml", "alerts_test.yml", "dashboard.json")
SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}
ADDED_BY_PROMETHEUS = {"process", "job", "instance", "le", "severity", "alertname", "alertstate"}
PROMTOOL = shutil.which("promtool")

METRICS = [
    ".".join(path.relative_to(CHECKOUT).with_suffix("").parts)
    for path in sorted([*CHECKOUT.glob("*/metrics.py"), *CHECKOUT.glob("*/*/metrics.py")])
]
for module in METRICS:
    importlib.import_module(module)


def exported() -> set[str]:
    return {family.name + suffix for family in REGISTRY.collect() for suffix in SUFFIXES.get(family.type, ("",))}


def asked(name: str) -> set[str]:
    text = (MONITORING / name).read_text(encoding="utf-8")
    return set(re.findall(r"\b(?:centralino|process)_[a-z_]+", text))


@pytest.mark.parametrize("name", ASKED_IN)
def test_every_metric_that_is_asked_for_is_exported(name: str) -> None:
    assert len(asked(name)) > 10
    assert asked(name) - exported() == set()


def test_a_counter_whose_increase_calls_somebody_is_there_before_it_first_counts() -> None:
    modules = ", ".join(METRICS)
    fresh = subprocess.run(
        [sys.executable, "-c", f"import {modules}; from foundation.metrics import page; print(page().decode())"],
        capture_output=True, text=True, check=True, cwd=CHECKOUT,
    ).stdout  # fmt: skip
    rules = (MONITORING / "alerts.yml").read_text(encoding="utf-8")
    counters = set(re.findall(r"increase\((centralino_[a-z_]+)", rules))
    assert len(counters) > 4
    assert [name for name in counters if not re.search(rf"^{name}(\{{.*\}})? 0.0$", fresh, re.MULTILINE)] == []


@pytest.mark.parametrize("name", ASKED_IN)
def test_every_label_that_is_asked_for_is_one_that_metrics_may_have(name: str) -> None:
    text = (MONITORING / name).read_text(encoding="utf-8").replace('\\"', '"')
    labels = set(re.findall(r'[{,]\s*([a-z_]+)!?=~?"', text)) | set(re.findall(r"\$labels\.([a-z_]+)", text))
    assert labels
    assert labels <= LABELS | ADDED_BY_PROMETHEUS


def test_every_alert_says_what_is_wrong_what_to_do_and_who_is_called_and_is_tested() -> None:
    rules = (MONITORING / "alerts.yml").read_text(encoding="utf-8").split("- alert: ")[1:]
    tested = (MONITORING / "alerts_test.yml").read_text(encoding="utf-8")
    assert len(rules) > 15
    for rule in rules:
        name = rule.splitlines()[0]
        assert re.search(r"severity: (page|ticket) ", rule), name
        assert "summary: " in rule, name
        assert "do: " in rule, name
        assert f'alertname="{name}"' in tested, name


def test_the_example_scrapes_the_ports_of_our_processes() -> None:
    text = (MONITORING / "prometheus.yml").read_text(encoding="utf-8")
    scraped = dict(re.findall(r'127\.0\.0\.1:(\d+)"\]\s+labels: { process: (\w+) }', text))
    assert {process: int(port) for port, process in scraped.items()} == Ports(28000, 500).monitors


def test_the_dashboard_is_json_with_a_query_in_each_panel() -> None:
    dashboard = json.loads((MONITORING / "dashboard.json").read_text(encoding="utf-8"))
    assert all(target["expr"] for panel in dashboard["panels"] for target in panel["targets"])


@pytest.mark.skipif(PROMTOOL is None, reason="promtool (Debian's package prometheus) is not installed")
@pytest.mark.parametrize(
    "command", ["check config prometheus.yml", "check rules alerts.yml", "test rules alerts_test.yml"]
)
def test_prometheus_itself_passes_it(command: str) -> None:
    assert PROMTOOL is not None
    done = subprocess.run([PROMTOOL, *command.split()], cwd=MONITORING, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
