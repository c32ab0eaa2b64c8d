import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from api.auth.secret import NAME, kept_secret


def test_the_secret_is_made_once(tmp_path: Path) -> None:
    folder = tmp_path / "var" / "deep"
    first = kept_secret(folder)
    assert len(first) >= 32
    assert kept_secret(folder) == first
    assert kept_secret(tmp_path / "other") != first


def test_only_its_owner_can_read_the_secret(tmp_path: Path) -> None:
    kept_secret(tmp_path)
    assert stat.S_IMODE((tmp_path / NAME).stat().st_mode) == 0o600


def test_servers_that_start_at_once_agree_on_the_secret(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as starters:
        found = set(starters.map(kept_secret, [tmp_path] * 32))
    assert len(found) == 1
    assert [each.name for each in tmp_path.iterdir()] == [NAME]


def test_a_secret_that_cannot_be_kept_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        kept_secret(tmp_path / "file")


def test_an_empty_secret_signs_nothing(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("\n")
    with pytest.raises(OSError, match="is empty"):
        kept_secret(tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == [NAME]
