from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.backends import Backend, backend_named
from tests.support.bounded import bound


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    bound(items, Path(__file__).parent)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """The server runs on asyncio alone."""
    return "asyncio"


@pytest.fixture
async def backend(tmp_path: Path) -> AsyncIterator[Backend]:
    async with backend_named("sqlite", tmp_path) as found:
        yield found
