"""The pytest plugin: notes how each test with `@pytest.mark.promise("...")` ended, and the figures it measured.

Of several workers only the one that reports writes, so that the file has one writer.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from tests.promises.results import Figure, Result, plain_id, texts, update

FIGURES = "promise.figures"
PROMISES = "promise.texts"

Measured = Callable[..., None]


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Measured:
    """Note a figure: `figure("longest silence", 7.2, "s")`; `more_is_better=True` where a small one is the worst."""
    measured: list[list[object]] = []
    request.node.user_properties.append((FIGURES, measured))

    def note(name: str, value: float, unit: str = "", more_is_better: bool = False) -> None:
        measured.append([name, value, unit, more_is_better])

    return note


class Notes:
    """Keeps the results of one run."""

    def __init__(self) -> None:
        self._results: dict[str, Result] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Send the promises along with the report, also from a worker."""
        held = texts(item)
        if held:
            item.user_properties.append((PROMISES, held))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Of a test's three reports the call counts, or an earlier one that kept it from being called."""
        said = dict(report.user_properties)
        if PROMISES not in said or not (report.when == "call" or report.outcome != "passed"):
            return
        figures = [Figure(*measured) for measured in said.get(FIGURES, [])]  # type: ignore[attr-defined]
        when = datetime.now(UTC).date().isoformat()
        test = plain_id(report.nodeid)
        failed_before = test in self._results and self._results[test].outcome == "failed"
        if not failed_before:
            self._results[test] = Result(report.outcome, when, figures)

    def pytest_sessionfinish(self) -> None:
        """Put them with those of earlier runs."""
        if self._results:
            update(self._results)


class Sender:
    """In a worker: only sends."""

    pytest_runtest_setup = Notes.pytest_runtest_setup


def pytest_configure(config: pytest.Config) -> None:
    """Register what suits this process."""
    is_worker = hasattr(config, "workerinput")
    config.pluginmanager.register(Sender() if is_worker else Notes(), "promise-notes")
