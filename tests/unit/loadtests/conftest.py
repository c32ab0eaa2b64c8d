from pathlib import Path

import pytest

from tests.support.bounded import bound


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    bound(items, Path(__file__).parent)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"
