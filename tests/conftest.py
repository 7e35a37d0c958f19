"""What all tests share."""

from __future__ import annotations

import pytest
import pytest_asyncio

SHARED_LOOP = {"acceptance", "contract"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that share a platform for a session share its event loop."""
    for item in items:
        if SHARED_LOOP & set(item.path.parts) and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)
