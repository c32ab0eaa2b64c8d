from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, cast

import pytest
from structlog.testing import capture_logs

from api.documents.model import Document, Pending, Upload
from api.documents.uploads import Uploads

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def pending(document_id: str = "d1", filename: str = "../../etc/passwd\0.md") -> Pending:
    document = Document(document_id, "title", filename, "text/plain", 4, NOW)
    return Pending(document, "anna")


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path / "uploads")
    uploads.keep(pending(), BytesIO(b"text"))
    assert uploads.load() == [pending()]
    assert uploads.data("d1") == b"text"


def test_a_hostile_name_makes_no_path(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path / "uploads")
    uploads.keep(pending(), BytesIO(b"text"))
    assert sorted(str(each.relative_to(tmp_path)) for each in tmp_path.rglob("*")) == [
        "uploads",
        "uploads/d1",
        "uploads/d1/raw",
        "uploads/d1/upload.json",
    ]


def test_a_half_written_upload_is_none(tmp_path: Path) -> None:
    class Breaking:
        def read(self, _size: int) -> bytes:
            raise OSError("no space left")

    uploads = Uploads(tmp_path)
    with pytest.raises(OSError, match="no space"):
        uploads.keep(pending(), cast("BinaryIO", Breaking()))
    assert list(tmp_path.iterdir()) == []


def test_what_was_cut_off_is_cleared_away_at_the_start(tmp_path: Path) -> None:
    (tmp_path / ".d1").mkdir()
    (tmp_path / ".d1" / "raw").write_bytes(b"te")
    assert Uploads(tmp_path).load() == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("state", ["", "{", "[]", "{}", '{"document": {}, "user_id": "anna", "gone": false}'])
def test_a_damaged_one_does_not_hide_the_others(tmp_path: Path, state: str) -> None:
    uploads = Uploads(tmp_path)
    uploads.keep(pending("d2"), BytesIO(b"text"))
    (tmp_path / "d1").mkdir()
    (tmp_path / "d1" / "upload.json").write_text(state)
    with capture_logs() as logs:
        assert uploads.load() == [pending("d2")]
    assert [each["folder"] for each in logs] == ["d1"]


def test_dropping_leaves_nothing(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path)
    uploads.keep(pending(), BytesIO(b"text"))
    uploads.drop("d1")
    uploads.drop("d1")
    assert list(tmp_path.iterdir()) == []


def test_uploads_come_back_oldest_first(tmp_path: Path, make_upload: Callable[..., Upload]) -> None:
    uploads = Uploads(tmp_path)
    for number, year in (("b", 2030), ("a", 2031), ("c", 2029)):
        document = Document(number, "t", "f", "text/plain", 1, NOW.replace(year=year))
        uploads.keep(Pending(document, "anna"), make_upload().file)
    assert [each.document.id for each in uploads.load()] == ["c", "b", "a"]
