from collections.abc import Iterator
from pathlib import Path

import pytest

from loadtests.cluster import places


@pytest.fixture(scope="session")
def folders() -> Iterator[Path]:
    """Not pytest's own: data of PostgreSQL are some 40 MB, and pytest keeps those of three runs."""
    with places.passing() as made:
        yield made


@pytest.fixture
def folder(folders: Path) -> Path:
    made = folders / str(len(list(folders.iterdir())))
    made.mkdir()
    return made
