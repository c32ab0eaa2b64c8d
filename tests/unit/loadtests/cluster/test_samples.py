from pathlib import Path

import psycopg
import pytest

from loadtests.cluster import samples
from loadtests.cluster.errors import ClusterError
from loadtests.cluster.samples import provide
from tests.support.postgres import empty_database

SECRET = {"STEADYCHAT_SECRET": "of all servers, and long enough for it"}


@pytest.fixture
def guide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = tmp_path / "guide"
    made.mkdir()
    (made / "roses.md").write_text("# Roses\n\nA rose is red in June.")
    monkeypatch.setattr(samples, "GUIDE", made)
    return made


def test_the_guide_is_in_the_database_of_all_servers_once(tmp_path: Path, guide: Path) -> None:
    with empty_database() as url:
        for _ in range(2):
            provide(tmp_path / "kept", SECRET | {"STEADYCHAT_DATABASE_URL": url})
        with psycopg.connect(url.replace("+asyncpg", "")) as connection:
            assert connection.execute("SELECT filename FROM documents").fetchall() == [("roses.md",)]


def test_a_guide_that_cannot_be_read_is_told(tmp_path: Path, guide: Path) -> None:
    (guide / "broken.pdf").write_bytes(b"%PDF-1.7 this is not one")
    with (
        empty_database() as url,
        pytest.raises(ClusterError, match=r"sample documents in [^$]*broken.pdf"),
    ):
        provide(tmp_path / "kept", SECRET | {"STEADYCHAT_DATABASE_URL": url})
