from pathlib import Path

import pytest

from api.backup.places import Places
from tests.support.datafolders import fill, places_in


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """A data folder in which everything says "old"."""
    found = places_in(tmp_path / "var")
    fill(found, "old")
    return found
