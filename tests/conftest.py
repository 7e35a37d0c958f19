"""What all tests share."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.places import last_words

pytest_plugins = ["tests.promises.plugin"]

TESTS = Path(__file__).parent
SHARED_LOOP = {"acceptance", "chaos", "contract"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that share a platform for a session share its event loop."""
    for item in items:
        if item.path.relative_to(TESTS).parts[0] in SHARED_LOOP and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failure shows what the processes of the platform wrote: on another machine nobody can look again."""
    report = yield
    if report.failed:
        report.sections += last_words()
    return report


def pytest_addoption(parser: pytest.Parser) -> None:
    """The seed of `tests/chaos`: who calls, which fault strikes what and when."""
    parser.addoption("--chaos-seed", type=int, default=1, help="the seed of the chaos tests' plans (default 1)")
