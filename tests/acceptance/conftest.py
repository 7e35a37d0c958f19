"""One line for each test process: a whole platform that every acceptance test of it calls."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.acceptance.line import ServiceLine, a_line


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def _line() -> AsyncIterator[ServiceLine]:
    async with a_line() as line:
        yield line


@pytest_asyncio.fixture(loop_scope="session")
async def at_night(_line: ServiceLine) -> ServiceLine:
    """The line, closed."""
    await _line.closed()
    return _line


@pytest_asyncio.fixture(loop_scope="session")
async def in_hours(_line: ServiceLine) -> ServiceLine:
    """The line, open."""
    await _line.opened()
    return _line


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests share the line, so they share its event loop."""
    for item in items:
        if "acceptance" in item.path.parts and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)
