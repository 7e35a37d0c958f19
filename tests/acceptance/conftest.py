"""One line for each test process: a whole platform that every acceptance test of it calls."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.acceptance.line import ServiceLine, a_line


@pytest_asyncio.fixture(scope="package", loop_scope="session")
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
