from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from api.database.engine import writing_engine
from tests.support.backends import Backend, backend_named
from tests.support.bounded import bound


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    bound(items, Path(__file__).parent)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "chat.db"


@pytest.fixture
def engine(file: Path) -> Iterator[Engine]:
    """An empty SQLite database."""
    engine = writing_engine(f"sqlite+aiosqlite:///{file}")
    yield engine
    engine.dispose()


@pytest.fixture
async def backend(tmp_path: Path) -> AsyncIterator[Backend]:
    async with backend_named("sqlite", tmp_path) as found:
        yield found
