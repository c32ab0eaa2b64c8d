from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.backends import NAMES, Backend, backend_named
from tests.support.bounded import bound


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    bound(items, Path(__file__).parent)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=NAMES)
async def backend(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Backend]:
    async with backend_named(request.param, tmp_path) as found:
        yield found
