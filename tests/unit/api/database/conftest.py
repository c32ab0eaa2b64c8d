from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from api.database.engine import writing_engine


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "chat.db"


@pytest.fixture
def engine(file: Path) -> Iterator[Engine]:
    """An empty SQLite database."""
    engine = writing_engine(f"sqlite:///{file}")
    yield engine
    engine.dispose()
